/* The line before the threads that give connections which stay their turns. There are few such threads: a turn is
 * short, and waits for no peer. */
#include "net/exchange.h"
#include "net/live_parts.h"
#include "net/tls_parts.h"

enum { TURN_US = 10 * 1000000 };

void live_line_init(struct live_line *line)
{
	line->end = &line->first;
}

void live_push(struct conn *k)
{
	struct live_line *line = &k->server->live;
	WITH_LOCK(&line->lock);
	k->next = NULL;
	*line->end = k;
	line->end = &k->next;
	host_wake(&line->lock);
}

/* NULL: no more. */
static struct conn *take(struct live_line *line)
{
	WITH_LOCK(&line->lock);
	while (!line->first && !line->stop)
		host_wait(&line->lock);
	struct conn *k = line->stop ? NULL : line->first;
	if (!k)
		return NULL;
	line->first = k->next;
	if (!line->first)
		line->end = &line->first;
	k->next = NULL;
	return k;
}

static bool is_canceled(void *arg)
{
	const struct conn *k = arg;
	return (atomic_load(&k->state) & CONN_GONE) || atomic_load(&k->server->aborting);
}

static void give_turn(struct conn *k, struct arena *arena)
{
	struct live *l = k->live;
	struct ctx c;
	uint8_t random[16];
	ctx_init(&c, arena, k->server->config.world);
	c.deadline = server_now(k->server) + TURN_US;
	c.memory_max = k->server->config.memory_max;
	c.canceled = is_canceled;
	c.canceled_arg = k;
	c.world->random(random, sizeof random);
	for (size_t i = 0; i < sizeof random; i++)
		fmt_into(c.id + 2 * i, 3, "%02x", random[i]);
	atomic_store(&l->woken, false);
	l->due = 0;
	if (!tls_link_stands(k))
		live_close(l, LIVE_POLICY, STR("this client's certificate has been revoked"));
	else if (!l->ending)
		l->ops->turn(&c, l->arg, l);
	if (l->taken)
		live_bytes_skip(k->server, &l->in, l->taken);
	l->taken = 0;
	k->phase = CONN_LIVE;
	live_advance(k);
}

/* To its loop, unless there is more to do than that need know. */
static void pass_on(struct conn *k)
{
	while (k->phase == CONN_LIVE) {
		unsigned busy = CONN_BUSY;
		/* From then on it is the loop's, which may have it in this line again, or closed. */
		if (atomic_compare_exchange_strong(&k->state, &busy, 0))
			return;
		atomic_fetch_and(&k->state, ~(unsigned)CONN_INPUT);
		live_advance(k);
	}
	if (k->phase == CONN_READY)
		live_push(k);
	else
		loop_mail(k->loop, k);
}

static void turn_main(void *arg)
{
	struct live_line *line = arg;
	struct arena arena;
	struct conn *k;
	arena_init(&arena);
	arena_raw(&arena, 1); /* the first chunk stays */
	struct arena_mark mark = arena_mark(&arena);
	while ((k = take(line))) {
		give_turn(k, &arena);
		arena_rewind(&arena, mark);
		pass_on(k);
	}
	arena_done(&arena);
}

enum err live_line_start(struct ctx *c, struct http_server *s)
{
	struct live_line *line = &s->live;
	WITH_LOCK(&line->lock);
	for (; line->started < LIVE_THREADS && !line->stop; line->started++)
		TRY(thread_start(c, "http-live", turn_main, line, &line->threads[line->started]));
	return OK;
}

void live_line_stop(struct http_server *s)
{
	struct live_line *line = &s->live;
	{
		WITH_LOCK(&line->lock);
		line->stop = true;
		host_wake(&line->lock);
	}
	for (int i = 0; i < line->started; i++)
		thread_join(&line->threads[i]);
	line->started = 0;
}

enum err http_stay(struct http_exchange *pub, enum live_kind kind, const struct live_ops *ops,
	void *arg, struct live **out)
{
	struct exchange *x = exchange_of(pub);
	struct conn *k = x->conn;
	struct http_server *s = k->server;
	ASSERT(!k->live && str_is(pub->method, "GET"));
	if (pub->body_length)
		return fail(pub->ctx, ERR_INVALID, "such a request has no body");
	TRY(live_line_start(pub->ctx, s));
	if (kind == LIVE_WEBSOCKET) {
		http_set(pub, "Upgrade", STR("websocket"));
		http_set(pub, "Sec-WebSocket-Accept",
			websocket_accept(pub->ctx->arena, http_header(pub, "sec-websocket-key")));
	}
	TRY(reply_stay(x, kind == LIVE_WEBSOCKET ? 101 : 200));
	struct live *l = host_alloc(sizeof *l);
	*l = (struct live){.conn = k, .ops = ops, .arg = arg, .kind = kind};
	k->live = l;
	*out = l;
	return OK;
}

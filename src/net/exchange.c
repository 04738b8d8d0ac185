#include "net/exchange.h"

#include "base/hex.h"
#include "net/live_parts.h"
#include "net/tls_parts.h"

#include <poll.h>

struct worker *worker_open(struct http_server *s)
{
	struct worker *w = host_alloc(sizeof *w);
	*w = (struct worker){.server = s, .out = host_alloc(HTTP_OUT_BYTES)};
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &attr);
	pthread_condattr_destroy(&attr);
	arena_init(&w->arena);
	w->headers = NEW_ARRAY(&w->arena, struct http_header, s->limits.header_max);
	w->head.headers = NEW_ARRAY(&w->arena, struct http_header, s->limits.header_max);
	w->mark = arena_mark(&w->arena);
	arena_init(&w->replies);
	arena_raw(&w->replies, 1); /* the first chunk stays */
	w->replies_mark = arena_mark(&w->replies);
	return w;
}

void worker_close(struct worker *w)
{
	arena_done(&w->arena);
	arena_done(&w->replies);
	host_free(w->out, HTTP_OUT_BYTES);
	pthread_cond_destroy(&w->wake);
	host_free(w, sizeof *w);
}

struct str http_header(const struct http_exchange *x, const char *name)
{
	return http_header_find(x->headers, x->header_count, str_of(name));
}

static bool peer_is_gone(void *arg)
{
	struct conn *k = arg;
	return (atomic_load_explicit(&k->state, memory_order_relaxed) & CONN_GONE) ||
	       atomic_load_explicit(&k->server->aborting, memory_order_relaxed);
}

static bool is_lower_hex(struct str s)
{
	bool other_than_zero = false;
	for (size_t i = 0; i < s.len; i++) {
		if (!memchr("0123456789abcdef", s.at[i], 16))
			return false;
		other_than_zero |= s.at[i] != '0';
	}
	return other_than_zero;
}

/* W3C Trace Context: "00-<32 hex>-<16 hex>-<2 hex>"; a later version may go on after that. */
static bool id_from_trace(struct str trace, char id[33])
{
	if (trace.len < 55 || trace.at[2] != '-' || trace.at[35] != '-' || trace.at[52] != '-')
		return false;
	bool first = trace.at[0] == '0' && trace.at[1] == '0';
	bool later = !first && trace.at[0] != 'f' && (trace.len == 55 || trace.at[55] == '-');
	if (!(first && trace.len == 55) && !later)
		return false;
	if (!is_lower_hex(str_from(trace.at + 3, 32)) || !is_lower_hex(str_from(trace.at + 36, 16)))
		return false;
	memcpy(id, trace.at + 3, 32);
	id[32] = 0;
	return true;
}

/* Up to 32 harmless bytes; the dashes of a UUID do not count. */
static bool id_from_header(struct str value, char id[33])
{
	size_t len = 0;
	for (size_t i = 0; i < value.len; i++) {
		char byte = value.at[i];
		bool harmless = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
				(byte >= 'A' && byte <= 'Z') || byte == '_' || byte == '.';
		if (byte == '-')
			continue;
		if (!harmless || len == 32)
			return false;
		id[len++] = byte;
	}
	id[len] = 0;
	return len > 0;
}

static void choose_id(struct exchange *x)
{
	uint8_t random[16];
	if (id_from_trace(http_header(&x->pub, "traceparent"), x->ctx.id) ||
		id_from_header(http_header(&x->pub, "x-request-id"), x->ctx.id))
		return;
	x->ctx.world->random(random, sizeof random);
	hex_encode(random, sizeof random, x->ctx.id);
	x->ctx.id[32] = 0;
}

/* Everything that the handler sees but the body. */
static void exchange_open(struct exchange *x, struct worker *w, struct conn *k)
{
	struct http_server *s = w->server;
	x->worker = w;
	x->conn = k;
	x->head.headers = w->headers;
	struct http_fault fault =
		http_head_parse(str_from(k->bytes, k->head_len), &s->limits, &x->head);
	ASSERT(fault.status == 0); /* it has been read before */
	ctx_init(&x->ctx, &w->arena, s->config.world);
	x->ctx.memory_max = s->config.memory_max;
	x->ctx.canceled = peer_is_gone;
	x->ctx.canceled_arg = k;
	struct http_head *h = &x->head;
	x->pub = (struct http_exchange){.ctx = &x->ctx,
		.method = h->method,
		.target = h->target,
		.raw_path = h->raw_path,
		.query = h->query,
		.host = h->host,
		.peer = {x->peer, socket_peer_text(&k->peer, x->peer)},
		.peer_port = k->peer.port,
		.secure = k->tls != NULL,
		.client = str_of(k->tls ? k->tls->client : ""),
		.minor = h->minor,
		.headers = h->headers,
		.header_count = h->header_count,
		.body_max = s->config.body_max};
	choose_id(x);
	k->credit = (int64_t)s->config.stall_ms * 1000;
	k->moved = 0;
	k->waited = 0;
	k->cut = false;
}

/* Of the last that a policy said; what it refused tells more than what it allowed before. */
static const char *decision_of(const struct ctx *c)
{
	return c->refused.decision && *c->refused.decision ? c->refused.decision : c->decision;
}

static void report(struct exchange *x)
{
	struct http_server *s = x->worker->server;
	if (!s->config.access)
		return;
	s->config.access(s->config.arg, &(struct http_access){.method = x->pub.method,
						.target = x->pub.target,
						.peer = x->pub.peer,
						.client = x->pub.client,
						.user_agent = http_header(&x->pub, "user-agent"),
						.id = x->ctx.id,
						.who = x->pub.who,
						.what = x->pub.what,
						.status = x->pub.status,
						.in = x->body.wire,
						.out = x->reply.wire,
						.micros = server_now(s) - x->conn->began,
						.waited = x->conn->queue_waited,
						.lane = s->config.lanes[x->conn->flow.lane].name,
						.error = x->ctx.error.kind,
						.error_text = x->ctx.error.text,
						.decision = decision_of(&x->ctx)});
}

/* A refusal that fails to be sent changes nothing: reply_close sees what became of it. */
static void refuse(struct exchange *x, int status, const char *why)
{
	enum err ignored = http_reply(&x->pub, status, "text/plain; charset=utf-8", str_of(why));
	(void)ignored;
}

/* What an exchange leaves behind. */
struct outcome {
	bool goes_on; /* the connection is good for another one */
	bool unread;  /* a part of the request is still on its way, and worth waiting for */
	size_t used;  /* bytes of conn->bytes */
};

static struct outcome exchange_run(struct worker *w, struct conn *k)
{
	struct exchange *x = NEW(&w->arena, struct exchange);
	exchange_open(x, w, k);
	enum err wrong = body_open(x);
	reply_open(x);
	if (!tls_link_stands(k))
		refuse(x, 403, "this client's certificate has been revoked\n");
	else if (!http_path_decode(&w->arena, x->pub.raw_path, &x->pub.path))
		refuse(x, 400, "the path is badly encoded, or climbs\n");
	else if (wrong)
		refuse(x, 415, "the only known Content-Encoding is gzip\n");
	else
		w->server->config.handler(w->server->config.arg, &x->pub);
	struct outcome out = {.goes_on = reply_close(x)};
	body_close(x);
	report(x);
	out.used = body_skip(x);
	out.unread = !x->body.ended && x->ctx.error.kind != ERR_TIMEOUT;
	return out;
}

/* True when it is the loop's again; false when bytes have come meanwhile that nobody has looked
 * for. */
static bool hand_back(struct conn *k)
{
	unsigned busy = CONN_BUSY;
	return atomic_compare_exchange_strong(&k->state, &busy, 0);
}

/* Gives the connection to whom it belongs in its phase. */
static void pass_on(struct worker *w, struct conn *k)
{
	while (k->phase < CONN_READY) {
		if (k->len == 0 && hand_back(k))
			return;
		atomic_fetch_and(&k->state, ~(unsigned)CONN_INPUT);
		if (conn_advance(k, &w->head) < CONN_READY && hand_back(k))
			return;
	}
	if (k->phase == CONN_READY && k->live) {
		live_push(k);
		return;
	}
	if (k->phase == CONN_READY) {
		if (k->slow_body)
			loop_watch(k, 0);
		struct http_fault fault = pool_push(&w->server->pool, k);
		if (!fault.status)
			return;
		if (k->slow_body)
			loop_watch(k, POLLIN);
		conn_refuse(k, fault);
	}
	loop_mail(k->loop, k);
}

void worker_serve(struct worker *w, struct conn *k)
{
	struct http_server *s = w->server;
	bool unwatched = k->slow_body;
	/* Chunks are decoded from the buffer behind the head, which must not move any more. */
	if (k->slow_body && !conn_reserve(k, k->head_len + HTTP_IN_BYTES)) {
		conn_refuse(
			k, (struct http_fault){503, "the server is out of memory for requests"});
		pool_body_done(&s->pool, k);
	} else {
		struct outcome out = exchange_run(w, k);
		arena_rewind(&w->arena, w->mark);
		arena_rewind(&w->replies, w->replies_mark);
		if (k->live)
			live_begin(k, out.used);
		else if (out.goes_on)
			conn_next_request(k, out.used);
		if (k->reset)
			k->phase = CONN_DEAD;
		else if (!k->live && (!out.goes_on || (k->len == 0 && atomic_load(&s->draining))))
			conn_finish(k, out.unread);
	}
	if (unwatched)
		loop_watch(k, POLLIN);
	pass_on(w, k);
}

#include "driver/kv_listener.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* After so long a silence the server is asked whether it is there. */
enum { QUIET_US = 10000000, TURN = 256 };

/* Sleeps until there is something to hear (with a connection), something to do, or the time is over. */
static void rest(struct kv_listener *l, struct redis_link *conn, int64_t micros)
{
	uint64_t count;
	struct pollfd fds[] = {{l->wake, POLLIN, 0}, {conn ? conn->redis->fd : -1, POLLIN, 0}};
	if (micros <= 0 || poll(fds, 2, (int)((micros + 999) / 1000)) <= 0)
		return;
	if (fds[0].revents)
		(void)!read(l->wake, &count, sizeof count);
}

static enum err tell_wishes(struct ctx *c, struct kv_listener *l, struct redis_link *conn)
{
	struct buf out = {.arena = c->arena};
	struct str channel;
	bool wanted;
	while (kv_hub_next(&l->hub, &channel, &wanted)) {
		struct buf name = {.arena = c->arena};
		buf_cstr(&name, KV_REDIS_PREFIX);
		buf_str(&name, channel);
		redis_command(&out, 2,
			(struct str[]){
				wanted ? STR("SUBSCRIBE") : STR("UNSUBSCRIBE"), buf_view(&name)});
	}
	return redis_send(c, l->redis, conn, buf_view(&out), redis_limit(c, l->redis));
}

/* [subscribe, CHANNEL, count], [unsubscribe, CHANNEL, count], [message, CHANNEL, MESSAGE]; [pong, ""]. */
static void take(struct ctx *c, struct kv_listener *l, const struct redis_reply *reply)
{
	if (reply->kind == REDIS_REFUSAL) {
		/* Who may not listen is told nothing; the log is. */
		if (redis_refused(c, l->redis, reply->text))
			ctx_clear(c);
		return;
	}
	if (reply->count != 3)
		return;
	struct str what = reply->items[0].text, channel = reply->items[1].text;
	if (!str_skip(&channel, STR(KV_REDIS_PREFIX)))
		return;
	if (str_is(what, "message"))
		kv_hub_tell(&l->hub, channel, reply->items[2].text);
	else
		kv_hub_confirm(&l->hub, channel, str_is(what, "subscribe"));
}

/* What has come: much of it at most, so that wishes have their turn. */
static enum err hear_some(
	struct ctx *c, struct kv_listener *l, struct redis_link *conn, bool *anything)
{
	struct redis_reply reply;
	struct arena_mark mark = arena_mark(c->arena);
	bool there = true;
	*anything = false;
	for (int i = 0; i < TURN && !atomic_load(&l->stopping); i++) {
		TRY(redis_receive_now(c, l->redis, conn, &there, &reply));
		if (!there)
			break;
		*anything = true;
		take(c, l, &reply);
		arena_rewind(c->arena, mark);
	}
	return OK;
}

static enum err ping(struct ctx *c, struct kv_listener *l, struct redis_link *conn, bool again)
{
	if (again)
		return fail(c, ERR_UNAVAILABLE, "Redis (%s): it says nothing any more",
			l->redis->where);
	struct buf out = {.arena = c->arena};
	redis_command(&out, 1, (struct str[]){STR("PING")});
	return redis_send(c, l->redis, conn, buf_view(&out), redis_limit(c, l->redis));
}

static enum err serve(struct ctx *c, struct kv_listener *l, struct redis_link *conn)
{
	struct arena_mark mark = arena_mark(c->arena);
	int64_t heard = l->redis->world->monotonic();
	bool anything, asked = false;
	while (!atomic_load(&l->stopping)) {
		arena_rewind(c->arena, mark);
		TRY(tell_wishes(c, l, conn));
		TRY(hear_some(c, l, conn, &anything));
		int64_t now = l->redis->world->monotonic();
		if (anything) {
			/* A confirmation may leave something to ask for. */
			heard = now;
			asked = false;
			continue;
		}
		if (now - heard >= QUIET_US) {
			TRY(ping(c, l, conn, asked));
			heard = now;
			asked = true;
		}
		rest(l, conn, heard + QUIET_US - now);
	}
	return OK;
}

/* Until the connection is lost, which is an error, or it is told to end. */
static enum err listen_once(struct ctx *c, struct kv_listener *l)
{
	struct redis_link *conn;
	TRY(redis_connect(c, l->redis, redis_limit(c, l->redis), &conn));
	redis_back(l->redis);
	kv_hub_up(&l->hub);
	enum err kind = serve(c, l, conn);
	redis_disconnect(conn);
	return kind;
}

static void pause_a_while(struct kv_listener *l)
{
	const struct world *world = l->redis->world;
	int64_t end = world->monotonic() + REDIS_PAUSE_US;
	while (!atomic_load(&l->stopping) && world->monotonic() < end)
		rest(l, NULL, end - world->monotonic());
}

static void listener_main(void *arg)
{
	struct kv_listener *l = arg;
	struct arena arena;
	arena_init(&arena);
	struct arena_mark mark = arena_mark(&arena);
	while (!atomic_load(&l->stopping)) {
		struct ctx c;
		arena_rewind(&arena, mark);
		ctx_init(&c, &arena, l->redis->world);
		if (!kv_hub_is_wanted(&l->hub)) {
			rest(l, NULL, QUIET_US);
		} else if (listen_once(&c, l)) {
			redis_lost(&c, l->redis);
			kv_hub_down(&l->hub);
			pause_a_while(l);
		}
	}
	arena_done(&arena);
}

enum err kv_listener_init(struct ctx *c, struct kv_listener *l, struct redis *redis)
{
	l->redis = redis;
	l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->wake < 0)
		return fail(c, ERR_IO, "no eventfd: %s", strerrordesc_np(errno));
	kv_hub_init(&l->hub, redis->world, l->wake);
	return OK;
}

void kv_listener_done(struct kv_listener *l)
{
	uint64_t one = 1;
	atomic_store(&l->stopping, true);
	(void)!write(l->wake, &one, sizeof one);
	if (l->started)
		thread_join(&l->thread);
	kv_hub_done(&l->hub);
	close(l->wake);
}

static enum err start(struct ctx *c, struct kv_listener *l)
{
	WITH_LOCK(&l->lock);
	if (!l->started)
		TRY(thread_start(c, "kv listener", listener_main, l, &l->thread));
	l->started = true;
	return OK;
}

enum err kv_listener_add(struct ctx *c, struct kv_listener *l, struct str channel, kv_hear *hear,
	void *arg, struct kv_sub **out)
{
	TRY(start(c, l));
	*out = kv_hub_add(&l->hub, channel, hear, arg);
	kv_hub_await(&l->hub, *out, redis_limit(c, l->redis));
	return OK;
}

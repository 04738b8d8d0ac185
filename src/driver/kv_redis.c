/*
 * Short-lived state in a Redis (6.2 or later) that several processes share. Keys and channels begin
 * with "nimbus:".
 */
#include "driver/driver.h"

#include "base/buf.h"
#include "driver/kv_listener.h"
#include "driver/redis.h"

#include <stdlib.h>

enum { IDLE_MAX = 16, VALUE_MAX = 1 << 20 };

struct kv_redis {
	struct kv kv;
	struct redis redis;
	struct host_lock lock;
	struct redis_link *idle[IDLE_MAX];
	size_t idle_count;
	uint64_t generation; /* of the login that they were opened with */
	struct kv_listener listener;
};

/* What goes out, and how many replies come: the last is the answer. */
struct request {
	struct buf bytes;
	int replies;
	bool repeatable; /* done twice it is as if done once */
};

static struct kv_redis *redis_of(struct kv *self)
{
	return (struct kv_redis *)self;
}

/* One that is alive, or NULL: what the server closed meanwhile is noticed here, before anything is
 * asked. */
static struct redis_link *take_idle(struct kv_redis *kv)
{
	for (;;) {
		struct redis_link *conn = NULL;
		{
			WITH_LOCK(&kv->lock);
			if (kv->idle_count)
				conn = kv->idle[--kv->idle_count];
		}
		if (!conn || redis_is_idle(conn))
			return conn;
		redis_disconnect(conn);
	}
}

/* Those of before the login changed go. */
static enum err forget_outdated(struct ctx *c, struct kv_redis *kv, uint64_t *generation)
{
	struct secret_values login;
	TRY(secret_set_read(c, &kv->redis.login, &login));
	*generation = login.generation;
	WITH_LOCK(&kv->lock);
	while (kv->generation != login.generation && kv->idle_count)
		redis_disconnect(kv->idle[--kv->idle_count]);
	kv->generation = login.generation;
	return OK;
}

/* `generation`: of the login when it was taken or made. */
static void give_back(struct kv_redis *kv, struct redis_link *conn, uint64_t generation)
{
	{
		WITH_LOCK(&kv->lock);
		if (kv->idle_count < IDLE_MAX && generation == kv->generation) {
			kv->idle[kv->idle_count++] = conn;
			return;
		}
	}
	redis_disconnect(conn);
}

static enum err exchange(struct ctx *c, struct redis *r, struct redis_link *conn,
	const struct request *q, int64_t limit, struct redis_reply *reply)
{
	TRY(redis_send(c, r, conn, buf_view(&q->bytes), limit));
	for (int i = 0; i < q->replies; i++)
		TRY(redis_receive(c, r, conn, limit, reply));
	return OK;
}

/* On an idle connection or a new one. The idle one may die just now: then a new one, once. */
static enum err exchange_somehow(struct ctx *c, struct kv_redis *kv, const struct request *q,
	struct redis_link **conn, struct redis_reply *reply)
{
	struct redis *r = &kv->redis;
	int64_t limit = redis_limit(c, r);
	*conn = take_idle(kv);
	if (*conn) {
		enum err kind = exchange(c, r, *conn, q, limit, reply);
		if (kind != ERR_UNAVAILABLE || !q->repeatable || r->world->monotonic() >= limit)
			return kind;
		ctx_clear(c);
		redis_disconnect(*conn);
		*conn = NULL;
	}
	TRY(redis_connect(c, r, limit, conn));
	return exchange(c, r, *conn, q, limit, reply);
}

static enum err ask(
	struct ctx *c, struct kv_redis *kv, const struct request *q, struct redis_reply *reply)
{
	struct redis *r = &kv->redis;
	struct redis_link *conn = NULL;
	uint64_t generation;
	TRY(redis_try(c, r));
	TRY(forget_outdated(c, kv, &generation));
	enum err kind = exchange_somehow(c, kv, q, &conn, reply);
	if (kind) {
		redis_disconnect(conn);
		if (kind == ERR_UNAVAILABLE)
			redis_lost(c, r);
		return kind;
	}
	redis_back(r);
	if (reply->kind != REDIS_REFUSAL) {
		give_back(kv, conn, generation);
		return OK;
	}
	/* It may be a replica now, or be told to go: a new connection finds who is in charge. */
	redis_disconnect(conn);
	return redis_refused(c, r, reply->text);
}

static struct str full_name(struct ctx *c, struct str name)
{
	struct buf out = {.arena = c->arena};
	buf_cstr(&out, KV_REDIS_PREFIX);
	buf_str(&out, name);
	return buf_view(&out);
}

static struct request request_of(struct ctx *c, bool repeatable)
{
	return (struct request){.bytes.arena = c->arena, .repeatable = repeatable};
}

static void add(struct request *q, size_t count, const struct str *words)
{
	redis_command(&q->bytes, count, words);
	q->replies++;
}

static enum err value_of(struct ctx *c, const struct redis_reply *reply, struct str *value)
{
	if (reply->kind != REDIS_TEXT)
		return fail(c, ERR_NOT_FOUND, "there is no such key");
	*value = reply->text;
	return OK;
}

static enum err redis_get(struct ctx *c, struct kv *self, struct str key, struct str *value)
{
	struct redis_reply reply;
	struct request q = request_of(c, true);
	add(&q, 2, (struct str[]){STR("GET"), full_name(c, key)});
	TRY(ask(c, redis_of(self), &q, &reply));
	return value_of(c, &reply, value);
}

static enum err redis_take(struct ctx *c, struct kv *self, struct str key, struct str *value)
{
	struct redis_reply reply;
	struct request q = request_of(c, false);
	add(&q, 2, (struct str[]){STR("GETDEL"), full_name(c, key)});
	TRY(ask(c, redis_of(self), &q, &reply));
	return value_of(c, &reply, value);
}

static enum err redis_remove(struct ctx *c, struct kv *self, struct str key)
{
	struct redis_reply reply;
	struct request q = request_of(c, true);
	add(&q, 2, (struct str[]){STR("DEL"), full_name(c, key)});
	return ask(c, redis_of(self), &q, &reply);
}

static enum err redis_put(
	struct ctx *c, struct kv *self, struct str key, struct str value, int64_t seconds)
{
	if (value.len > VALUE_MAX)
		return fail(
			c, ERR_TOO_BIG, "a value of %zu bytes is too big to remember", value.len);
	if (seconds <= 0)
		return redis_remove(c, self, key);
	struct redis_reply reply;
	struct request q = request_of(c, true);
	struct str time = str_of(arena_fmt(c->arena, "%lld", (long long)seconds));
	add(&q, 5, (struct str[]){STR("SET"), full_name(c, key), value, STR("EX"), time});
	return ask(c, redis_of(self), &q, &reply);
}

/* One journey, in which nobody comes between: made with its time where it is new, then counted up,
 * which leaves the time as it is. */
static enum err redis_add(
	struct ctx *c, struct kv *self, struct str key, int64_t by, int64_t seconds, int64_t *count)
{
	struct redis_reply reply;
	struct request q = request_of(c, false);
	struct str name = full_name(c, key);
	struct str time =
		str_of(arena_fmt(c->arena, "%lld", (long long)(seconds > 0 ? seconds : 1)));
	add(&q, 1, (struct str[]){STR("MULTI")});
	add(&q, 6, (struct str[]){STR("SET"), name, STR("0"), STR("EX"), time, STR("NX")});
	struct str more = str_of(arena_fmt(c->arena, "%lld", (long long)by));
	add(&q, 3, (struct str[]){STR("INCRBY"), name, more});
	add(&q, 1, (struct str[]){STR("EXEC")});
	TRY(ask(c, redis_of(self), &q, &reply));
	const struct redis_reply *last = reply.count == 2 ? &reply.items[1] : &reply;
	if (last->kind != REDIS_NUMBER)
		return redis_refused(c, &redis_of(self)->redis,
			last->text.len ? last->text : STR("what is to be counted is no number"));
	*count = last->number;
	return OK;
}

static enum err redis_publish(
	struct ctx *c, struct kv *self, struct str channel, struct str message)
{
	struct redis_reply reply;
	struct request q = request_of(c, false);
	add(&q, 3, (struct str[]){STR("PUBLISH"), full_name(c, channel), message});
	return ask(c, redis_of(self), &q, &reply);
}

static enum err redis_subscribe(struct ctx *c, struct kv *self, struct str channel, kv_hear *hear,
	void *arg, struct kv_sub **out)
{
	return kv_listener_add(c, &redis_of(self)->listener, channel, hear, arg, out);
}

static void redis_close(struct kv *self)
{
	struct kv_redis *kv = redis_of(self);
	kv_listener_done(&kv->listener);
	while (kv->idle_count)
		redis_disconnect(kv->idle[--kv->idle_count]);
	redis_done(&kv->redis);
	free(kv);
}

static const struct kv_ops redis_ops = {
	.get = redis_get,
	.put = redis_put,
	.take = redis_take,
	.remove = redis_remove,
	.add = redis_add,
	.publish = redis_publish,
	.subscribe = redis_subscribe,
	.close = redis_close,
};

enum err kv_redis_open(struct ctx *c, const char *url, struct kv **out)
{
	return kv_redis_open_as(c, &(struct secret_set){{{NULL, url}}}, NULL, out);
}

enum err kv_redis_open_as(struct ctx *c, const struct secret_set *login,
	const struct redis_files *files, struct kv **out)
{
	struct kv_redis *kv = calloc(1, sizeof *kv);
	if (!kv)
		host_panic("out of memory");
	kv->kv.ops = &redis_ops;
	enum err kind = redis_init_as(c, &kv->redis, login, files, c->world);
	if (!kind && (kind = kv_listener_init(c, &kv->listener, &kv->redis)))
		redis_done(&kv->redis);
	if (kind) {
		free(kv);
		return kind;
	}
	*out = &kv->kv;
	return OK;
}

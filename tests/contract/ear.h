/* Who listens, in tests of port/kv.h; and a word with Redis beside its driver. */
#ifndef TESTS_CONTRACT_EAR_H
#define TESTS_CONTRACT_EAR_H

#include "unit.h"

#include "base/host.h"
#include "driver/redis.h"
#include "port/kv.h"

struct ear {
	struct host_lock lock;
	size_t len; /* of what was heard, each with a ';' after it */
	int missed; /* how often it was told that it may have missed some */
	char heard[KV_MESSAGE_MAX * 2];
};

static inline void ear_hear(void *arg, struct str message)
{
	struct ear *ear = arg;
	WITH_LOCK(&ear->lock);
	host_wake(&ear->lock);
	if (!message.at) {
		ear->missed++;
		return;
	}
	if (ear->len + message.len + 1 > sizeof ear->heard)
		return;
	memcpy(ear->heard + ear->len, message.at, message.len);
	ear->len += message.len;
	ear->heard[ear->len++] = ';';
}

enum {
	EAR_US = 60000000, /* after which it is not heard any more */
	EAR_SLOWER = 20,   /* times than the machine's: a clock by which a driver is patient */
};

/* False when so many bytes were not heard in time. */
static inline bool ear_waits_for_bytes(struct ear *ear, size_t len)
{
	int64_t end = os_world()->monotonic() + EAR_US;
	WITH_LOCK(&ear->lock);
	while (ear->len < len && os_world()->monotonic() < end)
		host_wait_for(&ear->lock, 100000);
	return ear->len == len;
}

/* Until exactly this was heard. */
static inline bool ear_waits(struct ear *ear, struct str text)
{
	bool heard = ear_waits_for_bytes(ear, text.len);
	WITH_LOCK(&ear->lock);
	return heard && str_eq(str_from(ear->heard, ear->len), text);
}

static inline int ear_missed(struct ear *ear)
{
	WITH_LOCK(&ear->lock);
	return ear->missed;
}

static inline bool ear_waits_for_a_gap(struct ear *ear)
{
	int64_t end = os_world()->monotonic() + EAR_US;
	WITH_LOCK(&ear->lock);
	while (!ear->missed && os_world()->monotonic() < end)
		host_wait_for(&ear->lock, 100000);
	return ear->missed > 0;
}

/* What tests/run says of a Redis over TLS ends in "?ca=FILE": cuts that off. NULL: there is none. */
static inline const char *ear_cut_ca(struct arena *a, const char **url)
{
	const char *mark = strstr(*url, "?ca=");
	if (!mark)
		return NULL;
	*url = arena_fmt(a, "%.*s", (int)(mark - *url), *url);
	return mark + strlen("?ca=");
}

static inline int64_t ear_slow_clock(void)
{
	return os_world()->monotonic() / EAR_SLOWER;
}

/* One command to the Redis at `url`, which must not refuse it. */
static inline void ear_redis(const char *url, size_t count, const struct str *words)
{
	struct arena arena;
	struct ctx c;
	struct redis redis;
	struct redis_link *conn;
	struct redis_reply reply;
	struct world patient = *os_world();
	patient.monotonic = ear_slow_clock;
	arena_init(&arena);
	ctx_init(&c, &arena, &patient);
	struct buf out = {.arena = &arena};
	const char *ca = ear_cut_ca(&arena, &url);
	redis_command(&out, count, words);
	assert_ok(&c, redis_init(&c, &redis, url, &patient));
	redis.trust.files.ca = ca;
	int64_t limit = redis_limit(&c, &redis);
	assert_ok(&c, redis_connect(&c, &redis, limit, &conn));
	assert_ok(&c, redis_send(&c, &redis, conn, buf_view(&out), limit));
	assert_ok(&c, redis_receive(&c, &redis, conn, limit, &reply));
	assert_int_not_equal(reply.kind, REDIS_REFUSAL);
	redis_disconnect(conn);
	redis_done(&redis);
	arena_done(&arena);
}

#endif

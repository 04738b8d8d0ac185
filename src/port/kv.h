/*
 * Port: short-lived shared state: sessions, counters, caches; and words passed on at once to whoever
 * listens. May forget at any time; never the only place of anything that must last. Safe for any
 * number of threads.
 *
 * A store that lies elsewhere may be lost for a while: everything is ERR_UNAVAILABLE then, at once
 * but for the first to notice, and works again without a restart. Nobody may be refused a clone or a
 * push for that.
 */
#ifndef PORT_KV_H
#define PORT_KV_H

#include "base/ctx.h"
#include "base/str.h"

struct kv {
	const struct kv_ops *ops;
};

/* What one message may hold: it says that something changed, and where to look. */
enum { KV_MESSAGE_MAX = 64 << 10 };

/*
 * Told a message, whose bytes are its own until it returns. message.at NULL: some may have been
 * missed, so look for yourself.
 *
 * It runs in a thread of the driver's (the publisher's, in memory), one call at a time for all
 * subscriptions of a kv: so it only notes what it heard and wakes who waits. It must not call the kv.
 */
typedef void kv_hear(void *arg, struct str message);

/* A subscription, owned by who asked for it. */
struct kv_sub {
	void (*close)(struct kv_sub *self);
};

struct kv_ops {
	/* The value, copied into c->arena; ERR_NOT_FOUND. */
	enum err (*get)(struct ctx *c, struct kv *self, struct str key, struct str *value);
	/* Sets it for `seconds`. */
	enum err (*put)(
		struct ctx *c, struct kv *self, struct str key, struct str value, int64_t seconds);
	/* Like get, and removes it in the same step: of two takers one gets it. */
	enum err (*take)(struct ctx *c, struct kv *self, struct str key, struct str *value);
	enum err (*remove)(struct ctx *c, struct kv *self, struct str key);
	/* Adds `by` to a counter that is forgotten `seconds` after its first count; *count is the
	 * new value. */
	enum err (*add)(struct ctx *c, struct kv *self, struct str key, int64_t by, int64_t seconds,
		int64_t *count);
	/* Tells all who listen to `channel` now, in every process that shares the store: at most
	 * once, and in order where one publishes. That nobody listens is OK. */
	enum err (*publish)(struct ctx *c, struct kv *self, struct str channel, struct str message);
	/*
	 * From the return on, `hear` is told what is published. OK too while the store is lost:
	 * then, and after each loss, `hear` is told that it may have missed some, as soon as it
	 * listens (again). ERR_UNAVAILABLE when the machine gives no thread.
	 */
	enum err (*subscribe)(struct ctx *c, struct kv *self, struct str channel, kv_hear *hear,
		void *arg, struct kv_sub **out);
	/* When all subscriptions are closed. */
	void (*close)(struct kv *self);
};

static inline MUST enum err kv_get(struct ctx *c, struct kv *kv, struct str key, struct str *value)
{
	return kv->ops->get(c, kv, key, value);
}

static inline MUST enum err kv_put(
	struct ctx *c, struct kv *kv, struct str key, struct str value, int64_t seconds)
{
	return kv->ops->put(c, kv, key, value, seconds);
}

static inline MUST enum err kv_take(struct ctx *c, struct kv *kv, struct str key, struct str *value)
{
	return kv->ops->take(c, kv, key, value);
}

static inline MUST enum err kv_remove(struct ctx *c, struct kv *kv, struct str key)
{
	return kv->ops->remove(c, kv, key);
}

static inline MUST enum err kv_add(
	struct ctx *c, struct kv *kv, struct str key, int64_t by, int64_t seconds, int64_t *count)
{
	return kv->ops->add(c, kv, key, by, seconds, count);
}

static inline MUST enum err kv_count(
	struct ctx *c, struct kv *kv, struct str key, int64_t seconds, int64_t *count)
{
	return kv_add(c, kv, key, 1, seconds, count);
}

static inline MUST enum err kv_publish(
	struct ctx *c, struct kv *kv, struct str channel, struct str message)
{
	if (message.len > KV_MESSAGE_MAX)
		return fail(c, ERR_TOO_BIG, "a message of %zu bytes is too big", message.len);
	return kv->ops->publish(c, kv, channel, message);
}

static inline MUST enum err kv_subscribe(struct ctx *c, struct kv *kv, struct str channel,
	kv_hear *hear, void *arg, struct kv_sub **out)
{
	return kv->ops->subscribe(c, kv, channel, hear, arg, out);
}

/* After it, `hear` neither runs nor is called any more. The caller holds no lock that `hear` takes. */
static inline void kv_unsubscribe(struct kv_sub *sub)
{
	if (sub)
		sub->close(sub);
}

static inline void kv_close(struct kv *kv)
{
	if (kv)
		kv->ops->close(kv);
}

#endif

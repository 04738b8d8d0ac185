/*
 * Port: short-lived shared state: sessions, counters, caches. May forget at any time; never the
 * only place of anything that must last. Safe for any number of threads.
 */
#ifndef PORT_KV_H
#define PORT_KV_H

#include "base/ctx.h"
#include "base/str.h"

struct kv {
	const struct kv_ops *ops;
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
	/* Adds one to a counter that is forgotten `seconds` after its first count; *count is the
	 * new value. */
	enum err (*count)(
		struct ctx *c, struct kv *self, struct str key, int64_t seconds, int64_t *count);
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

static inline MUST enum err kv_count(
	struct ctx *c, struct kv *kv, struct str key, int64_t seconds, int64_t *count)
{
	return kv->ops->count(c, kv, key, seconds, count);
}

static inline void kv_close(struct kv *kv)
{
	if (kv)
		kv->ops->close(kv);
}

#endif

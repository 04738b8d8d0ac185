/*
 * The one connection to a Redis that listens, with a thread of its own, which begins with the first
 * subscription. After a loss it connects and subscribes anew.
 */
#ifndef DRIVER_KV_LISTENER_H
#define DRIVER_KV_LISTENER_H

#include "driver/kv_hub.h"
#include "driver/redis.h"
#include "os/thread.h"

#include <stdatomic.h>

#define KV_REDIS_PREFIX "nimbus:"

struct kv_listener {
	struct redis *redis;
	struct kv_hub hub;
	int wake; /* an eventfd */
	atomic_bool stopping;
	struct host_lock lock; /* of the rest */
	bool started;
	struct thread thread;
};

/* The server stays the caller's. ERR_IO. */
enum err kv_listener_init(struct ctx *c, struct kv_listener *l, struct redis *redis) MUST;
/* When all subscriptions are closed. */
void kv_listener_done(struct kv_listener *l);

enum err kv_listener_add(struct ctx *c, struct kv_listener *l, struct str channel, kv_hear *hear,
	void *arg, struct kv_sub **out) MUST;

#endif

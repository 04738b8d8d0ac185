/*
 * Who listens to which channel, in this process: what drivers of port/kv.h share.
 *
 * In memory that is all there is to it. Of a server elsewhere, one thread (the listener's) keeps the
 * server's idea of what is wanted in step with the hub's: it asks kv_hub_next, and says what the
 * server confirmed. Everything else is for any thread.
 */
#ifndef DRIVER_KV_HUB_H
#define DRIVER_KV_HUB_H

#include "base/host.h"
#include "port/kv.h"

enum { KV_HUB_BUCKETS = 256 };

struct kv_hub {
	struct host_lock lock;
	const struct world *world;
	uint64_t seed;
	int wake;  /* an eventfd of the listener's; -1: there is none, and all is heard at once */
	bool down; /* the server is lost */
	bool changed; /* there may be something for kv_hub_next */
	size_t count; /* channels */
	struct kv_channel *buckets[KV_HUB_BUCKETS];
};

/* `wake` stays the caller's. */
void kv_hub_init(struct kv_hub *hub, const struct world *world, int wake);
/* When nobody listens any more. */
void kv_hub_done(struct kv_hub *hub);

/* The caller closes it by kv_unsubscribe. */
struct kv_sub *kv_hub_add(struct kv_hub *hub, struct str channel, kv_hear *hear, void *arg);
void kv_hub_tell(struct kv_hub *hub, struct str channel, struct str message);

/* Waits until the server confirmed it, is lost, or world->monotonic() is `limit`. Who is not heard
 * by then is told later that it may have missed some. */
void kv_hub_await(struct kv_hub *hub, struct kv_sub *sub, int64_t limit);

/* For the listener: is any channel wanted? */
bool kv_hub_is_wanted(struct kv_hub *hub);
/* The next channel that the server should hear of, and whether it is wanted. The name is valid until
 * the listener's next call. */
bool kv_hub_next(struct kv_hub *hub, struct str *channel, bool *wanted);
void kv_hub_confirm(struct kv_hub *hub, struct str channel, bool wanted);
/* There is a new connection, on which nothing is wanted yet; there is none any more. */
void kv_hub_up(struct kv_hub *hub);
void kv_hub_down(struct kv_hub *hub);

#endif

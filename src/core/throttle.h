/*
 * How much may be asked for in a minute: token buckets by name ("account 7", "address 192.0.2.1").
 *
 * Each process counts in its own memory, at once and without a lock for long. What it has counted it
 * tells the kv a moment later (throttle_share) and learns there what the others have: so they share
 * a bucket, to within a sixteenth of it for each process, and no request ever waits for the kv. While
 * that is lost, each has a bucket of its own.
 *
 * Safe for any number of threads. Bounded: the fullest buckets, which say the least, make room.
 */
#ifndef CORE_THROTTLE_H
#define CORE_THROTTLE_H

#include "base/ctx.h"
#include "port/kv.h"

struct throttle;

enum { THROTTLE_NAME_MAX = 63, THROTTLE_SECONDS = 60 };

struct throttle *throttle_open(const struct world *world);
void throttle_close(struct throttle *t);

struct throttle_answer {
	bool refused;
	uint32_t limit, left; /* tokens; limit 0: there is no bound */
	int64_t wait;         /* seconds until there is one */
	int64_t full;         /* seconds until all are there again */
};

/*
 * Takes one of the `limit` tokens that the bucket of this name holds and gets anew in
 * THROTTLE_SECONDS; 0: any number. Whoever is refused takes none. `now` is microseconds, never going
 * back. A longer name is cut.
 */
struct throttle_answer throttle_take(
	struct throttle *t, struct str name, uint32_t limit, int64_t now);

/* Tells and learns what is due; now and then, in one thread. What fails is due again. */
void throttle_share(struct ctx *c, struct throttle *t, struct kv *kv);

#endif

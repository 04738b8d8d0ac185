/*
 * Waiting in drivers: under a lock, and no longer than it makes sense for who asked. Any thread.
 */
#ifndef DRIVER_WAIT_H
#define DRIVER_WAIT_H

#include "base/ctx.h"

#include <pthread.h>

/* Of a wait without a deadline. */
enum { PATIENCE_US = 30000000 };

/* world->monotonic() by which to give up: the deadline, or `most` microseconds from now. */
int64_t wait_end(struct ctx *c, int64_t most);

/* Is there still somebody and something to wait for? ERR_CANCELED; ERR_UNAVAILABLE after `end`, with
 * `late` as what happened. */
enum err wait_check(struct ctx *c, int64_t end, const char *late) MUST;

/* Waits a short while for `woken`, under `lock`; errors as of wait_check. */
enum err wait_slice(struct ctx *c, pthread_mutex_t *lock, pthread_cond_t *woken, int64_t end,
	const char *late) MUST;

/* Sleeps so long, in steps: whoever waits may go away meanwhile. Errors as of ctx_check. */
enum err wait_pause(struct ctx *c, int64_t micros) MUST;

static inline void unlock_at_end(pthread_mutex_t **lock)
{
	pthread_mutex_unlock(*lock);
}

/* Holds a mutex until the end of the block. */
#define HOLD(mutex)                                                                     \
	__attribute__((cleanup(unlock_at_end))) pthread_mutex_t *held_lock_ = &(mutex); \
	pthread_mutex_lock(held_lock_)

#endif

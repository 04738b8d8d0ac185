/*
 * Threads with a name and a small stack. What they share is guarded by locks of base/host.h or by
 * atomics; a thread that has started is either joined by its owner or detached from the beginning.
 */
#ifndef OS_THREAD_H
#define OS_THREAD_H

#include "base/ctx.h"

#include <pthread.h>

struct thread {
	pthread_t id;
};

/*
 * Starts `body(arg)` in a thread that ps and gdb show as `name` (at most 15 bytes). The caller
 * joins it. ERR_UNAVAILABLE when the machine gives no more threads.
 */
enum err thread_start(
	struct ctx *c, const char *name, void (*body)(void *), void *arg, struct thread *out) MUST;
void thread_join(struct thread *t);

/* The same for a thread that nobody joins. False when the machine gives no more threads. */
bool thread_start_detached(const char *name, void (*body)(void *), void *arg) MUST;

/* Makes the calling thread give way to others: 0 (not at all) to 19. */
void thread_nice(int level);

/* Processors that this process may use; at least 1. */
int thread_cores(void);

#endif

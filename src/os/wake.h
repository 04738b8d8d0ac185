/*
 * A thread that sleeps until there is something to do: others set bits, it takes them. Zeroed memory
 * is not enough: wake_init. Any thread may set.
 */
#ifndef OS_WAKE_H
#define OS_WAKE_H

#include <pthread.h>

struct wake {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	unsigned bits;
	unsigned awaited; /* by the thread that sleeps: what else is set does not wake it */
};

void wake_init(struct wake *w);
void wake_done(struct wake *w);

/* Sets bits and wakes who waits for them. */
void wake_set(struct wake *w, unsigned bits);

/* Sleeps until one of `bits` is set, at most so many milliseconds. Those of them that are set, which
 * stay so until wake_clear. */
unsigned wake_wait(struct wake *w, unsigned bits, long milliseconds);
/* Those of `bits` that are set now: cheap enough for each step of a loop. */
unsigned wake_look(const struct wake *w, unsigned bits);
void wake_clear(struct wake *w, unsigned bits);

#endif

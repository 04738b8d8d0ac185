#include "os/wake.h"

#include <time.h>

void wake_init(struct wake *w)
{
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->cond, &attr);
	pthread_condattr_destroy(&attr);
	w->bits = w->awaited = 0;
}

void wake_done(struct wake *w)
{
	pthread_cond_destroy(&w->cond);
	pthread_mutex_destroy(&w->lock);
}

void wake_set(struct wake *w, unsigned bits)
{
	pthread_mutex_lock(&w->lock);
	__atomic_or_fetch(&w->bits, bits, __ATOMIC_RELAXED);
	if (w->awaited & bits)
		pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->lock);
}

unsigned wake_wait(struct wake *w, unsigned bits, long milliseconds)
{
	enum { MILLI = 1000, NANO = 1000000000, NANO_PER_MILLI = NANO / MILLI };
	struct timespec end;
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += milliseconds / MILLI;
	end.tv_nsec += milliseconds % MILLI * NANO_PER_MILLI;
	if (end.tv_nsec >= NANO) {
		end.tv_sec++;
		end.tv_nsec -= NANO;
	}
	pthread_mutex_lock(&w->lock);
	w->awaited = bits;
	while (!(w->bits & bits) && pthread_cond_timedwait(&w->cond, &w->lock, &end) == 0)
		;
	unsigned set = w->bits & bits;
	w->awaited = 0;
	pthread_mutex_unlock(&w->lock);
	return set;
}

unsigned wake_look(const struct wake *w, unsigned bits)
{
	return __atomic_load_n(&w->bits, __ATOMIC_RELAXED) & bits;
}

void wake_clear(struct wake *w, unsigned bits)
{
	pthread_mutex_lock(&w->lock);
	__atomic_and_fetch(&w->bits, ~bits, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&w->lock);
}

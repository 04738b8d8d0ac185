#include "base/host.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void *host_alloc(size_t size)
{
	void *memory = malloc(size ? size : 1);
	if (!memory)
		host_panic("out of memory");
	return memory;
}

void host_free(void *memory, size_t size)
{
	(void)size;
	free(memory);
}

void host_panic(const char *why)
{
	fprintf(stderr, "nimbus: panic: %s\n", why);
	fflush(stderr);
	abort();
}

/* Zeroed memory is PTHREAD_MUTEX_INITIALIZER and PTHREAD_COND_INITIALIZER in glibc and musl. */
struct pair {
	pthread_mutex_t mutex;
	pthread_cond_t woken;
};

_Static_assert(sizeof(struct pair) <= sizeof(struct host_lock), "a lock has room");
_Static_assert(_Alignof(struct pair) <= _Alignof(struct host_lock), "a lock is aligned");

static struct pair *pair_of(struct host_lock *lock)
{
	return (struct pair *)(void *)lock->opaque;
}

static void must(int problem, const char *what)
{
	if (problem)
		host_panic(what);
}

void host_lock(struct host_lock *lock)
{
	must(pthread_mutex_lock(&pair_of(lock)->mutex), "a lock cannot be taken");
}

void host_unlock(struct host_lock *lock)
{
	must(pthread_mutex_unlock(&pair_of(lock)->mutex), "a lock cannot be given back");
}

void host_wait(struct host_lock *lock)
{
	struct pair *pair = pair_of(lock);
	must(pthread_cond_wait(&pair->woken, &pair->mutex), "a lock cannot be waited for");
}

void host_wait_for(struct host_lock *lock, int64_t micros)
{
	enum { MILLION = 1000000 };
	struct pair *pair = pair_of(lock);
	struct timespec until;
	/* The clock of a zeroed condition. It may be set meanwhile, so callers look at their own. */
	must(clock_gettime(CLOCK_REALTIME, &until), "there is no clock");
	int64_t end = until.tv_nsec / 1000 + micros;
	until.tv_sec += end / MILLION;
	until.tv_nsec = end % MILLION * 1000;
	int problem = pthread_cond_timedwait(&pair->woken, &pair->mutex, &until);
	if (problem != ETIMEDOUT)
		must(problem, "a lock cannot be waited for");
}

void host_wake(struct host_lock *lock)
{
	must(pthread_cond_broadcast(&pair_of(lock)->woken), "who waits cannot be woken");
}

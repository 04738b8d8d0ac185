#include "driver/wait.h"

#include <time.h>

/* How long a wait goes without asking whether it still makes sense. */
enum { SLICE_US = 100000, STEP_US = 50000 };

int64_t wait_end(struct ctx *c, int64_t most)
{
	return c->deadline ? c->deadline : c->world->monotonic() + most;
}

enum err wait_check(struct ctx *c, int64_t end, const char *late)
{
	if (c->canceled && c->canceled(c->canceled_arg))
		return fail(c, ERR_CANCELED, "the other side went away");
	if (c->world->monotonic() >= end)
		return fail(c, ERR_UNAVAILABLE, "%s: try again", late);
	return OK;
}

enum err wait_slice(
	struct ctx *c, pthread_mutex_t *lock, pthread_cond_t *woken, int64_t end, const char *late)
{
	TRY(wait_check(c, end, late));
	int64_t left = end - c->world->monotonic();
	if (left > SLICE_US)
		left = SLICE_US;
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	int64_t nanos = until.tv_nsec + left * 1000;
	until.tv_sec += nanos / 1000000000;
	until.tv_nsec = nanos % 1000000000;
	pthread_cond_clockwait(woken, lock, CLOCK_MONOTONIC, &until);
	return OK;
}

enum err wait_pause(struct ctx *c, int64_t micros)
{
	int64_t end = c->world->monotonic() + micros;
	for (int64_t left; (left = end - c->world->monotonic()) > 0;) {
		int64_t step = left < STEP_US ? left : STEP_US;
		nanosleep(&(struct timespec){.tv_nsec = step * 1000}, NULL);
		TRY(ctx_check(c));
	}
	return OK;
}

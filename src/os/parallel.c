#include "os/parallel.h"

#include "os/thread.h"

#include <stdatomic.h>

/* Of all who ask together. More are of little use: what they share begins to hold them up. */
enum { HELPERS_MAX = 3 };

static atomic_uint helping;

struct helper {
	struct thread thread;
	void (*work)(void *arg, unsigned number);
	void *arg;
	unsigned number;
};

static void help(void *arg)
{
	struct helper *h = arg;
	h->work(h->arg, h->number);
}

/* How many of `wanted` helpers there may be. */
static unsigned helpers_take(unsigned wanted)
{
	unsigned spare = (unsigned)thread_cores() - 1, taken = atomic_load(&helping), count;
	spare = spare < HELPERS_MAX ? spare : HELPERS_MAX;
	do {
		unsigned left = taken < spare ? spare - taken : 0;
		count = wanted < left ? wanted : left;
	} while (!atomic_compare_exchange_weak(&helping, &taken, taken + count));
	return count;
}

void parallel_run(unsigned most, void (*work)(void *arg, unsigned number), void *arg)
{
	struct helper helpers[HELPERS_MAX];
	unsigned taken = helpers_take(most - 1), started = 0;
	struct ctx c = {0};
	for (; started < taken; started++) {
		struct helper *h = &helpers[started];
		*h = (struct helper){.work = work, .arg = arg, .number = started + 1};
		if (thread_start(&c, "helper", help, h, &h->thread))
			break; /* with those that there are, then */
	}
	work(arg, 0);
	for (unsigned i = 0; i < started; i++)
		thread_join(&helpers[i].thread);
	atomic_fetch_sub(&helping, taken);
}

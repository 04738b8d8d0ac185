/*
 * A world that gives all the threads that are asked for, however few processors there are: what
 * works together does so in every test.
 */
#ifndef TESTS_TOGETHER_H
#define TESTS_TOGETHER_H

#include "os/thread.h"
#include "os/world.h"

struct together {
	struct thread thread;
	void (*work)(void *arg, unsigned number);
	void *arg;
	unsigned number;
};

static inline void together_help(void *arg)
{
	struct together *t = arg;
	t->work(t->arg, t->number);
}

static inline void together_run(unsigned most, void (*work)(void *arg, unsigned number), void *arg)
{
	enum { MOST = 8 };
	struct together helpers[MOST];
	struct ctx c = {0};
	ASSERT(most <= MOST);
	for (unsigned i = 1; i < most; i++) {
		helpers[i] = (struct together){.work = work, .arg = arg, .number = i};
		ASSERT(!thread_start(&c, "helper", together_help, &helpers[i], &helpers[i].thread));
	}
	work(arg, 0);
	for (unsigned i = 1; i < most; i++)
		thread_join(&helpers[i].thread);
}

/* Any thread. */
static inline const struct world *together_world(void)
{
	static __thread struct world world;
	world = *os_world();
	world.parallel = together_run;
	return &world;
}

/* One that gives none. */
static inline const struct world *alone_world(void)
{
	static __thread struct world world;
	world = *os_world();
	world.parallel = NULL;
	return &world;
}

#endif

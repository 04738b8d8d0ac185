#include "os/thread.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { STACK_BYTES = 2 << 20 };

struct start {
	void (*body)(void *);
	void *arg;
	char name[16];
};

static void *thread_main(void *arg)
{
	struct start start = *(struct start *)arg;
	free(arg);
	pthread_setname_np(pthread_self(), start.name);
	start.body(start.arg);
	return NULL;
}

static int thread_create(
	const char *name, void (*body)(void *), void *arg, int detach, pthread_t *id)
{
	struct start *start = calloc(1, sizeof *start);
	ASSERT(start);
	start->body = body;
	start->arg = arg;
	snprintf(start->name, sizeof start->name, "%s", name);

	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_attr_setdetachstate(&attr, detach);
	int error = pthread_create(id, &attr, thread_main, start);
	pthread_attr_destroy(&attr);
	if (error)
		free(start);
	return error;
}

enum err thread_start(
	struct ctx *c, const char *name, void (*body)(void *), void *arg, struct thread *out)
{
	int error = thread_create(name, body, arg, PTHREAD_CREATE_JOINABLE, &out->id);
	if (error)
		return fail(c, ERR_UNAVAILABLE, "cannot start the thread %s: %s", name,
			strerrordesc_np(error));
	return OK;
}

bool thread_start_detached(const char *name, void (*body)(void *), void *arg)
{
	pthread_t id;
	return thread_create(name, body, arg, PTHREAD_CREATE_DETACHED, &id) == 0;
}

void thread_join(struct thread *t)
{
	int error = pthread_join(t->id, NULL);
	ASSERT(error == 0);
}

void thread_nice(int level)
{
	/* A machine that does not allow it runs the thread like any other. */
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), level);
}

int thread_cores(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
		return CPU_COUNT(&set);
	long count = sysconf(_SC_NPROCESSORS_ONLN);
	return count > 0 ? (int)count : 1;
}

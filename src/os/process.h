/*
 * Child processes: started with nothing but what they are given, ended with their parent.
 *
 *	PROCESS child = PROCESS_NONE;
 *	TRY(process_start(c, &start, &child));
 *
 * A child gets the descriptors 0, 1 and 2 and no other, the default signals, an own process group,
 * and dies when the thread that started it does. One thread looks after it.
 */
#ifndef OS_PROCESS_H
#define OS_PROCESS_H

#include "base/ctx.h"

#include <sys/types.h>

struct process_start {
	const char *program; /* a path with a slash in it */
	const char *const *argv;
	const char *const *environment;
	const char *folder; /* to run in */
	int in;             /* its standard input; -1: empty */
	bool idle;          /* runs, reads and writes only when nothing else wants to */
};

struct process {
	pid_t pid;    /* 0: none */
	int out, err; /* what it writes; -1: closed. Non-blocking */
};

#define PROCESS_NONE                 \
	{                            \
		.out = -1, .err = -1 \
	}
#define PROCESS __attribute__((cleanup(process_end))) struct process

/* ERR_UNAVAILABLE when the machine gives no process, or none of that program. */
enum err process_start(struct ctx *c, const struct process_start *start, struct process *out) MUST;

/* Waits for its end; *status as an exit code, 128 + signal when it was killed. */
enum err process_wait(struct ctx *c, struct process *p, int *status) MUST;

/* Kills it with all of its group, if it still runs, and closes everything. */
void process_end(struct process *p);

/* The path of a program in the places where a system keeps them; NULL: it is nowhere. */
const char *process_find(struct ctx *c, const char *program);

#endif

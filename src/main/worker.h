/*
 * The role worker in a process that serves too: one thread that compacts repositories soon after they
 * were pushed to, makes the packs that builds will ask for, and deletes what is past its time.
 *
 * It is nicer than the others but not idle: a thread that holds a lock must get on. What costs most,
 * the search for deltas, runs in a child that is idle.
 */
#ifndef MAIN_WORKER_H
#define MAIN_WORKER_H

#include "core/core.h"
#include "main/config.h"
#include "net/http.h"
#include "os/thread.h"

struct worker {
	struct core *core;
	const struct config *config;
	const struct http_server *http; /* whose load it waits for */
	struct thread thread;
	int64_t started; /* seconds since 1970, by the database's clock */
	bool runs;
};

/* Does nothing where NIMBUS_COMPACT is off. Call once. */
enum err worker_start(struct ctx *c, struct worker *w) MUST;
/* Ends what it is doing, at once; nothing is lost by that. */
void worker_stop(struct worker *w);

/* Somebody pushed. Any thread, also where no worker runs. */
void worker_poke(void);

#endif

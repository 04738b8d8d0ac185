/*
 * The role worker in a process: two threads that post what happened to webhooks (event/deliver.h). One is for those that
 * work, the other for those whose last attempt failed, so that the first never wait for them.
 *
 * They sleep until they are told that something happened, by any process, and look for themselves every two seconds;
 * where there are no webhooks, when they are told, and every minute.
 */
#ifndef MAIN_DELIVERER_H
#define MAIN_DELIVERER_H

#include "core/core.h"
#include "os/thread.h"
#include "os/wake.h"

enum { DELIVERER_LANES = 2 };

struct deliverer {
	struct core *core;
	struct kv_sub *sub;
	struct deliverer_lane {
		struct core *core;
		bool failing;
		bool runs;
		struct thread thread;
		struct wake wake;
	} lanes[DELIVERER_LANES];
};

/* What has started after an error is ended by deliverer_stop too. */
enum err deliverer_start(struct ctx *c, struct deliverer *d) MUST;
/* Ends what it is doing, at once: what was being posted is posted again, by whoever is next. Again, it does nothing. */
void deliverer_stop(struct deliverer *d);

#endif

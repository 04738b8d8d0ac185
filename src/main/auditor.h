/*
 * One thread that writes down what was refused, anchors the chains of the audit log, and cuts off what is
 * past its time: core/audit.h. And as it is about in short steps, it tells other processes what was
 * counted here (web/lane.h), and looks for what happened that nobody told of (web/live.h).
 */
#ifndef MAIN_AUDITOR_H
#define MAIN_AUDITOR_H

#include "core/core.h"
#include "main/config.h"
#include "os/thread.h"
#include "web/lane.h"
#include "web/live.h"

struct auditor {
	struct core *core;
	const struct config *config;
	struct lanes *lanes;   /* whose counts it shares with other processes */
	struct live_hub *live; /* whose listeners it wakes by what it finds in the database */
	struct thread thread;
	bool runs;
};

/* Call once. */
enum err auditor_start(struct ctx *c, struct auditor *a) MUST;
/* Writes what there is still. After the last request. */
void auditor_stop(struct auditor *a);

#endif

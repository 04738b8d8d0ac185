/*
 * One thread that writes down what was refused, anchors the chains of the audit log, and cuts off what is
 * past its time: core/audit.h.
 */
#ifndef MAIN_AUDITOR_H
#define MAIN_AUDITOR_H

#include "core/core.h"
#include "main/config.h"
#include "os/thread.h"

struct auditor {
	struct core *core;
	const struct config *config;
	struct thread thread;
	bool runs;
};

/* Call once. */
enum err auditor_start(struct ctx *c, struct auditor *a) MUST;
/* Writes what there is still. After the last request. */
void auditor_stop(struct auditor *a);

#endif

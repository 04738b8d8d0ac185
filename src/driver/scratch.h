/*
 * Folders for a while. Each has a lock beside it that its owner holds: what a killed process left
 * behind is known by that nobody does.
 */
#ifndef DRIVER_SCRATCH_H
#define DRIVER_SCRATCH_H

#include "base/ctx.h"

struct scratch {
	char *path; /* NULL: none */
	char *lock_path;
	int lock;
};

/* A new, empty folder in `folder`, which is made where it is missing. */
enum err scratch_open(struct ctx *c, const char *folder, struct scratch *out) MUST;
/* Removes it with all that is in it. */
void scratch_close(struct scratch *s);

/* Removes what nobody holds. */
enum err scratch_tidy(struct ctx *c, const char *folder) MUST;

#endif

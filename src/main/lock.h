/*
 * Who works with NIMBUS_DATA just now, by locks on files in it that end with the process that has
 * them. All give a descriptor that the caller closes when it is done.
 */
#ifndef MAIN_LOCK_H
#define MAIN_LOCK_H

#include "base/ctx.h"

/* Of servers: several may have it. ERR_CONFLICT while it is being moved or restored. */
enum err lock_serving(struct ctx *c, const char *data, int *fd) MUST;
/* Of who needs that there is no server. ERR_CONFLICT when there is one. */
enum err lock_alone(struct ctx *c, const char *data, int *fd) MUST;
/* Of who makes or reads a backup. ERR_CONFLICT when another one does. */
enum err lock_copying(struct ctx *c, const char *data, int *fd) MUST;

#endif

/* What the parts of the push share; for push*.c alone. */
#ifndef CORE_PUSH_PARTS_H
#define CORE_PUSH_PARTS_H

#include "core/push.h"

/* push_judge.c: refuses what no transaction could make right, and finds out what tags point at. */
enum err push_judge(struct ctx *c, struct push *p, struct push_commands *commands) MUST;

static inline bool push_is_create(const struct push_command *command)
{
	return oid_is_zero(&command->change.old);
}

static inline bool push_is_delete(const struct push_command *command)
{
	return oid_is_zero(&command->change.new);
}

#endif

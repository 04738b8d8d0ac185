/* Verbs on one's own account. */
#ifndef CORE_ACCOUNT_H
#define CORE_ACCOUNT_H

#include "core/core.h"

/* ERR_UNAUTH to the anonymous, and to who is not any more who they were proven to be. */
enum err account_get(struct ctx *c, struct core *core, const struct actor *who, struct user *out)
	MUST;

#endif

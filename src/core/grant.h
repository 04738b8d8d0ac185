/*
 * Verbs on permissions by patterns: what somebody may do with every repository whose name fits, those
 * to come too. All are the owner's alone.
 */
#ifndef CORE_GRANT_H
#define CORE_GRANT_H

#include "core/core.h"
#include "meta/grant.h"

/*
 * Gives what->level on what->pattern to what->username, by hand, until what->expires; instead of what
 * was given so before. ERR_NOT_FOUND: there is nobody of that name. ERR_INVALID: the owner has it all
 * already, or the pattern, the level or the time makes no sense.
 */
enum err grant_put(struct ctx *c, struct core *core, const struct actor *who,
	const struct grant *what, struct grant *out) MUST;
/* ERR_NOT_FOUND. One that something manages may come back from there. */
enum err grant_delete(struct ctx *c, struct core *core, const struct actor *who, int64_t id) MUST;
/* By username and pattern, those that have ended too. */
enum err grant_list(struct ctx *c, struct core *core, const struct actor *who, struct grant **out,
	size_t *count) MUST;

#endif

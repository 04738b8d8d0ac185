/*
 * Verbs on permissions by patterns: what somebody may do with every repository whose name fits, those
 * to come too. All are the owner's alone.
 */
#ifndef CORE_GRANT_H
#define CORE_GRANT_H

#include "core/expected.h"
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
/* The same, only if it still is what was seen. ERR_CONFLICT. */
enum err grant_delete_seen(struct ctx *c, struct core *core, const struct actor *who, int64_t id,
	struct expected *expected) MUST;
/* "oidc:corp", what manages the grants of that provider. In c->arena. */
struct str grant_source(struct ctx *c, struct str provider);

struct grant_managed {
	struct str source;
	const struct provider_grant *grants; /* each pattern once */
	size_t count;
};
/* For a verb that has asked whether it may: `user` has these of this source from now on and no others, each
 * change with its event and audit entry. The owner, who has it all, has none. */
enum err grant_manage(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct user *user, const struct grant_managed *what) MUST;

/* By username and pattern, those that have ended too. */
enum err grant_list(struct ctx *c, struct core *core, const struct actor *who, struct grant **out,
	size_t *count) MUST;

#endif

/*
 * May they? The one place where a repository name and an actor become a repository or "not found".
 */
#ifndef CORE_PERMIT_H
#define CORE_PERMIT_H

#include "core/core.h"

struct permit_need {
	struct str name;
	enum permission level;
};

/*
 * The repository need.name for somebody who needs need.level of it. Who may not even read gets
 * ERR_NOT_FOUND in the same words as for a name that does not exist (ERR_UNAUTH instead when they
 * are anonymous: existing or not); who may read but not need.level gets ERR_DENIED.
 */
enum err permit_repo(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who,
	struct permit_need need, struct repo *out) MUST;

/* ERR_DENIED (ERR_UNAUTH when anonymous) unless `who` is the instance's owner in full. */
enum err permit_owner(struct ctx *c, const struct actor *who) MUST;

#endif

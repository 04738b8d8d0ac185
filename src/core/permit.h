/*
 * May they? The one place where a repository name and an actor become a repository or "not found".
 *
 * An actor may have been proven a while ago, by another process too (core/login.h). So each of these
 * looks, in the transaction of what is wanted, whether they still are who they were proven to be:
 * ERR_UNAUTH from the commit on that revoked their token, set another password or removed them, and
 * from the second on in which the token expires.
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

struct permitted {
	struct repo repo;
	enum permission level; /* the most they may do with it: READ or more */
};

/* The same for somebody who needs to read it, and what they may do besides. */
enum err permit_read(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who,
	struct str name, struct permitted *out) MUST;

/* For what is about no repository: they may be anonymous, or may not. */
enum err permit_actor(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who)
	MUST;
enum err permit_self(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who)
	MUST;

/* ERR_DENIED (ERR_UNAUTH when anonymous) unless `who` is the instance's owner in full. */
enum err permit_owner(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who)
	MUST;
/* The same by what is known of them, before there is a transaction: it may refuse, and never
 * allows. */
enum err permit_owner_early(struct ctx *c, const struct actor *who) MUST;

#endif

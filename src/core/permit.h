/*
 * May they? The one place where a repository name and an actor become a repository or "not found".
 *
 * An actor may have been proven a while ago, by another process too (core/login.h). So each of these
 * looks, in the transaction of what is wanted, whether they still are who they were proven to be:
 * ERR_UNAUTH from the commit on that revoked their token, set another password or removed them, and
 * from the second on in which the token or the account expires.
 */
#ifndef CORE_PERMIT_H
#define CORE_PERMIT_H

#include "core/core.h"
#include "meta/audit.h"
#include "model/rule.h"

struct permit_need {
	struct str name;
	enum operation operation;
};

struct permitted {
	struct repo repo;
	enum permission granted; /* by whoever may grant it: for permit_ref */
	enum permission level;   /* the most they may do with it, for what they are shown */
	struct audit_head
		audit; /* of its chain, for core/record.h; good until something is added */
};

/*
 * The repository need.name for somebody who wants to do need.operation with it. Who may not even read
 * it, or whose key is for others, gets ERR_NOT_FOUND in the same words as for a name that does not
 * exist (ERR_UNAUTH instead when they are anonymous: existing or not); who may read it but not do
 * that gets ERR_DENIED.
 */
enum err permit_operation(struct ctx *c, struct core *core, struct db_tx *tx,
	const struct actor *who, struct permit_need need, struct permitted *out) MUST;
/* The same where nothing but the repository is wanted. */
enum err permit_repo(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who,
	struct permit_need need, struct repo *out) MUST;

struct permit_ref {
	const struct repo *repo;   /* as permit_operation gave it … */
	enum permission granted;   /* … and this */
	const struct rules *rules; /* as meta_rule_list gave them in the same transaction */
	enum operation operation;
	bool unsure;     /* OPERATION_REF_UPDATE: it may be a forced one, nobody knows */
	struct str name; /* of the ref, in full */
};

/* May who was let push do this to a ref, by the policy, its rules and their key? *refused: why not, in a few words for whoever pushes; NULL:
 * they may. In c->arena. */
enum err permit_ref(struct ctx *c, struct core *core, const struct actor *who,
	const struct permit_ref *what, const char **refused) MUST;

/*
 * May they point HEAD at another branch? As if they pushed to the one that it leaves: whom rules do not
 * let say what is cloned from it shall not say that something else is. *refused: as above.
 */
enum err permit_head(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct permitted *on, const char **refused) MUST;

/* For what is about no repository: they may be anonymous, or may not. */
enum err permit_actor(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who)
	MUST;
enum err permit_self(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who)
	MUST;

/* To change their own account: password, keys, sessions. */
enum err permit_account(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who)
	MUST;

/* The same for the account of `username`: who it is, or who owns the instance. ERR_NOT_FOUND is told to
 * the owner only. */
enum err permit_person(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who,
	struct str username, struct user *out) MUST;

/* ERR_DENIED (ERR_UNAUTH when anonymous) unless `who` is the instance's owner in full. */
enum err permit_owner(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who)
	MUST;
/* The same by what is known of them, before there is a transaction: it may refuse, and never
 * allows. */
enum err permit_owner_early(struct ctx *c, const struct actor *who) MUST;

#endif

/*
 * May they? The one place where a repository name and an actor become a repository or "not found".
 *
 * Whoever wants something begins its transaction here. Who they are, and what they were granted, is looked
 * up in it; and a policy that is on another machine is asked before it: where what its answer rests on is
 * not what the transaction finds, it is asked again. So nobody waits for a policy while a transaction is
 * open, and what is done is what was allowed.
 *
 * An actor may have been proven a while ago, by another process too (core/login.h). So each of these
 * looks, in the transaction of what is wanted, whether they still are who they were proven to be:
 * ERR_UNAUTH from the commit on that revoked their token, set another password or removed them, and
 * from the second on in which the token or the account expires. A policy that cannot be asked allows nothing:
 * ERR_UNAVAILABLE. After any error the transaction may be open still, as after any other.
 */
#ifndef CORE_PERMIT_H
#define CORE_PERMIT_H

#include "core/core.h"
#include "meta/repo.h"
#include "model/rule.h"

/* A ref that a push changes. */
struct permit_ref {
	enum operation operation;
	bool unsure; /* OPERATION_REF_UPDATE: it may be a forced one, nobody knows */
	const struct ref_change *change;
	struct policy_answer answer; /* what the policy says: by permit_begin, for permit_ref */
};

struct permit_need {
	struct str name;
	enum operation operation;
	enum db_mode mode;
	int64_t on; /* DB_WRITE: the repository that is all that it concerns; 0: it may be others */
	struct permit_ref *refs; /* of OPERATION_REPOSITORY_PUSH: what it is to change */
	size_t ref_count;
};

struct permitted {
	struct repo repo;
	enum permission granted; /* by whoever may grant it */
	enum permission level;   /* the most they may do with it, for what they are shown */
	struct audit_head
		audit;   /* of its chain, for core/record.h; good until something is added */
	bool may_create; /* with ERR_NOT_FOUND of a push: may they make one of that name? */
};

/*
 * Begins the transaction in which somebody does need->operation with the repository need->name. Who may not
 * even read it, or whose key is for others, gets ERR_NOT_FOUND in the same words as for a name that does
 * not exist (ERR_UNAUTH instead when they are anonymous: existing or not); who may read it but not do
 * that gets ERR_DENIED. ERR_CONFLICT: it is being changed too often.
 */
enum err permit_begin(struct ctx *c, struct core *core, const struct actor *who,
	const struct permit_need *need, struct db_tx **tx, struct permitted *out) MUST;
/* The same where nothing but the repository is wanted. */
enum err permit_begin_repo(struct ctx *c, struct core *core, const struct actor *who,
	const struct permit_need *need, struct db_tx **tx, struct repo *out) MUST;

/* May who was let push do this to a ref, by the policy, its rules and their key? Why not, in a few words for
 * whoever pushes; NULL: they may. `rules`: as meta_rule_list gave them in the transaction. In c->arena. */
const char *permit_ref(struct ctx *c, const struct actor *who, const struct rules *rules,
	const struct permit_ref *what);

/*
 * May they point HEAD at another branch? As if they pushed to the one that it leaves: whom rules, or their
 * key, do not let say what is cloned from it shall not say that something else is. *refused: as above.
 */
enum err permit_head(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct permitted *on, const char **refused) MUST;

/* Moves those that they may see to the front; *count: how many there are, then how many of them. For a policy
 * that is far, of which no SQL knows what it allows; without a transaction. */
enum err permit_listed(struct ctx *c, struct core *core, const struct actor *who,
	struct meta_repo_granted *at, size_t *count) MUST;

/* May anybody do this, without signing in? Without a transaction. */
enum err permit_anybody(struct ctx *c, struct core *core, const struct repo *repo,
	enum operation operation, bool *out) MUST;

/* For what is about no repository: they may be anonymous, or may not. No policy is asked. */
enum err permit_actor(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who)
	MUST;
enum err permit_self(struct ctx *c, struct core *core, struct db_tx *tx, const struct actor *who)
	MUST;

/* Begins the transaction in which they change their own account: password, keys, sessions. */
enum err permit_begin_account(struct ctx *c, struct core *core, const struct actor *who,
	enum db_mode mode, struct db_tx **tx) MUST;

/* The same for the account of `username`: who it is, or who owns the instance. */
enum err permit_begin_account_of(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, enum db_mode mode, struct db_tx **tx) MUST;

/* Begins one of the instance's owner in full. ERR_DENIED (ERR_UNAUTH when anonymous) for others. */
enum err permit_begin_owner(struct ctx *c, struct core *core, const struct actor *who,
	enum db_mode mode, struct db_tx **tx) MUST;
/* The same by what is known of them, before there is a transaction: it may refuse, and never
 * allows. */
enum err permit_owner_early(struct ctx *c, const struct actor *who) MUST;

#endif

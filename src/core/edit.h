/*
 * Changing files without a clone: some of them written, moved or removed, in one commit on top of a
 * branch.
 *
 * The commit is made here and then goes the way of every push: the same permission, rules, policy,
 * limits and checks, the same transaction, log and events. What comes out lives in c->arena.
 */
#ifndef CORE_EDIT_H
#define CORE_EDIT_H

#include "base/extent.h"
#include "core/core.h"

enum {
	EDIT_PATH_MAX = 4000,
	EDIT_MESSAGE_MAX = 64 << 10,
	EDIT_CHANGES_MAX = 100,
};

/* What may be at the path that is written. */
enum edit_place { EDIT_OLD, EDIT_NEW, EDIT_ANY };

struct edit_change {
	struct str path;
	struct str from; /* it is moved from there, keeping its mode; empty: it is not moved */
	struct extent *
		content; /* what it has then. NULL: what it had, where it is moved; or it goes away */
	enum edit_place place; /* of what is written and not moved */
};

struct edit {
	struct str repo;
	struct str branch; /* "main", without refs/heads/ */
	struct str target; /* a new branch for the commit, while `branch` stays; empty: `branch` */
	struct str
		expected; /* the commit, in full, that the changes were made upon; empty: there is
				none, it is the repository's first */
	struct str message;
	struct str host; /* where the author's address is of: "git.example.org" */
	const struct edit_change *changes;
	size_t count;
};

struct edited {
	struct oid commit;
	struct str branch; /* where it is now */
	bool moved;        /* ERR_CONFLICT, because `tip` changed one of these files, too: */
	struct oid tip;
};

/*
 * Makes the commit. Where the branch went on from `expected` without touching these files, it comes on
 * top of that. ERR_NOT_FOUND, ERR_DENIED, ERR_UNAUTH as for a push; ERR_NOT_FOUND also: what is to be
 * changed is not there; ERR_EXISTS: what is to be new is there; ERR_CONFLICT: see `moved`, or somebody
 * else was always faster; ERR_INVALID: a name that cannot be, or nothing would change; ERR_TOO_BIG.
 */
enum err edit_commit(struct ctx *c, struct core *core, const struct actor *who,
	const struct edit *what, struct edited *out) MUST;

/* Can a file have this path? ERR_INVALID says why not. */
enum err edit_path_check(struct ctx *c, struct str path) MUST;

#endif

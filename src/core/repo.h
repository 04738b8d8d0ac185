/*
 * Verbs on repositories as such. The transaction, the event and the audit row are theirs; what
 * comes out lives in c->arena.
 */
#ifndef CORE_REPO_H
#define CORE_REPO_H

#include "core/core.h"

struct repo_new {
	struct str name;
	struct str description;
	enum visibility visibility;
	struct str default_branch;    /* "main"; empty: "main" */
	enum hash_algo object_format; /* 0: SHA-1 */
};

/* The owner's alone (permit_owner). ERR_INVALID, ERR_EXISTS. */
enum err repo_create(struct ctx *c, struct core *core, const struct actor *who,
	const struct repo_new *what, struct repo *out) MUST;

/* permit_repo for READ in a transaction of its own; *level (may be NULL): the most they may do. */
enum err repo_get(struct ctx *c, struct core *core, const struct actor *who, struct str name,
	struct repo *out, enum permission *level) MUST;

struct repo_query {
	struct str after; /* names after this one; empty: from the first */
	size_t limit;     /* 1..REPO_PAGE_MAX; 0: REPO_PAGE_MAX */
	struct str words; /* only those with this text in name or description; empty: all */
};

struct repo_list {
	struct repo *at;
	size_t count;
	bool more; /* ask again with after = the last one's name */
};

enum { REPO_PAGE_MAX = 100 };

/* What `who` may read, ordered by name. */
enum err repo_list(struct ctx *c, struct core *core, const struct actor *who,
	const struct repo_query *query, struct repo_list *out) MUST;

/* What to change; NULL: leave. */
struct repo_change {
	const struct str *name;
	const struct str *description;
	const enum visibility *visibility;
	const struct str *default_branch; /* "main", born or not */
};

/* Needs ADMIN on it; another name is for the owner to give, as one for a new repository is. */
enum err repo_update(struct ctx *c, struct core *core, const struct actor *who, struct str name,
	const struct repo_change *change, struct repo *out) MUST;

/* The owner's alone. Its packs' blobs are removed too. */
enum err repo_delete(struct ctx *c, struct core *core, const struct actor *who, struct str name)
	MUST;

#endif

/*
 * Verbs on repositories as such. The transaction, the event and the audit row are theirs; what
 * comes out lives in c->arena.
 */
#ifndef CORE_REPO_H
#define CORE_REPO_H

#include "core/expected.h"

struct repo_new {
	struct str name;
	struct str description;
	enum visibility visibility;
	struct str default_branch;    /* "main"; empty: "main" */
	enum hash_algo object_format; /* 0: SHA-1 */
};

/* The owner's alone (permit_begin_owner). ERR_INVALID, ERR_EXISTS. */
enum err repo_create(struct ctx *c, struct core *core, const struct actor *who,
	const struct repo_new *what, struct repo *out) MUST;

/* permit_begin for READ in a transaction of its own; *level (may be NULL): the most they may do. */
enum err repo_get(struct ctx *c, struct core *core, const struct actor *who, struct str name,
	struct repo *out, enum permission *level) MUST;

struct repo_query {
	struct str after; /* names after this one; empty: from the first */
	size_t limit;     /* 1..REPO_PAGE_MAX; 0: REPO_PAGE_MAX */
	struct str words; /* only those with this text in name or description; empty: all */
	bool by_push;     /* the last pushed to first; `after` then goes with … */
	int64_t pushed;   /* … when that one was */
};

struct repo_list {
	struct repo *at;
	size_t count;
	bool more; /* ask again with after = the last one's name, and pushed = its pushed */
};

enum { REPO_PAGE_MAX = 100 };

/* What `who` may read, ordered by name, or by when it was pushed to. */
enum err repo_list(struct ctx *c, struct core *core, const struct actor *who,
	const struct repo_query *query, struct repo_list *out) MUST;

/* What to change; NULL: leave. */
struct repo_change {
	const struct str *name;
	const struct str *description;
	const enum visibility *visibility;
	const struct str *default_branch; /* "main", born or not */
	struct expected *expected;        /* only if it still is this; NULL: whatever it is */
};

/* Needs ADMIN on it; another default branch, that rules let them push to the one that is; another name is for the owner to give, as one for a new repository is. */
enum err repo_update(struct ctx *c, struct core *core, const struct actor *who, struct str name,
	const struct repo_change *change, struct repo *out) MUST;

/*
 * The owner's alone. It is there for nobody any more and its name is free, but all of it is kept for
 * NIMBUS_RETENTION. *out (may be NULL): what it was.
 */
enum err repo_delete(struct ctx *c, struct core *core, const struct actor *who, struct str name,
	struct repo *out) MUST;
/* The same, only if it still is what was seen. ERR_CONFLICT. */
enum err repo_delete_seen(struct ctx *c, struct core *core, const struct actor *who,
	struct str name, struct expected *expected, struct repo *out) MUST;

struct repo_deleted_query {
	int64_t before, id; /* those after the one that was deleted at `before` and has this id;
			       zeroed: from the first */
	size_t limit;       /* 1..REPO_PAGE_MAX; 0: REPO_PAGE_MAX */
};

/* What is deleted and kept, the last deleted first. The owner's alone. */
enum err repo_deleted_list(struct ctx *c, struct core *core, const struct actor *who,
	const struct repo_deleted_query *query, struct repo_list *out) MUST;
/* Until when it is kept: seconds since 1970. */
/* One of them. ERR_NOT_FOUND. */
enum err repo_deleted_get(struct ctx *c, struct core *core, const struct actor *who, int64_t id,
	struct repo *out) MUST;
int64_t repo_deleted_until(const struct core *core, const struct repo *repo);

/*
 * Brings a deleted one back as it was, under `name` (NULL: the one that it had). The owner's alone.
 * ERR_EXISTS: the name is taken; ERR_NOT_FOUND: it is not deleted, or its time is over.
 */
enum err repo_restore(struct ctx *c, struct core *core, const struct actor *who, int64_t id,
	const struct str *name, struct repo *out) MUST;

/* Removes a deleted one for good, with all its packs. The owner's alone. ERR_NOT_FOUND. */
enum err repo_purge(struct ctx *c, struct core *core, const struct actor *who, int64_t id) MUST;
/* The same, only if it still is what was seen. ERR_CONFLICT. */
enum err repo_purge_seen(struct ctx *c, struct core *core, const struct actor *who, int64_t id,
	struct expected *expected) MUST;
/* Does that to all whose time has come: upkeep's, which asks on nobody's behalf. */
enum err repo_purge_past(struct ctx *c, struct core *core, size_t *count) MUST;

#endif

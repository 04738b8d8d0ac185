/* Rows of repositories. Names are compared without regard to ASCII case and kept as written. */
#ifndef META_REPO_H
#define META_REPO_H

#include "meta/audit.h"
#include "model/actor.h"
#include "model/repo.h"
#include "port/db.h"

/* Gives repo->id (unless it has one that meta_instance_next_id gave out before); version begins at
 * 1. ERR_EXISTS on a name that is taken. */
enum err meta_repo_create(struct ctx *c, struct db_tx *tx, struct repo *repo) MUST;

/* ERR_NOT_FOUND. What *out points at lives in c->arena. One that is deleted has no name any more, but
 * keeps its id: see repo->deleted. */
enum err meta_repo_get_by_name(struct ctx *c, struct db_tx *tx, struct str name, struct repo *out)
	MUST;
enum err meta_repo_get(struct ctx *c, struct db_tx *tx, int64_t id, struct repo *out) MUST;

/* What a name means to somebody. */
struct meta_repo_found {
	bool there;
	struct repo repo;        /* zeroed unless it is there */
	enum permission granted; /* by their row for it and by patterns: the highest of them */
	struct audit_head audit; /* of its chain, for who writes */
	bool stands;             /* are they still who they were proven to be? */
};

/* By one statement, and that it is not there is no error. */
enum err meta_repo_find(struct ctx *c, struct db_tx *tx, struct str name, const struct actor *who,
	struct meta_repo_found *out) MUST;

struct meta_repo_page {
	const struct actor *who; /* only what they may read, who were looked up; NULL: all */
	struct str after;        /* names after this one; empty: from the first */
	size_t limit;
	struct str words; /* only names or descriptions that hold this text; empty: all */
	bool by_push;     /* the last pushed to first; then those after it are of … */
	int64_t pushed;   /* … this second (0: never) or before */
};

/* Ordered by name, or by_push and name, without deleted ones. *count <= page->limit. */
enum err meta_repo_list(struct ctx *c, struct db_tx *tx, const struct meta_repo_page *page,
	struct repo **out, size_t *count) MUST;

/* The same of all there are, and what page->who was granted on each: for who judges that elsewhere. */
struct meta_repo_granted {
	struct repo repo;
	enum permission granted;
};
enum err meta_repo_list_granted(struct ctx *c, struct db_tx *tx, const struct meta_repo_page *page,
	struct meta_repo_granted **out, size_t *count) MUST;

/* Stores name, description and visibility. ERR_EXISTS on a name that is taken. */
enum err meta_repo_update(struct ctx *c, struct db_tx *tx, const struct repo *repo) MUST;

/* Points HEAD at a full ref name, born or not. Bump the version too. */
enum err meta_repo_set_head(struct ctx *c, struct db_tx *tx, int64_t id, struct str head) MUST;

/* version + 1, and the new version. Do this in every transaction that changes refs, packs or head.
 */
enum err meta_repo_bump_version(struct ctx *c, struct db_tx *tx, int64_t id, int64_t *version) MUST;
enum err meta_repo_set_pushed(struct ctx *c, struct db_tx *tx, int64_t id, int64_t seconds) MUST;

/* Says that objects are gone since this version: what a push was judged by before may be among
 * them. */
enum err meta_repo_set_shed(struct ctx *c, struct db_tx *tx, int64_t id, int64_t version) MUST;

/* All there are, deleted ones too, in the order of their ids, which come after `after`. *count: at
 * most how many, then how many. */
enum err meta_repo_every(
	struct ctx *c, struct db_tx *tx, int64_t after, struct repo **out, size_t *count) MUST;

/* Deleted ones, the last deleted first: those deleted before `before` (seconds), and those of that
 * second with an id below `id`. *count: at most how many, then how many. */
struct meta_repo_gone {
	int64_t before, id;
};
enum err meta_repo_deleted(struct ctx *c, struct db_tx *tx, const struct meta_repo_gone *page,
	struct repo **out, size_t *count) MUST;

/* Takes its name away and keeps all else; and gives one that is deleted a name (ERR_EXISTS). */
enum err meta_repo_set_deleted(struct ctx *c, struct db_tx *tx, int64_t id, int64_t seconds) MUST;
enum err meta_repo_set_restored(struct ctx *c, struct db_tx *tx, int64_t id, struct str name) MUST;

/* Those that were pushed to at `since` (seconds) or later, in the order of their ids, which come
 * after `after`; without deleted ones. *count: at most how many, then how many. */
enum err meta_repo_pushed_since(struct ctx *c, struct db_tx *tx, int64_t since, int64_t after,
	struct repo **out, size_t *count) MUST;

/* Removes it for good with its refs, packs, log and permissions. Events and audit rows stay. */
enum err meta_repo_delete(struct ctx *c, struct db_tx *tx, int64_t id) MUST;

#endif

/* Rows of refs, in bytewise order of their names; and the log of every change to them. */
#ifndef META_REF_H
#define META_REF_H

#include "base/hash.h"
#include "model/repo.h"
#include "port/db.h"

typedef enum err meta_ref_visit(struct ctx *c, void *arg, const struct ref *ref);

enum err meta_ref_count(struct ctx *c, struct db_tx *tx, int64_t repo_id, size_t *count) MUST;

/* Visits all refs in order. What `ref` points at is gone after the visit: copy it. */
enum err meta_ref_list(struct ctx *c, struct db_tx *tx, const struct repo *repo,
	meta_ref_visit *visit, void *arg) MUST;

/*
 * Visits, in the order of their names, the refs that were created, changed or deleted after
 * `version`, as they are now; one that is gone has no id (algo 0). Otherwise like meta_ref_list.
 */
enum err meta_ref_changed(struct ctx *c, struct db_tx *tx, const struct repo *repo, int64_t version,
	meta_ref_visit *visit, void *arg) MUST;

/* ERR_NOT_FOUND. */
enum err meta_ref_get(struct ctx *c, struct db_tx *tx, const struct repo *repo, struct str name,
	struct ref *out) MUST;

/*
 * Compare and swap: makes change->name be change->new if it is change->old now (zero: not there).
 * ERR_CONFLICT when it is something else, perhaps as late as db_change says: so know it before. The
 * caller sees to it that no name clashes with a new one, bumps the version and adds to the log.
 */
enum err meta_ref_swap(struct ctx *c, struct db_tx *tx, const struct repo *repo,
	const struct ref_change *change) MUST;

/* One change as the log keeps it. */
struct ref_log {
	int64_t version; /* of the repository, after it */
	struct ref_change change;
	bool forced;     /* history was left behind */
	int64_t user_id; /* 0: anonymous or the instance itself */
	struct str username;
	int64_t time; /* seconds since 1970 */
	struct str request;
};

enum err meta_ref_log_add(
	struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct ref_log *entry) MUST;

/* Puts an entry into a hash: n(version), t(name), t(old), t(new), n(forced), n(account_id), t(username),
 * n(time), t(request), in the terms of meta/audit.h. */
void meta_ref_log_hash(struct hash *h, const struct ref_log *entry);

typedef enum err meta_ref_log_visit(struct ctx *c, void *arg, const struct ref_log *entry);

struct meta_ref_log_page {
	int64_t version; /* entries after this version */
	size_t limit;
};

/* Visits entries in the order of versions. What `entry` points at is gone after the visit. */
enum err meta_ref_log_since(struct ctx *c, struct db_tx *tx, const struct repo *repo,
	const struct meta_ref_log_page *page, meta_ref_log_visit *visit, void *arg) MUST;

/* Those of one version, in the order of their names. */
enum err meta_ref_log_of(struct ctx *c, struct db_tx *tx, const struct repo *repo, int64_t version,
	meta_ref_log_visit *visit, void *arg) MUST;

/* How many versions have entries. */
enum err meta_ref_log_versions(struct ctx *c, struct db_tx *tx, int64_t repo_id, int64_t *versions)
	MUST;

/* Of one ref, or of all (but those of the server's own), the newest change first. */
struct meta_ref_log_back {
	struct str ref;    /* empty: all */
	int64_t version;   /* of one ref: entries before this version. Of all: up to it, and … */
	struct str before; /* … of that version names before this one, the last first */
	bool gone;         /* of all: only what removed a ref that is not there again */
	size_t limit;
};
enum err meta_ref_log_back(struct ctx *c, struct db_tx *tx, const struct repo *repo,
	const struct meta_ref_log_back *page, meta_ref_log_visit *visit, void *arg) MUST;

/* The change of a ref that led to `version`; the last one at `time` (seconds) or before. In c->arena;
 * ERR_NOT_FOUND. */
enum err meta_ref_log_get(struct ctx *c, struct db_tx *tx, const struct repo *repo, struct str name,
	int64_t version, struct ref_log *out) MUST;
enum err meta_ref_log_at(struct ctx *c, struct db_tx *tx, const struct repo *repo, struct str name,
	int64_t time, struct ref_log *out) MUST;

/* Visits the values that refs had at `time` (seconds) and since: old and new ones of the log, none
 * of them zero, an id perhaps several times. */
typedef enum err meta_ref_id_visit(struct ctx *c, void *arg, const struct oid *id);
enum err meta_ref_log_ids(struct ctx *c, struct db_tx *tx, const struct repo *repo, int64_t time,
	meta_ref_id_visit *visit, void *arg) MUST;

#endif

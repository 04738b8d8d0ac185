/*
 * Whoever stores files of a pack and whoever removes them are kept apart by leases in the database, so
 * that nobody holds a lock of it while the blob store is asked.
 *
 * A keeper (a push, a compaction) has a lease on the pack from before it stores files until the
 * transaction that names them in the catalogue. A remover sees in a transaction that nothing names the
 * files and nobody keeps the pack, and takes its lease in that; it gives it back when they are gone,
 * and a keeper waits for that. Who dies has its lease for KEEP_SECONDS or REMOVE_SECONDS.
 */
#ifndef CORE_KEEP_H
#define CORE_KEEP_H

#include "core/core.h"
#include "meta/lease.h"

enum { KEEP_SECONDS = 6 * 3600, REMOVE_SECONDS = 120 };

struct keep {
	struct db *db;
	int64_t repo_id;
	struct lease lease; /* name.len 0: nothing is kept */
};

/* Not within a transaction. ERR_UNAVAILABLE: it is being removed, and that does not come to an end. */
enum err keep_take(
	struct ctx *c, struct db *db, int64_t repo_id, const struct oid *id, struct keep *out) MUST;
/* In the transaction that names the files, which are there still. ERR_CONFLICT: it took too long. */
enum err keep_end(struct ctx *c, struct db_tx *tx, struct keep *k) MUST;
/* Where there was none: a lease that cannot be given back ends by itself. */
void keep_give(struct ctx *c, struct keep *k);

/* A right to remove. */
struct removal {
	struct db *db;
	int64_t repo_id;
	struct lease lease;
	int64_t deadline; /* the request's own */
};

/*
 * In the transaction in which nothing names the files of the pack, by the hexadecimal digits of its hash.
 * *kept: somebody may be about to name them, or a backup is being made: another time.
 */
enum err removal_take(struct ctx *c, struct db_tx *tx, int64_t repo_id, struct str hash,
	struct removal *out, bool *kept) MUST;
/* After its commit: now the files may be removed, while there is time. */
void removal_begin(struct ctx *c, struct removal *r);
/* At last, with what came of it, which is returned. After an error the lease ends by itself: a request
 * may still be on its way to the store. */
enum err removal_end(struct ctx *c, struct removal *r, enum err result) MUST;

/* Waits until everybody's removal is over that had begun. ERR_UNAVAILABLE. Not within a transaction. */
enum err removals_wait(struct ctx *c, struct db *db) MUST;

#endif

/*
 * Copying the blobs that a database names from one store to another: for a backup, while the instance
 * is in use, and for whatever brings one elsewhere. What is in the target already stays.
 */
#ifndef CORE_BACKUP_H
#define CORE_BACKUP_H

#include "meta/lease.h"
#include "port/blob.h"
#include "port/db.h"

struct backup {
	struct db *database; /* its rows say which blobs there are */
	const char *instance;
	struct blob *from, *to;
	/* Of an instance in use: `database` is a copy of this one, and a repository that was deleted
	 * here since is deleted there too. NULL: nothing changes meanwhile. */
	struct db *live;
	bool check_all; /* also what was in the target already is read */
	/* Called before each repository; may be NULL. */
	void (*progress)(void *arg, struct str repo, size_t done);
	void *arg;
	/* What it came to: repositories looked at, all, and what was not in the target. */
	size_t done, repos, packs, new_packs;
	uint64_t bytes, new_bytes; /* of packs; what lies in the database is not counted */
};

/*
 * Copies the blobs, reads every copy back and compares it with its name, the hash of its content.
 * ERR_DAMAGED when a blob is damaged, ERR_NOT_FOUND when one is missing.
 */
enum err backup_blobs(struct ctx *c, struct backup *b) MUST;

/*
 * While somebody holds a guard, upkeep removes nothing from the blob store: neither packs that were
 * retired long ago nor files that nothing knows. Take it before the database is copied. It lasts for
 * two hours, and is renewed by whatever calls ctx_check while it is in c->working.
 */
struct backup_guard {
	struct db *db;
	struct lease lease;
	int64_t renewed; /* world->monotonic() */
	int64_t time;    /* of that: seconds since 1970, by the database's clock */
};

enum err backup_guard_take(struct ctx *c, struct db *db, struct backup_guard *guard) MUST;
/* Is to be c->working, with the guard as its argument. Not within a transaction on its database. */
enum err backup_guard_keep(struct ctx *c, void *guard) MUST;
/* What cannot be given back ends by itself. */
void backup_guard_give(struct ctx *c, struct backup_guard *guard);

/* For upkeep, in the write transaction in which it removes something. */
enum err backup_guarded(struct ctx *c, struct db_tx *tx, bool *guarded) MUST;

#endif

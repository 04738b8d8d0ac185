/*
 * Copying an instance while it is in use: the database first (by its driver's backup), then every blob
 * that the copied database knows. A push that lands meanwhile is simply not in the copy.
 */
#ifndef CORE_BACKUP_H
#define CORE_BACKUP_H

#include "core/core.h"

struct backup {
	struct core *core;   /* what is copied */
	struct db *database; /* the copy of its database */
	struct blob *blobs;  /* where the blobs go */
	/* Called before each repository; may be NULL. */
	void (*progress)(void *arg, struct str repo, size_t done);
	void *arg;
	/* What it came to. */
	size_t repos, packs;
	uint64_t bytes; /* of blobs; what lies in the database is not counted */
};

/*
 * Copies the blobs, reads every copy back and compares it with its name, the hash of its content. A
 * repository that was deleted meanwhile is deleted from the copy as well. ERR_DAMAGED when a blob is
 * damaged, ERR_NOT_FOUND when one is missing.
 */
enum err backup_blobs(struct ctx *c, struct backup *b) MUST;

#endif

/*
 * Is everything there and sound? Every pack of the catalogue is read whole: its checksum, each
 * object inflated, hashed and held to git's rules, the index entry by entry; then every link and
 * every ref must lead to an object of the right type. It may run while the instance is in use.
 */
#ifndef CORE_FSCK_H
#define CORE_FSCK_H

#include "core/core.h"

struct fsck_run {
	struct core *core;
	/* One thing that is wrong. What `what` points at is gone after the call. */
	void (*problem)(void *arg, struct str repo, const char *what);
	/* How far it is, now and then; may be NULL. */
	void (*progress)(void *arg, struct str repo, uint64_t done, uint64_t all);
	void *arg;
	bool prune;        /* remove blobs that nothing knows … */
	int64_t prune_age; /* … and that are older than so many seconds */
	/* What it came to. */
	size_t repos, packs, refs, problems;
	uint64_t objects, bytes;
	size_t orphans,
		pruned; /* blobs that nothing knows: no problem, a killed push leaves them */
	uint64_t orphan_bytes;
};

/* One repository. OK also when there are problems: they are counted. */
enum err fsck_repo(struct ctx *c, struct fsck_run *run, const struct repo *repo) MUST;

/* The blobs that belong to no pack: counts them, and removes old ones with `prune`. */
enum err fsck_orphans(struct ctx *c, struct fsck_run *run) MUST;

/* All of them, then the blobs that belong to none. */
enum err fsck_instance(struct ctx *c, struct fsck_run *run) MUST;

#endif

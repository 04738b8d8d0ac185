/*
 * Compaction: many packs become few, with fresh deltas and without what nothing uses, while pushes and
 * clones go on.
 *
 * It reads the repository as of one version, writes new packs, checks every object of them, and
 * then in one transaction makes them live and those that they replace retired; but only if the
 * latter are all live still. Packs that were pushed meanwhile are not touched. Before that
 * transaction nothing has happened, so it may be killed at any instruction. One process at a time
 * works on a repository: it holds a lease in the database.
 *
 * The packs of a repository, afterwards: what its default branch leads to, all of it in one pack;
 * what other refs lead to beside that, in a second; what nothing leads to any more, in a third. What
 * is pushed then is rolled up geometrically, so that there are never more than about 2 log(n)
 * packs, until a quarter has been added: then all is done anew.
 *
 * What nothing leads to, and no ref led to within the retention time (by the log of refs), is left
 * out from the third pack when that is as old as that. Retired packs are kept for as long again.
 */
#ifndef CORE_COMPACT_H
#define CORE_COMPACT_H

#include "core/core.h"

enum compact_kind {
	COMPACT_NOTHING, /* it is good as it is */
	COMPACT_ROLL,    /* small packs together */
	COMPACT_FULL,    /* all of it anew */
};

struct compact_run {
	struct core *core;
	bool full; /* all anew, whether it is due or not */
	/* How far it is, now and then, in the stage of the moment; an error of its own stops it. May
	 * be NULL. */
	enum err (*progress)(struct ctx *c, void *arg, struct str repo, const char *stage,
		uint64_t done, uint64_t all);
	void *arg;
	/* What it came to, of the last repository. */
	enum compact_kind kind;
	size_t packs_before, packs_after;
	uint64_t bytes_before, bytes_after;
	uint64_t dropped; /* objects that nothing had used for the retention time */
};

/*
 * Does what is due for one repository. ERR_UNAVAILABLE: another process is at it. ERR_CONFLICT: what
 * it worked on changed meanwhile; later is better. ERR_DAMAGED: it is damaged, nothing was changed.
 */
enum err compact_repo(struct ctx *c, struct compact_run *run, const struct repo *repo) MUST;

/* NIMBUS_RETENTION in seconds, and for people: "14 days". The text lives in c->arena. */
int64_t compact_retention(const struct core *core);
const char *compact_retention_text(struct ctx *c, const struct core *core);

struct compact_swept {
	size_t repos, packs, blobs;
};

/*
 * Deletes for good deleted repositories and retired packs whose time has come, and blobs that nothing
 * knows and that are older than a day. *out: how many, also after an error.
 */
enum err compact_sweep(struct ctx *c, struct core *core, struct compact_swept *out) MUST;

#endif

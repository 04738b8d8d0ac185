/*
 * Which commit last changed each entry of a folder: what `git log -1 -- ENTRY` says of each.
 *
 * A commit hands an entry on to the first parent that has it the same; what no parent takes, it
 * changed. So an entry stands at one commit at any time, and a search that was given up can go on
 * from where its entries stand; so can one from a newer commit, once it comes by an older one that
 * was searched before.
 */
#ifndef GIT_LAST_CHANGE_H
#define GIT_LAST_CHANGE_H

#include "git/odb.h"

struct last_change {
	struct str name;   /* "": the folder itself */
	struct oid commit; /* that changed it */
	bool found; /* false: the commit has it unchanged, and it was not looked further back */
};

/* What a search came to. */
struct last_changes {
	struct oid commit; /* as of which */
	struct last_change *at;
	size_t count;
};

struct last_search {
	struct odb_reader *reader;
	struct str folder; /* "" for the top, else "a/b" */
	/* Of the same folder as of any commits: what searches before came to. */
	const struct last_changes *before;
	size_t before_count;
	size_t steps;   /* commits looked at */
	int64_t micros; /* spent */
};

/*
 * Fills commit and found of the entries of which `out` has the names, as of out->commit. Leaves
 * nothing in c->arena. ERR_NOT_FOUND: there is no such folder.
 */
enum err last_changes_find(
	struct ctx *c, const struct last_search *search, struct last_changes *out) MUST;

#endif

/*
 * Which deleted file became which added one, as `git diff -M` finds it: the same content first, then
 * the same name with much in common, then whatever has the most in common.
 */
#ifndef GIT_RENAME_H
#define GIT_RENAME_H

#include "git/tree_diff.h"

struct rename_limits {
	size_t pairs;        /* deleted x added files that are compared; more: exact moves only */
	uint64_t file_bytes; /* longer files are only moved exactly */
	uint64_t all_bytes;  /* read in all; beyond that: exact moves only */
	struct str only;     /* look for the source of this new path alone; "": of all */
	bool no_empty;       /* empty files are not moved (git's merge) */
	/* Reads a file in the reader's place, where some are not in the repository; may be NULL. */
	enum err (*read)(struct ctx *c, void *arg, const struct oid *id, struct str *out);
	void *read_arg;
};
#define RENAME_LIMITS_PAGE \
	((struct rename_limits){.pairs = 160000, .file_bytes = 1 << 20, .all_bytes = 32 << 20})

/* changes->at[from] was deleted and became changes->at[to]. */
struct rename_pair {
	size_t from, to;
	int similarity; /* percent: 100 for the same content, else 50..99 */
};

struct rename_pairs {
	struct rename_pair *at; /* by `to` */
	size_t count;
	bool cut; /* there was too much to compare, or to bring from afar: it is not all in it */
};

enum err renames_find(struct ctx *c, struct odb_reader *r, const struct tree_changes *changes,
	const struct rename_limits *limits, struct rename_pairs *out) MUST;

/*
 * What two texts share, for tests and for the curious: the bytes of `old` that are in `new` too, by
 * lines and spans of at most 64 bytes.
 */
uint64_t shared_bytes(struct ctx *c, struct str old, struct str new);

#endif

/*
 * The filter "sparse:oid" (git-rev-list(1)): which files of a tree the patterns of a blob include,
 * in the syntax of gitignore(5), where a match includes and one of a "!" excludes.
 *
 * The last pattern that matches a path decides; where none does it goes as with its folder. What
 * patterns say in a folder does not depend on all of its path, but on how far each of them has
 * matched: folders where that is the same are the same here, so that a tree has to be walked once
 * in each of these, at however many paths it lies.
 *
 * One request's, in an arena of its choice.
 */
#ifndef GIT_SPARSE_H
#define GIT_SPARSE_H

#include "base/map.h"
#include "base/vec.h"
#include "base/wildmatch.h"
#include "git/odb.h"

enum { SPARSE_BYTES_MAX = 1 << 20, SPARSE_PATTERNS_MAX = 10000, SPARSE_LISTS_MAX = 64 };

struct sparse_pattern {
	struct wildmatch match;
	uint32_t list;
	bool excludes;
	bool folder; /* matches folders alone */
	bool name;   /* matches a name in any folder, not a path */
};

struct sparse {
	struct arena *arena;
	VEC_OF(struct sparse_pattern) patterns;
	VEC_OF(uint32_t) names; /* the patterns that match a name */
	uint32_t lists;         /* a file is included that is in every one */
	size_t bytes;
	struct map folders;
	VEC_OF(uint64_t) words; /* of the folder being judged */
	struct wild_run run;    /* as long as the longest pattern needs */
	uint64_t checked;       /* its work by then */
};

/* What the patterns say in a folder. */
struct sparse_folder {
	uint32_t number;
	uint64_t *words; /* see sparse.c */
	size_t count;
};

void sparse_init(struct ctx *c, struct sparse *s, struct arena *arena);

/* One more list of patterns, a line each. ERR_TOO_BIG. */
enum err sparse_add(struct ctx *c, struct sparse *s, struct str text) MUST;
/* The same from a blob. ERR_NOT_FOUND, ERR_INVALID for what is no blob, ERR_TOO_BIG. */
enum err sparse_read(struct ctx *c, struct sparse *s, struct odb_reader *r, const struct oid *id)
	MUST;

/* Once all lists are there: the folder of a tree that no commit leads to. */
const struct sparse_folder *sparse_outside(struct sparse *s);

/* The folder of that name; outside of all, "" is the root of a commit. ERR_TOO_BIG where patterns
 * take too much work, and the errors of ctx_check. */
enum err sparse_enter(struct ctx *c, struct sparse *s, const struct sparse_folder *in,
	struct str name, const struct sparse_folder **out) MUST;
/* Is the file of that name included, by every list? There is one at least. The same errors. */
enum err sparse_includes(struct ctx *c, struct sparse *s, const struct sparse_folder *in,
	struct str name, bool *out) MUST;

#endif

/*
 * Who wrote each line of a file: what `git blame` says, whole-file renames followed.
 *
 * Reads into c->arena only what it hands out; the rest lies in arenas of its own.
 */
#ifndef GIT_BLAME_H
#define GIT_BLAME_H

#include "git/odb.h"

/* Lines [at, at + count) of the file were lines [source_at, ...) of `path` in `commit`. From 0. */
struct blame_range {
	uint32_t at, count, source_at;
	struct oid commit;
	struct str path;
	bool unsure; /* the budget ended here: it may be older */
};

struct blame {
	struct blame_range *at; /* in the order of the file, all of it */
	size_t count;
	struct str text;
	uint32_t lines;
	bool cut; /* the budget was spent: some ranges are unsure */
};

struct blame_limits {
	size_t commits; /* looked at */
	int64_t micros; /* spent */
	size_t renames; /* times that a whole change is searched for where a file came from */
};

/*
 * ERR_NOT_FOUND: there is no file at `path`. ERR_TOO_BIG: over reader->object_max, or more than
 * DIFF_LINES_MAX lines.
 */
enum err blame_file(struct ctx *c, struct odb_reader *r, const struct oid *commit, struct str path,
	const struct blame_limits *limits, struct blame *out) MUST;

#endif

/* What the steps of git/merge_tree.c share. All of it lies in c->arena. */
#ifndef GIT_MERGE_PARTS_H
#define GIT_MERGE_PARTS_H

#include "base/map.h"
#include "base/vec.h"
#include "git/merge_tree.h"

/* A file of one side; mode 0: none. */
struct merge_version {
	uint32_t mode;
	struct oid id;
};

enum { BASE, OURS, THEIRS, SIDES };

/* A path at which the three trees are not all the same. */
struct merge_path {
	struct str path;
	struct merge_version at[SIDES];
	struct merge_version result;
	bool gone; /* it was renamed: the merge is at its new path */
};

struct merge_paths {
	struct arena *arena;
	struct merge_path *at;
	size_t len, cap;
};

struct merging {
	struct odb_reader *reader;
	const struct merge_names *names;
	int depth; /* 0: the merge itself; more: of bases */
	struct merge_paths paths;
	VEC_OF(struct merge_conflict) conflicts;
	VEC_OF(struct merge_object) objects;
	struct map known; /* id -> 1 + its number in objects */
};

/* An object of the repository or of this merge. */
enum err merge_read(struct ctx *c, struct merging *m, const struct oid *id, enum object_type type,
	struct str *out) MUST;
void merge_keep(struct merging *m, enum object_type type, struct str bytes, struct oid *out);
void merge_conflict(struct merging *m, enum merge_conflict_kind kind, struct str path);

/* Lists in m->paths where the trees (NULL: empty) are not all the same. */
enum err merge_walk(struct ctx *c, struct merging *m, const struct oid *const trees[SIDES]) MUST;
/* Brings the versions of renamed files together at one path. */
enum err merge_renames(struct ctx *c, struct merging *m) MUST;
/* Sets the result of a path. */
enum err merge_path(struct ctx *c, struct merging *m, struct merge_path *p) MUST;
/* The tree `from` with all results in it. */
enum err merge_write(struct ctx *c, struct merging *m, const struct oid *from, struct oid *out)
	MUST;

static inline bool merge_same(const struct merge_version *a, const struct merge_version *b)
{
	return a->mode == b->mode && (a->mode == 0 || oid_eq(&a->id, &b->id));
}

#endif

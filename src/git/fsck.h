/*
 * The rules that an object from outside must keep: git's own (git-fsck(1)), under the names that
 * git gives them, each as severe as receive.fsckObjects makes it.
 *
 * Threads may share a struct fsck. Refusals are ERR_INVALID: "tree 1234…: treeNotSorted: not properly sorted"; ERR_TOO_BIG
 * over FSCK_BLOBS_MAX.
 */
#ifndef GIT_FSCK_H
#define GIT_FSCK_H

#include "base/host.h"
#include "base/map.h"
#include "base/vec.h"
#include "git/object.h"

enum fsck_rule {
#define FSCK(kind, name, refuses, text) FSCK_##kind,
#include "git/fsck.def"
#undef FSCK
	FSCK_COUNT
};

/* Which rules a blob must keep, by the name that a tree gives it. */
enum fsck_special { FSCK_GITMODULES = 1, FSCK_GITATTRIBUTES = 2 };

enum { FSCK_BLOBS_MAX = 200000 };

struct fsck_blob {
	struct oid id;
	unsigned special; /* set of enum fsck_special */
};

struct fsck {
	enum hash_algo algo;
	struct host_lock lock; /* of the two below, until all objects have been checked */
	VEC_OF(struct fsck_blob *) blobs; /* what the trees so far call by such a name */
	struct map seen;                  /* the same, by id */
};

/* Its memory is the arena's, which is used under its lock; `seed` is random. */
void fsck_init(struct fsck *f, enum hash_algo algo, struct arena *arena, uint64_t seed);

/* A commit, tree or tag; any blob passes. Uses c->arena for what it needs meanwhile. */
enum err fsck_object(struct ctx *c, struct fsck *f, const struct oid *id, const struct object *o)
	MUST;

/* What a tree called by a special name, when all is there. */
enum err fsck_blob(struct ctx *c, const struct fsck_blob *blob, const struct object *o) MUST;
/* The same for one that nobody would read into memory. */
enum err fsck_blob_too_big(struct ctx *c, const struct fsck_blob *blob) MUST;

/* OK when the rule does not refuse. For the fsck_*.c files. */
enum err fsck_report(
	struct ctx *c, const struct oid *id, enum object_type type, enum fsck_rule rule) MUST;

#endif

/*
 * The objects of a repository: a list of packs, and reading through them.
 *
 * A pack that cannot be read is ERR_DAMAGED, in all that follows.
 *
 * `struct odb` does not change once it is filled and is shared by threads. `struct odb_reader` is
 * one request's: it remembers delta bases within a bound, and in which packs it found something.
 */
#ifndef GIT_ODB_H
#define GIT_ODB_H

#include "git/commit_graph.h"
#include "git/pack.h"

struct odb {
	enum hash_algo algo;
	struct pack **packs; /* newest first */
	size_t count;
	/* Of commits that are all in the packs, though not of all of them; NULL: there is none. */
	struct commit_graph *commits;
	/* Not all of history is here: it ends at commits whose parents are not, as in a shallow clone. */
	bool partial;
};

/* Where an object lies. */
struct place {
	struct pack *pack;
	uint32_t position; /* in pack->idx */
	uint64_t offset;
};

struct odb_reader {
	const struct odb *odb;
	uint32_t *order; /* the packs, those that had a hit lately first */
	bool midx_sought;
	struct midx_packs midx; /* that look-ups use */
	bool *in_midx;          /* which of the packs it is of */
	uint64_t object_max;    /* objects over this are ERR_TOO_BIG to odb_read */
	/* For what deltas make on the way to an object, where that is over object_max. NULL: that
	 * is ERR_TOO_BIG. */
	struct spool_maker *scratch;
	uint64_t scratch_max;     /* bytes of one of those */
	struct base_cache *cache; /* in the arena of the ctx that initialised it */
};

void odb_reader_init(struct ctx *c, struct odb_reader *r, const struct odb *odb);

/* *found: is it there, at *out? Not finding it is no error. */
enum err odb_find(struct ctx *c, struct odb_reader *r, const struct oid *id, struct place *out,
	bool *found) MUST;
static inline MUST enum err odb_has(
	struct ctx *c, struct odb_reader *r, const struct oid *id, bool *found)
{
	struct place place;
	return odb_find(c, r, id, &place, found);
}

/* Type and size, without inflating more than delta headers. ERR_NOT_FOUND. */
enum err odb_stat(struct ctx *c, struct odb_reader *r, const struct oid *id, enum object_type *type,
	uint64_t *size) MUST;

/* Like odb_stat, at a place. */
enum err odb_stat_at(struct ctx *c, struct odb_reader *r, const struct place *at,
	enum object_type *type, uint64_t *size) MUST;

/* The type alone: nothing is inflated for it. OBJECT_NONE: there is no such object. */
enum err odb_type(struct ctx *c, struct odb_reader *r, const struct oid *id, enum object_type *out)
	MUST;

/* The whole object, in c->arena. ERR_NOT_FOUND, ERR_TOO_BIG over object_max. */
enum err odb_read(struct ctx *c, struct odb_reader *r, const struct oid *id, struct object *out)
	MUST;
/* Like odb_read; ERR_INVALID when it is not of `type`. */
enum err odb_read_as(struct ctx *c, struct odb_reader *r, const struct oid *id,
	enum object_type type, struct str *out) MUST;
/* The object at a place, wherever its id; for who does not ask for what is based on it. */
enum err odb_read_at(
	struct ctx *c, struct odb_reader *r, const struct place *at, struct object *out) MUST;

/*
 * An object to a sink, in bounded memory: what object_max bounds, and of a delta over it what
 * scratch_max bounds in scratch. Nothing is written before ERR_TOO_BIG.
 */
enum err odb_stream(struct ctx *c, struct odb_reader *r, const struct oid *id, struct sink *to)
	MUST;

/*
 * The one object whose id starts with 4.. hex digits. ERR_NOT_FOUND; ERR_CONFLICT when several do.
 */
enum err odb_find_prefix(struct ctx *c, struct odb_reader *r, struct str hex, struct oid *out) MUST;

/* Follows tags (and, to a tree, a commit) until an object of `type`, or until it is no tag
 * (OBJECT_NONE). */
enum err odb_peel(struct ctx *c, struct odb_reader *r, const struct oid *id, enum object_type type,
	struct oid *out, enum object_type *out_type) MUST;

/* The entry of `path` ("a/b/c"; "": the tree itself) under a tree. ERR_NOT_FOUND. */
enum err odb_tree_path(struct ctx *c, struct odb_reader *r, const struct oid *tree, struct str path,
	struct tree_entry *out) MUST;

#endif

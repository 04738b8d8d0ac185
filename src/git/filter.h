/*
 * Which objects a partial clone leaves out (git-rev-list(1), --filter).
 */
#ifndef GIT_FILTER_H
#define GIT_FILTER_H

#include "base/vec.h"
#include "git/object.h"

/* What several filters together let through. FILTER_ALL lets everything through. */
struct filter {
	bool active;
	uint64_t blob_limit;   /* blobs of this size and more are left out; UINT64_MAX: none */
	uint32_t tree_depth;   /* trees and blobs this far below the root and more are left out */
	enum object_type type; /* only these; OBJECT_NONE: of all types */
	bool nothing;          /* two filters exclude each other */
	/* Blobs by id or by name: only files that the patterns of each include (git/sparse.h). */
	VEC_OF(struct str) sparse;
};

#define FILTER_ALL ((struct filter){.blob_limit = UINT64_MAX, .tree_depth = UINT32_MAX})

/*
 * Reads "blob:none", "blob:limit=1m", "tree:0", "object:type=blob", "sparse:oid=main:file" or
 * "combine:A+B" and narrows *filter by it; its lists lie in c->arena and point into `spec`.
 * ERR_INVALID for what is no filter, ERR_UNSUPPORTED for one that is not offered.
 */
enum err filter_parse(struct ctx *c, struct str spec, struct filter *filter) MUST;

static inline bool filter_type(const struct filter *f, enum object_type type)
{
	return !f->nothing && (!f->type || f->type == type);
}

/* Does any blob, any tree get through? */
static inline bool filter_blobs(const struct filter *f)
{
	return filter_type(f, OBJECT_BLOB) && f->blob_limit > 0 && f->tree_depth > 1;
}

static inline bool filter_trees(const struct filter *f)
{
	return filter_blobs(f) || (filter_type(f, OBJECT_TREE) && f->tree_depth > 0);
}

#endif

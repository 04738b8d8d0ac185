/*
 * Which objects must be sent so that somebody who has some gets what they want.
 */
#ifndef GIT_ENUMERATE_H
#define GIT_ENUMERATE_H

#include "git/bitmap.h"
#include "git/filter.h"
#include "git/progress.h"
#include "git/sparse.h"
#include "git/walk.h"

/*
 * Set what is above the line, call enumerate_run. Shallow boundaries are MARK_GRAFT on commits of
 * the graph. Both lists are of objects of any type that exist; tags are followed.
 */
struct enumerate {
	struct graph *graph;
	struct filter filter;
	struct sparse *sparse; /* of all filter.sparse, in graph->arena; NULL: there is none */
	const struct oid *wants;
	size_t want_count;
	const struct oid *haves; /* with all that they lead to */
	size_t have_count;
	bool always_by_bitmap; /* where there is one, however little there is to send */
	bool keep_bits;        /* what a bitmap finds need not be in `send` */
	struct progress *progress;

	struct numbers send; /* what to send, each once, marked MARK_SEND */
	struct numbers commits;
	struct numbers known;
	struct numbers others; /* trees and blobs that were wanted by id */
	/* Unless NULL: these objects of its packs are to be sent beside, and those are known. What
	 * its packs have is then in none of `send`. */
	const struct bitmap *bitmap;
	struct bits packed, packed_known;
};

/* ERR_NOT_FOUND, ERR_CORRUPT or ERR_DAMAGED where the repository is damaged. */
enum err enumerate_run(struct ctx *c, struct enumerate *e) MUST;

/* Is this object to be sent? */
bool enumerate_has(const struct enumerate *e, const struct oid *id);
/* How many are. */
size_t enumerate_count(const struct enumerate *e);

/* Sends this object too unless it is sent or known already; nothing that it leads to. */
void enumerate_add(struct enumerate *e, uint32_t number);

#endif

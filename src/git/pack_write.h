/*
 * Writing a pack for somebody else, from packs that are here: compressed bytes are copied as they
 * lie, deltas are kept where the other side will have their base, and only the rest is made anew.
 */
#ifndef GIT_PACK_WRITE_H
#define GIT_PACK_WRITE_H

#include "git/bitmap.h"
#include "git/progress.h"
#include "git/walk.h"

/* For a person to read. */
struct pack_counts {
	uint32_t objects, deltas, reused; /* how many of the objects are deltas, copies */
	uint32_t whole; /* copied with all before them in their pack: not looked at for `deltas` */
};

struct pack_write {
	struct graph *graph;
	const struct numbers *objects; /* what to send: each once, marked MARK_SEND */
	/* Unless NULL: of the objects of this bitmap's packs, what to send beside, and what is known. */
	const struct bitmap *bitmap;
	const struct bits *packed, *known;
	bool ofs_delta; /* the other side understands OFS_DELTA */
	bool patient;   /* nobody waits for it: what is made anew may take time to be small */
	bool thin;      /* a delta's base may be what is marked MARK_KNOWN */
	struct progress *progress;
	struct sink *to; /* gets by sink_copy what lies in the packs as it is sent */

	struct pack_counts counts;
	uint64_t bytes;
};

/* Memory: about 32 bytes per object, and one object at a time that must be made anew. */
enum err pack_write_run(struct ctx *c, struct pack_write *w) MUST;

#endif

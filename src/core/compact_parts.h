/* What the parts of compaction share; for compact*.c alone. */
#ifndef CORE_COMPACT_PARTS_H
#define CORE_COMPACT_PARTS_H

#include "core/compact.h"
#include "core/keep.h"
#include "core/snapshot.h"
#include "git/pack_receive.h"
#include "git/walk.h"
#include "meta/lease.h"
#include "meta/pack.h"

enum { MADE_MAX = 4 };

/* An extent that somebody else owns. */
struct borrowed {
	struct extent extent;
	struct extent *of;
};

/* A new pack, not visible yet. */
struct made {
	enum pack_kind kind;
	struct spool *bytes, *idx;
	struct spool *midx, *bitmap, *graph; /* may be NULL */
	struct borrowed borrowed[2];         /* of `open` */
	struct pack *open;                   /* to find objects in */
	struct oid id;
	uint32_t count;
	int64_t created;
	struct keep keep; /* while its files are stored */
};

struct compacting {
	struct repack_progress repack;   /* first: who gets it finds the rest */
	struct receive_progress receive; /* likewise, by its place */
	struct compact_run *run;
	struct repo repo;
	int64_t now; /* when it was so: seconds since 1970, by the database's clock */
	struct snapshot *snapshot;
	struct pack_row *rows; /* what is live */
	struct pack **packs;   /* of each row */
	bool *source;          /* of each row: it is replaced */
	size_t row_count;
	struct lease lease;
	int64_t renew; /* world->monotonic() by which the lease is to be prolonged */
	struct made made[MADE_MAX];
	uint64_t number; /* of the files that are derived, PACK_DERIVED_NUMBER bits up */
	size_t made_count;
	bool drops; /* objects of old packs of kind PACK_KEPT may go */
};

/* compact_plan.c: what is due, and in `source` what it replaces. */
enum compact_kind compact_plan(
	const struct pack_row *rows, size_t count, int64_t now, int64_t retention, bool *source);
/* All of it anew. */
void compact_plan_full(size_t count, bool *source);

/* compact_make.c: the new packs, checked. */
enum err compact_make_full(struct ctx *c, struct compacting *k) MUST;
enum err compact_make_roll(struct ctx *c, struct compacting *k) MUST;
void compact_made_close(struct made *m);

/* compact_derive.c: one bitmap of all that refs lead to, and a commit-graph. */
enum err compact_derive(struct ctx *c, struct compacting *k) MUST;

/* compact_write.c: packs without a search for deltas. */
struct compact_list {
	struct graph *graph;
	struct numbers objects; /* marked MARK_SEND */
};
void compact_list_add(struct compact_list *list, const struct oid *id);
/* All that the ids lead to, but for what new packs have. */
enum err compact_list_reachable(struct ctx *c, struct compact_list *list, const struct oid *ids,
	size_t count, struct compacting *k) MUST;
enum err compact_write(
	struct ctx *c, struct compacting *k, struct compact_list *list, struct sink *to) MUST;

/* Is it in one of the new packs? */
bool compact_made_has(const struct compacting *k, const struct oid *id);

/* How far it is; prolongs the lease. */
enum err compact_step(
	struct ctx *c, struct compacting *k, const char *stage, uint64_t done, uint64_t all) MUST;

#endif

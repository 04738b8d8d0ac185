/*
 * One pack: its bytes, its index, and its entries as they lie there.
 *
 * Opened once, then read by any number of threads without a lock. Shared by reference counting:
 * every snapshot that lists a pack holds one reference.
 */
#ifndef GIT_PACK_H
#define GIT_PACK_H

#include "base/extent.h"
#include "git/idx.h"
#include "git/object.h"

struct bitmap;
struct bitmap_source;
struct commit_graph;
struct midx;
struct pack_beside;

struct pack {
	enum hash_algo algo;
	struct extent *bytes;     /* owned */
	struct extent *idx_bytes; /* owned */
	struct idx idx;
	uint32_t *positions;    /* of pack_order, made on first need; as `offsets` is */
	uint64_t *offsets;      /* NULL: not made yet */
	struct host_lock *lock; /* for these, and for what is offered */
	/* So many of its first entries have been seen to be sound and to name no base by its id: they
	 * may be sent as they lie there. Atomic. */
	uint32_t plain;
	/* Of this pack, or also of others beside it; NULL: there is none, or nobody wanted it yet
	 * (pack_bitmap). */
	struct bitmap *bitmap;
	struct extent *bitmap_bytes;
	struct pack_beside *beside;          /* of several packs; NULL likewise (pack_midx) */
	struct bitmap_source *bitmap_source; /* owned; NULL: none, or all of it has been opened */
	bool opening;                        /* by one thread: others wait */
	bool midx_lost;                      /* who looks for objects does without */
	/* Of commits that lie in this pack and in others beside it; NULL: there is none. */
	struct commit_graph *commits;
	struct extent *commits_bytes;
	uint64_t derived; /* the owner's: which of these it was given */
	int references;
	char name[OID_HEX_MAX]; /* the trailer's hash in hex: the pack's name in the catalogue */
};

/* Takes both extents over, also when it fails. One reference for the caller. */
enum err pack_open(struct ctx *c, enum hash_algo algo, struct extent *bytes, struct extent *idx,
	struct pack **out) MUST;
/*
 * Gives a pack that nobody else knows yet its bitmap. Takes the extent over, also when it fails; then
 * the pack is as it was.
 */
enum err pack_take_bitmap(struct ctx *c, struct pack *p, struct extent *bytes) MUST;
/*
 * The same for one of several packs, with their index: takes both extents over, and a reference to
 * each of the other packs, which are found among `packs`. ERR_NOT_FOUND when one is not there.
 */
enum err pack_take_midx(struct ctx *c, struct pack *p, struct pack *const *packs, size_t count,
	struct extent *bytes[2]) MUST;
/* Where the bitmap of a pack is to be had, which pages never want, and the index of several packs. */
struct bitmap_source {
	enum err (*open)(struct ctx *c, struct bitmap_source *self, struct extent **bitmap);
	/* Of the multi-pack index that the bitmap is of. NULL: it is of the pack alone. */
	enum err (*open_midx)(struct ctx *c, struct bitmap_source *self, struct extent **midx);
	void (*close)(struct bitmap_source *self);
};
/* Gives a pack that nobody else knows yet a bitmap that is opened on first need. Takes `from` over. */
void pack_offer_bitmap(struct pack *p, struct bitmap_source *from);
/*
 * The pack's bitmap; NULL: there is none, or it cannot be had, which is no error. One that is offered
 * is opened, with those of its packs among `packs`.
 */
enum err pack_bitmap(struct ctx *c, struct pack *p, struct pack *const *packs, size_t count,
	const struct bitmap **out) MUST;
/* A multi-pack index, and its packs as it numbers them. NULL: there is none. */
struct midx_packs {
	const struct midx *midx;
	struct pack *const *packs;
};
/* The multi-pack index that lies beside the pack, for who looks for objects; likewise. Of a large one
 * that lies far away only what is looked at is read. */
enum err pack_midx(struct ctx *c, struct pack *p, struct pack *const *packs, size_t count,
	struct midx_packs *out) MUST;
/* The same as pack_take_bitmap for a commit-graph. */
enum err pack_take_commits(struct ctx *c, struct pack *p, struct extent *bytes) MUST;
struct pack *pack_ref(struct pack *p);
void pack_unref(struct pack *p);

/* An entry's header: type, size when inflated, where its zlib stream starts, and a delta's base. */
struct pack_entry {
	uint64_t offset;       /* of the entry */
	uint64_t data;         /* of the zlib stream */
	uint64_t size;         /* of the inflated bytes: for a delta those of the delta itself */
	enum object_type type; /* as it lies there: a delta has a delta's type */
	uint64_t base_offset;  /* OFS_DELTA */
	struct oid base;       /* REF_DELTA */
};

enum err pack_entry_at(struct ctx *c, struct pack *p, uint64_t offset, struct pack_entry *out) MUST;

/* The end of the entry at `position` of the index = the offset of the next one (or of the trailer).
 */
enum err pack_entry_end(struct ctx *c, struct pack *p, uint32_t position, uint64_t *end) MUST;
/* The position in the index of the entry at `offset`; ERR_CORRUPT when there is none. */
enum err pack_position_at(struct ctx *c, struct pack *p, uint64_t offset, uint32_t *position) MUST;
/* The entries as they lie in the pack: idx.count of them. The pack's own. */
struct pack_order {
	const uint32_t *positions; /* in the index */
	const uint64_t
		*offsets; /* ascending: the index has them by id, so each far from the next */
};
/* All of the index is here then. */
enum err pack_order(struct ctx *c, struct pack *p, struct pack_order *out) MUST;

/* Where in that order the entry at `offset` is; ERR_CORRUPT when there is none. */
enum err pack_order_find(struct ctx *c, struct pack *p, uint64_t offset, uint32_t *at) MUST;

/* Parses an entry header from bytes in memory: what a receiver needs too. *used: its length. */
enum err pack_entry_parse(struct ctx *c, enum hash_algo algo, struct str bytes, uint64_t offset,
	struct pack_entry *out) MUST;
/* Writes type and size as an entry header; returns its length (<= 10). */
size_t pack_entry_header(enum object_type type, uint64_t size, uint8_t out[10]);

#endif

/*
 * Reachability bitmaps (gitformat-bitmap(5)) of one pack, or of several under one index: for some
 * commits the set of all objects that they lead to, a bit for each object in the order of offsets,
 * pack by pack.
 *
 * open/close. Immutable and shared by threads once it is open. The bytes may be hostile: the shape
 * is checked when it is opened, each set when it is read.
 */
#ifndef GIT_BITMAP_H
#define GIT_BITMAP_H

#include "git/ewah.h"
#include "git/fanout.h"
#include "git/midx.h"
#include "git/odb.h"

/* The bits from `first` on, as many as it has objects, are those of one pack. */
struct bitmap_part {
	struct pack *pack;
	struct pack_order order;
	uint32_t first;
};

/* What the bits stand for. Views; the arrays are the maker's. */
struct bitmap_objects {
	struct fanout ids;
	const uint32_t *order; /* the position in ids of each bit */
	uint32_t *bit_of;      /* the bit of each position */
	struct bitmap_part *parts;
	size_t part_count;
	const uint8_t *checksum;
};

/* The objects of a pack; what is made lies in `a`. The pack must outlive them. */
enum err bitmap_objects_of_pack(
	struct ctx *c, struct arena *a, struct pack *p, struct bitmap_objects *out) MUST;
/*
 * The objects of several packs, all of those that the index names, which have none in common. All
 * must outlive them. ERR_CORRUPT; ERR_UNSUPPORTED when the index has no order, or not all objects.
 */
enum err bitmap_objects_of_midx(struct ctx *c, struct arena *a, const struct midx *m,
	struct pack *const *packs, struct bitmap_objects *out) MUST;

/* Where the object with that bit lies. */
struct place bitmap_objects_place(const struct bitmap_objects *o, uint32_t bit);

/* The bit of an object; false where it has none. */
static inline bool bitmap_objects_find(
	const struct bitmap_objects *o, const uint8_t *hash, uint32_t *bit)
{
	uint32_t position = 0;
	if (!fanout_find(&o->ids, hash, &position))
		return false;
	*bit = o->bit_of[position];
	return true;
}

static inline const uint8_t *bitmap_objects_hash(const struct bitmap_objects *o, uint32_t bit)
{
	return fanout_hash(&o->ids, o->order[bit]);
}

/* The set of one commit, in the order of the file. */
struct bitmap_entry {
	uint32_t bit;  /* of the commit */
	uint32_t back; /* this is to be combined with the entry so many before; 0: with none */
	struct ewah set;
};

enum { BITMAP_TYPES = 4 };

struct bitmap {
	struct arena arena;
	struct bitmap_objects objects;
	struct bits types[BITMAP_TYPES + 1]; /* by enum object_type */
	struct bitmap_entry *entries;
	uint32_t entry_count;
	uint32_t *slots;      /* entry + 1 by hash of the commit's bit; 0: free */
	uint32_t slot_count;  /* a power of two */
	const uint8_t *names; /* hashes of names by position in ids; NULL: the file has none */
};

/*
 * Opens the bitmap of a pack from bytes that the caller keeps open as long. ERR_CORRUPT;
 * ERR_UNSUPPORTED for a version or an option that is not known.
 */
enum err bitmap_open(
	struct ctx *c, struct pack *p, struct str bytes, bool verify, struct bitmap **out) MUST;
/* The bitmap of several packs: as bitmap_objects_of_midx says. */
enum err bitmap_open_midx(struct ctx *c, const struct midx *m, struct pack *const *packs,
	struct str bytes, bool verify, struct bitmap **out) MUST;
void bitmap_close(struct bitmap *b);

/* An empty set for this bitmap's objects, in `a`. */
static inline struct bits bitmap_bits(const struct bitmap *b, struct arena *a)
{
	return bits_make(a, b->objects.ids.count);
}

/* The entry of the commit with that bit; false where there is none. */
bool bitmap_find(const struct bitmap *b, uint32_t bit, uint32_t *entry);

/*
 * Adds all that the entry's commit leads to. `work` is a set of the same size, for the moment.
 * ERR_CORRUPT.
 */
enum err bitmap_add(struct ctx *c, const struct bitmap *b, uint32_t entry, struct bits *work,
	struct bits *to) MUST;

/* The type of the object with that bit; OBJECT_NONE where the file does not say. */
enum object_type bitmap_type(const struct bitmap *b, uint32_t bit);

#endif

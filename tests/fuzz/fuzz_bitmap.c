/*
 * A bitmap beside a small pack that is always the same: whatever was opened can be used.
 *
 * Input: the file from its options on; signature and checksum are put before.
 */
#include "git/bitmap.h"

#include "base/buf.h"
#include "fuzz.h"

enum { OBJECTS = 100, LAST = 12 };

/* Ids 0101…, 0202…; entries of 10 bytes that lie one behind the other. */
static struct pack *pack_make(struct ctx *c, struct extent_bytes extents[2])
{
	struct buf pack = {.arena = c->arena}, idx = {.arena = c->arena};
	uint8_t id[20];
	struct pack *out = NULL;
	buf_bytes(&pack, "PACK\0\0\0\2\0\0\0\x64", 12);
	for (int i = 0; i < OBJECTS; i++)
		buf_bytes(&pack, "\x10*********", 10);
	buf_bytes(&pack, "the hash of the pack", 20);
	buf_bytes(&idx, "\377tOc\0\0\0\2", 8);
	for (uint32_t i = 0; i < 256; i++)
		buf_be32(&idx, i < OBJECTS ? i + 1 : OBJECTS);
	for (int i = 0; i < OBJECTS; i++)
		buf_bytes(&idx, memset(id, i, sizeof id), sizeof id);
	for (uint32_t i = 0; i < OBJECTS; i++)
		buf_be32(&idx, 0);
	for (uint32_t i = 0; i < OBJECTS; i++)
		buf_be32(&idx, LAST + 10 * (OBJECTS - 1 - i));
	buf_bytes(&idx, "the hash of the packthe hash of the idx.", 40);
	extent_bytes_init(&extents[0], pack.at, pack.len);
	extent_bytes_init(&extents[1], idx.at, idx.len);
	enum err err = pack_open(c, HASH_SHA1, &extents[0].extent, &extents[1].extent, &out);
	ASSERT(!err);
	return out;
}

static void use(struct ctx *c, const struct bitmap *b)
{
	struct bits work = bitmap_bits(b, c->arena), set = bitmap_bits(b, c->arena);
	for (uint32_t i = 0; i < b->entry_count; i++) {
		uint32_t entry = 0;
		ASSERT(bitmap_find(b, b->entries[i].bit, &entry) && entry == i);
		if (!bitmap_add(c, b, i, &work, &set))
			ASSERT(bits_count(&set) <= OBJECTS);
	}
	for (uint32_t i = 0; i < OBJECTS; i++)
		ASSERT(bitmap_type(b, i) <= OBJECT_TAG);
	struct oid first = oid_zero(HASH_SHA1);
	if (b->names)
		first.hash[0] = b->names[4 * OBJECTS - 1]; /* can be read */
	ASSERT(first.algo);
}

static void fuzz_one(struct ctx *c, struct str input)
{
	struct extent_bytes extents[2];
	struct pack *pack = pack_make(c, extents);
	struct buf file = {.arena = c->arena};
	struct bitmap *b = NULL;
	buf_bytes(&file, "BITM\0\1", 6);
	buf_str(&file, str_until(input, 6));
	buf_bytes(&file, "the hash of the pack", 20);
	buf_str(&file, str_from_index(input, 6));
	buf_bytes(&file, "no hash is looked at", 20);
	if (!bitmap_open(c, pack, buf_view(&file), false, &b))
		use(c, b);
	bitmap_close(b);
	pack_unref(pack);
}

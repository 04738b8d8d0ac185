/*
 * A multi-pack index, and the bitmap upon it, beside two small packs that are always the same:
 * whatever was opened can be used.
 *
 * Input: the length of the index (two bytes), the index, and the bitmap from its options on. The
 * index's hash is put right, and what lies before and behind the bitmap is put there.
 */
#include "git/bitmap.h"

#include "base/buf.h"
#include "fuzz.h"

enum { FIRST = 40, SECOND = 30, OBJECTS = FIRST + SECOND, ENTRY = 10, HEAD = 12, HASH = 20 };

static const char *const trailers[] = {"the first pack's sum", "the second one's sum"};

/* Ids 0000…, 0202… or 0101…, 0303…; entries of 10 bytes that lie one behind the other. */
static struct pack *pack_make(struct ctx *c, int number, int count)
{
	struct buf pack = {.arena = c->arena}, idx = {.arena = c->arena};
	struct extent_bytes *extents = NEW_ARRAY(c->arena, struct extent_bytes, 2);
	uint8_t id[HASH];
	struct pack *out = NULL;
	buf_bytes(&pack, "PACK\0\0\0\2", 8);
	buf_be32(&pack, (uint32_t)count);
	for (int i = 0; i < count; i++)
		buf_bytes(&pack, "\x10*********", ENTRY);
	buf_bytes(&pack, trailers[number], HASH);
	buf_bytes(&idx, "\377tOc\0\0\0\2", 8);
	for (int i = 0, at = 0; i < 256; i++) {
		at += at < count && i == 2 * at + number;
		buf_be32(&idx, (uint32_t)at);
	}
	for (int i = 0; i < count; i++)
		buf_bytes(&idx, memset(id, 2 * i + number, sizeof id), sizeof id);
	for (int i = 0; i < count; i++)
		buf_be32(&idx, 0);
	for (int i = 0; i < count; i++)
		buf_be32(&idx, (uint32_t)(HEAD + ENTRY * (count - 1 - i)));
	buf_bytes(&idx, trailers[number], HASH);
	buf_bytes(&idx, "the hash of the idx.", HASH);
	extent_bytes_init(&extents[0], pack.at, pack.len);
	extent_bytes_init(&extents[1], idx.at, idx.len);
	enum err err = pack_open(c, HASH_SHA1, &extents[0].extent, &extents[1].extent, &out);
	ASSERT(!err);
	return out;
}

/* By windows too, of which none is past the end: the extent would say so. */
static void use_midx(struct ctx *c, const struct midx *m, struct str file, bool verified)
{
	const struct fanout ids = midx_ids(m);
	struct extent_bytes bytes;
	struct midx far = *m;
	extent_bytes_init(&bytes, file.at, file.len);
	far.file.bytes = &bytes.extent;
	far.file.all = NULL;
	for (uint32_t i = 0; i < m->count; i++) {
		uint32_t pack = 0, at = 0, same = 0;
		uint64_t offset = 0, there = 0;
		struct oid id = oid_from_bytes(HASH_SHA1, fanout_hash(&ids, i));
		bool found;
		enum err err = midx_place(c, m, i, &pack, &offset);
		ASSERT(err ? err == ERR_CORRUPT && !verified : pack < m->pack_count);
		ASSERT(midx_place(c, &far, i, &same, &there) == err);
		ASSERT(err || (pack == same && offset == there));
		ASSERT(!midx_look_up(c, m, &id, &at, &found) && (!found || at < m->count));
		ASSERT(!verified || (found && at == i));
		ASSERT(!midx_look_up(c, &far, &id, &at, &found) && (!found || at < m->count));
		ASSERT(!verified || (found && at == i));
	}
}

/* Each object has one bit, and is where that says. */
static void use_objects(const struct bitmap_objects *o)
{
	for (uint32_t bit = 0; bit < o->ids.count; bit++) {
		struct place place = bitmap_objects_place(o, bit);
		const uint8_t *hash = bitmap_objects_hash(o, bit);
		ASSERT(o->bit_of[o->order[bit]] == bit);
		ASSERT(memcmp(idx_hash(&place.pack->idx, place.position), hash, HASH) == 0);
	}
}

static void use_bitmap(struct ctx *c, const struct bitmap *b)
{
	struct bits work = bitmap_bits(b, c->arena), set = bitmap_bits(b, c->arena);
	for (uint32_t i = 0; i < b->entry_count; i++) {
		uint32_t entry = 0;
		ASSERT(bitmap_find(b, b->entries[i].bit, &entry) && entry == i);
		if (!bitmap_add(c, b, i, &work, &set))
			ASSERT(bits_count(&set) <= OBJECTS);
	}
	for (uint32_t bit = 0; bit < b->objects.ids.count; bit++)
		ASSERT(bitmap_type(b, bit) <= OBJECT_TAG);
}

static void open_bitmap(
	struct ctx *c, const struct midx *m, struct pack *const *packs, struct str rest)
{
	struct bitmap_objects objects;
	struct bitmap *b = NULL;
	struct buf file = {.arena = c->arena};
	buf_bytes(&file, "BITM\0\1", 6);
	buf_str(&file, str_until(rest, 6));
	buf_bytes(&file, midx_checksum(m), HASH);
	buf_str(&file, str_from_index(rest, 6));
	buf_bytes(&file, "no hash is looked at", HASH);
	if (bitmap_objects_of_midx(c, c->arena, m, packs, &objects))
		return;
	use_objects(&objects);
	if (!bitmap_open_midx(c, m, packs, buf_view(&file), false, &b))
		use_bitmap(c, b);
	bitmap_close(b);
}

static void fuzz_one(struct ctx *c, struct str input)
{
	size_t len = input.len < 2 ? 0 : (uint8_t)input.at[0] << 8 | (uint8_t)input.at[1];
	struct str rest = str_from_index(input, 2);
	struct str file = str_copy(c->arena, str_until(rest, len));
	struct pack *packs[] = {pack_make(c, 0, FIRST), pack_make(c, 1, SECOND)};
	struct midx m;
	if (file.len > HASH)
		hash_once(HASH_SHA1, file.at, file.len - HASH,
			(uint8_t *)(uintptr_t)file.at + file.len - HASH);
	if (!midx_parse(c, HASH_SHA1, file, true, &m))
		use_midx(c, &m, file, true);
	if (!midx_parse(c, HASH_SHA1, file, false, &m)) {
		struct pack **named = NEW_ARRAY(c->arena, struct pack *, m.pack_count);
		use_midx(c, &m, file, false);
		if (!midx_packs(c, &m, packs, 2, named))
			open_bitmap(c, &m, named, str_from_index(rest, len));
	}
	pack_unref(packs[0]);
	pack_unref(packs[1]);
}

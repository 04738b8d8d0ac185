#include "git/bitmap.h"

#include "base/host.h"

enum {
	HEAD = 12,
	ENTRY_HEAD = 6,
	BACK_MAX = 160, /* as in git */
	OPTION_FULL = 1,
	OPTION_NAMES = 4,
	OPTION_TABLE = 16,
	TABLE_ROW = 16,
	CHECK_EVERY = 256,
};

static const uint32_t no_bit = UINT32_MAX;

static enum err part_make(struct ctx *c, struct pack *p, uint32_t first, struct bitmap_part *out)
{
	*out = (struct bitmap_part){.pack = p, .first = first};
	return pack_order(c, p, &out->order);
}

enum err bitmap_objects_of_pack(
	struct ctx *c, struct arena *a, struct pack *p, struct bitmap_objects *out)
{
	*out = (struct bitmap_objects){
		.checksum = p->idx.pack_hash, .parts = NEW(a, struct bitmap_part), .part_count = 1};
	TRY(part_make(c, p, 0, out->parts));
	out->ids = idx_ids(&p->idx);
	out->order = out->parts->order.positions;
	out->bit_of = arena_raw(a, (size_t)out->ids.count * sizeof *out->bit_of);
	for (uint32_t bit = 0; bit < out->ids.count; bit++)
		out->bit_of[out->order[bit]] = bit;
	return OK;
}

/* The packs in the order of bits: that of the first bit, then the others as they are numbered. */
static enum err parts_make(struct ctx *c, struct arena *a, const struct midx *m,
	struct pack *const *packs, struct bitmap_objects *out)
{
	uint32_t preferred = 0, position = get_be32(midx_order(m));
	uint64_t offset = 0, first = 0;
	if (position >= m->count)
		return fail(c, ERR_CORRUPT, "a multi-pack index has an order of nothing");
	TRY(midx_place(c, m, position, &preferred, &offset));
	out->parts = NEW_ARRAY(a, struct bitmap_part, m->pack_count);
	for (uint32_t i = 0; i < m->pack_count; i++) {
		uint32_t number = i == 0 ? preferred : i <= preferred ? i - 1 : i;
		TRY(part_make(c, packs[number], (uint32_t)first, &out->parts[i]));
		first += packs[number]->idx.count;
		if (first > m->count)
			break;
	}
	if (first != m->count)
		return fail(c, ERR_UNSUPPORTED,
			"a multi-pack index is of packs that have objects in common");
	out->part_count = m->pack_count;
	return OK;
}

/* Each bit's id must be the one that lies in its pack at that place, and no other bit's. */
static enum err order_take(struct ctx *c, const struct midx *m, const struct bitmap_part *part,
	uint32_t *order, uint32_t *bit_of)
{
	size_t size = hash_size(m->algo);
	const struct fanout ids = midx_ids(m);
	const uint8_t *all = midx_order(m);
	for (uint32_t i = 0; i < part->pack->idx.count; i++) {
		uint32_t bit = part->first + i;
		uint32_t position = get_be32(all + (size_t)bit * 4);
		const uint8_t *hash = idx_hash(&part->pack->idx, part->order.positions[i]);
		if (position >= m->count || bit_of[position] != no_bit ||
			memcmp(fanout_hash(&ids, position), hash, size) != 0)
			return fail(c, ERR_CORRUPT,
				"a multi-pack index does not order pack %s as it lies there",
				part->pack->name);
		order[bit] = position;
		bit_of[position] = bit;
	}
	return OK;
}

enum err bitmap_objects_of_midx(struct ctx *c, struct arena *a, const struct midx *m,
	struct pack *const *packs, struct bitmap_objects *out)
{
	*out = (struct bitmap_objects){.ids = midx_ids(m), .checksum = midx_checksum(m)};
	if (!m->order.at || !m->count)
		return fail(c, ERR_UNSUPPORTED, "a multi-pack index has no order for bitmaps");
	TRY(parts_make(c, a, m, packs, out));
	size_t size = (size_t)m->count * sizeof(uint32_t);
	uint32_t *order = arena_raw(a, size);
	out->order = order;
	out->bit_of = memset(arena_raw(a, size), 0xff, size);
	for (size_t i = 0; i < out->part_count; i++)
		TRY(order_take(c, m, &out->parts[i], order, out->bit_of));
	return OK;
}

struct place bitmap_objects_place(const struct bitmap_objects *o, uint32_t bit)
{
	const struct bitmap_part *part = &o->parts[o->part_count - 1];
	while (part->first > bit)
		part--;
	uint32_t at = bit - part->first;
	return (struct place){part->pack, part->order.positions[at], part->order.offsets[at]};
}

static enum err head_parse(struct ctx *c, const struct bitmap *b, struct str bytes)
{
	size_t size = hash_size(b->objects.ids.algo);
	if (bytes.len < HEAD + 2 * size || memcmp(bytes.at, "BITM\0\1", 6) != 0)
		return fail(c, ERR_CORRUPT, "this is no bitmap of version 1");
	unsigned options = get_be32(bytes.at + 4) & 0xffff;
	if (!(options & OPTION_FULL) ||
		(options & ~(unsigned)(OPTION_FULL | OPTION_NAMES | OPTION_TABLE)))
		return fail(
			c, ERR_UNSUPPORTED, "a bitmap has options that are not known: %x", options);
	if (memcmp(bytes.at + HEAD, b->objects.checksum, size) != 0)
		return fail(c, ERR_CORRUPT, "a bitmap is that of another pack");
	return OK;
}

static enum err hash_verify(struct ctx *c, const struct bitmap *b, struct str bytes)
{
	size_t size = hash_size(b->objects.ids.algo);
	uint8_t digest[HASH_MAX];
	hash_once(b->objects.ids.algo, bytes.at, bytes.len - size, digest);
	if (memcmp(digest, bytes.at + bytes.len - size, size) != 0)
		return fail(c, ERR_CORRUPT, "a bitmap does not have the hash that it says");
	return OK;
}

/* Cuts what lies at the end off: hashes of names, and a table of what is read here anyway. */
static enum err tail_cut(
	struct ctx *c, struct bitmap *b, unsigned options, uint32_t entries, struct str *rest)
{
	uint64_t names = options & OPTION_NAMES ? (uint64_t)b->objects.ids.count * 4 : 0;
	uint64_t table = options & OPTION_TABLE ? (uint64_t)entries * TABLE_ROW : 0;
	if (names + table > rest->len)
		return fail(c, ERR_CORRUPT, "a bitmap is too short for what it says to have");
	if (names)
		b->names = (const uint8_t *)rest->at + rest->len - (size_t)names;
	rest->len -= (size_t)(names + table);
	return OK;
}

static void slots_add(struct bitmap *b, uint32_t entry)
{
	uint32_t at = b->entries[entry].bit * 0x9e3779b1 & (b->slot_count - 1);
	while (b->slots[at])
		at = (at + 1) & (b->slot_count - 1);
	b->slots[at] = entry + 1;
}

static enum err entry_parse(struct ctx *c, struct bitmap *b, struct str *rest)
{
	uint32_t number = b->entry_count, ignored = 0;
	struct bitmap_entry *e = &b->entries[number];
	if (rest->len < ENTRY_HEAD)
		return fail(c, ERR_CORRUPT, "a bitmap ends within an entry");
	uint32_t position = get_be32(rest->at);
	e->back = (uint8_t)rest->at[4];
	*rest = str_from_index(*rest, ENTRY_HEAD);
	if (position >= b->objects.ids.count || e->back > number || e->back > BACK_MAX)
		return fail(c, ERR_CORRUPT, "a bitmap has an entry that stands for nothing");
	e->bit = b->objects.bit_of[position];
	TRY(ewah_cut(c, rest, &e->set));
	if (bitmap_find(b, e->bit, &ignored))
		return fail(c, ERR_CORRUPT, "a bitmap has two entries for a commit");
	b->entry_count++;
	slots_add(b, number);
	return OK;
}

static enum err entries_parse(struct ctx *c, struct bitmap *b, uint32_t count, struct str *rest)
{
	if (count > rest->len / ENTRY_HEAD || count > b->objects.ids.count)
		return fail(c, ERR_CORRUPT, "a bitmap cannot have %u entries", count);
	b->entries = NEW_ARRAY(&b->arena, struct bitmap_entry, count);
	for (b->slot_count = 4; b->slot_count < count * 2;)
		b->slot_count *= 2;
	b->slots = NEW_ARRAY(&b->arena, uint32_t, b->slot_count);
	for (uint32_t i = 0; i < count; i++)
		TRY(entry_parse(c, b, rest));
	return OK;
}

static enum err parse(struct ctx *c, struct bitmap *b, struct str bytes, bool verify)
{
	size_t size = hash_size(b->objects.ids.algo);
	TRY(head_parse(c, b, bytes));
	if (verify)
		TRY(hash_verify(c, b, bytes));
	unsigned options = get_be32(bytes.at + 4) & 0xffff;
	uint32_t count = get_be32(bytes.at + 8);
	struct str rest =
		str_until(str_from_index(bytes, HEAD + size), bytes.len - HEAD - 2 * size);
	TRY(tail_cut(c, b, options, count, &rest));
	for (int type = OBJECT_COMMIT; type <= OBJECT_TAG; type++) {
		struct ewah set;
		TRY(ewah_cut(c, &rest, &set));
		b->types[type] = bitmap_bits(b, &b->arena);
		TRY(ewah_or(c, &set, &b->types[type]));
	}
	return entries_parse(c, b, count, &rest);
}

/* Of one pack, or of those under `m`. */
static enum err open_either(struct ctx *c, const struct midx *m, struct pack *const *packs,
	struct str bytes, bool verify, struct bitmap **out)
{
	struct bitmap *b = host_alloc(sizeof *b);
	*b = (struct bitmap){0};
	arena_init(&b->arena);
	enum err err = m ? bitmap_objects_of_midx(c, &b->arena, m, packs, &b->objects)
			 : bitmap_objects_of_pack(c, &b->arena, packs[0], &b->objects);
	if (!err)
		err = parse(c, b, bytes, verify);
	if (err)
		bitmap_close(b);
	else
		*out = b;
	return err;
}

enum err bitmap_open(
	struct ctx *c, struct pack *p, struct str bytes, bool verify, struct bitmap **out)
{
	return open_either(c, NULL, &p, bytes, verify, out);
}

enum err bitmap_open_midx(struct ctx *c, const struct midx *m, struct pack *const *packs,
	struct str bytes, bool verify, struct bitmap **out)
{
	return open_either(c, m, packs, bytes, verify, out);
}

void bitmap_close(struct bitmap *b)
{
	if (!b)
		return;
	arena_done(&b->arena);
	host_free(b, sizeof *b);
}

bool bitmap_find(const struct bitmap *b, uint32_t bit, uint32_t *entry)
{
	uint32_t at = bit * 0x9e3779b1 & (b->slot_count - 1);
	while (b->slots[at] && b->entries[b->slots[at] - 1].bit != bit)
		at = (at + 1) & (b->slot_count - 1);
	*entry = b->slots[at] - 1;
	return b->slots[at] != 0;
}

enum err bitmap_add(
	struct ctx *c, const struct bitmap *b, uint32_t entry, struct bits *work, struct bits *to)
{
	if (!b->entries[entry].back)
		return ewah_or(c, &b->entries[entry].set, to);
	bits_clear(work);
	for (uint32_t steps = 1; true; steps++) {
		const struct bitmap_entry *e = &b->entries[entry];
		if (steps % CHECK_EVERY == 0)
			TRY(ctx_check(c));
		TRY(ewah_xor(c, &e->set, work));
		if (!e->back)
			break;
		entry -= e->back;
	}
	bits_or(to, work);
	return OK;
}

enum object_type bitmap_type(const struct bitmap *b, uint32_t bit)
{
	for (int type = OBJECT_COMMIT; type <= OBJECT_TAG; type++)
		if (bits_has(&b->types[type], bit))
			return (enum object_type)type;
	return OBJECT_NONE;
}

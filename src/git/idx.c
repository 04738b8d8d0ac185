#include "git/idx.h"

#include "base/buf.h"
#include "base/sort.h"
#include "git/hashing.h"

enum {
	IDX_MAGIC = 0xff744f63,
	IDX_HEAD = 8,
	IDS = IDX_HEAD + FANOUT_SIZE, /* where they begin */
	AT_ONCE = 4 << 20,            /* what is larger, and far away, is not read whole */
};

static const uint64_t large = 0x80000000;
static const char *const what = "a pack index";

/* Where the tables begin. */
static uint64_t crcs_at(const struct idx *idx)
{
	return IDS + (uint64_t)idx->count * hash_size(idx->algo);
}

static uint64_t offsets_at(const struct idx *idx)
{
	return crcs_at(idx) + (uint64_t)idx->count * 4;
}

static uint64_t large_offsets_at(const struct idx *idx)
{
	return offsets_at(idx) + (uint64_t)idx->count * 4;
}

/* Here or not. */
static struct fanout ids_of(const struct idx *idx)
{
	const struct fanout list = {
		.algo = idx->algo, .count = idx->count, .table = idx->fanout, .at = IDS};
	return lookup_ids(&idx->file, list);
}

struct fanout idx_ids(const struct idx *idx)
{
	struct fanout ids = ids_of(idx);
	ASSERT(ids.ids);
	return ids;
}

static enum err idx_verify(struct ctx *c, const struct idx *idx, struct str bytes)
{
	size_t size = hash_size(idx->algo);
	uint8_t digest[HASH_MAX];
	hash_once(idx->algo, bytes.at, bytes.len - size, digest);
	if (memcmp(digest, bytes.at + bytes.len - size, size) != 0)
		return fail(c, ERR_CORRUPT, "a pack index does not have the hash that it says");
	struct fanout ids = idx_ids(idx);
	TRY(fanout_verify(c, &ids));
	for (uint32_t i = 0; i < idx->count; i++)
		if (idx_offset(idx, i) == UINT64_MAX)
			return fail(c, ERR_CORRUPT, "a pack index has a bad offset");
	return OK;
}

/* Two hashes come last, whatever lies between. */
static enum err long_enough(struct ctx *c, enum hash_algo algo, uint64_t len)
{
	if (len < IDS + 2 * hash_size(algo))
		return fail(c, ERR_CORRUPT, "this is no pack index of version 2");
	return OK;
}

/* From its first IDS bytes and its length. */
static enum err head_parse(
	struct ctx *c, enum hash_algo algo, const uint8_t *head, uint64_t len, struct idx *out)
{
	struct fanout ids;
	size_t size = hash_size(algo);
	if (get_be32(head) != IDX_MAGIC || get_be32(head + 4) != 2)
		return fail(c, ERR_CORRUPT, "this is no pack index of version 2");
	TRY(fanout_parse(c, algo, head + IDX_HEAD, &ids));
	*out = (struct idx){.algo = algo, .count = ids.count, .fanout = ids.table};
	uint64_t tables = (uint64_t)out->count * (size + 8), rest = len - IDS - 2 * size;
	if (rest < tables || (rest - tables) % 8 || (rest - tables) / 8 > out->count)
		return fail(c, ERR_CORRUPT, "a pack index of %u objects cannot have %llu bytes",
			out->count, (unsigned long long)len);
	out->large_count = (rest - tables) / 8;
	return OK;
}

enum err idx_parse(
	struct ctx *c, enum hash_algo algo, struct str bytes, bool verify, struct idx *out)
{
	const uint8_t *at = (const uint8_t *)bytes.at;
	TRY(long_enough(c, algo, bytes.len));
	TRY(head_parse(c, algo, at, bytes.len, out));
	out->file = (struct lookup){.what = what, .size = bytes.len, .all = at};
	out->pack_hash = at + bytes.len - 2 * hash_size(algo);
	return verify ? idx_verify(c, out, bytes) : OK;
}

enum err idx_open(struct ctx *c, enum hash_algo algo, struct extent *bytes, struct idx *out)
{
	const uint8_t *head = NULL;
	size_t tail = 2 * hash_size(algo);
	TRY(long_enough(c, algo, bytes->size));
	TRY(extent_window(c, bytes, 0, IDS, &head));
	TRY(head_parse(c, algo, head, bytes->size, out));
	TRY(lookup_open(c, what, bytes, AT_ONCE, &out->file));
	return extent_window(c, bytes, bytes->size - tail, tail, &out->pack_hash);
}

enum err idx_whole(struct ctx *c, struct idx *idx)
{
	return lookup_whole(c, &idx->file);
}

const uint8_t *idx_hash(const struct idx *idx, uint32_t position)
{
	struct fanout ids = idx_ids(idx);
	return fanout_hash(&ids, position);
}

struct oid idx_oid(const struct idx *idx, uint32_t position)
{
	return oid_from_bytes(idx->algo, idx_hash(idx, position));
}

uint32_t idx_crc(const struct idx *idx, uint32_t position)
{
	return get_be32(lookup_all(&idx->file) + crcs_at(idx) + (size_t)position * 4);
}

uint64_t idx_offset(const struct idx *idx, uint32_t position)
{
	const uint8_t *all = lookup_all(&idx->file);
	uint64_t offset = get_be32(all + offsets_at(idx) + (size_t)position * 4);
	if (!(offset & large))
		return offset;
	offset &= ~large;
	if (offset >= idx->large_count)
		return UINT64_MAX;
	return get_be64(all + large_offsets_at(idx) + (size_t)offset * 8);
}

bool idx_find(const struct idx *idx, const struct oid *id, uint32_t *position)
{
	if (id->algo != idx->algo)
		return false;
	struct fanout ids = idx_ids(idx);
	return fanout_find(&ids, id->hash, position);
}

/* Of an index that is not all here. The table is short beside that of the ids, and in pieces of this
 * size it is soon all here. */
static enum err offset_at(struct ctx *c, const struct idx *idx, uint32_t position, uint64_t *out)
{
	enum { PIECE = 128 << 10 };
	const uint8_t *at = NULL;
	uint64_t where = offsets_at(idx) + (uint64_t)position * 4;
	uint64_t from = where / PIECE * PIECE, to = from + PIECE;
	from = from < offsets_at(idx) ? offsets_at(idx) : from;
	to = to < large_offsets_at(idx) ? to : large_offsets_at(idx);
	TRY(lookup_window(c, &idx->file, from, (size_t)(to - from), &at));
	*out = get_be32(at + (where - from));
	if (!(*out & large))
		return OK;
	uint64_t number = *out & ~large;
	*out = UINT64_MAX;
	if (number >= idx->large_count)
		return OK;
	TRY(lookup_window(c, &idx->file, large_offsets_at(idx) + number * 8, 8, &at));
	*out = get_be64(at);
	return OK;
}

enum err idx_look_up(
	struct ctx *c, const struct idx *idx, const struct oid *id, struct idx_hit *out)
{
	struct fanout ids = ids_of(idx);
	*out = (struct idx_hit){0};
	if (id->algo != idx->algo)
		return OK;
	TRY(fanout_look_up(c, &ids, id->hash, &out->position, &out->found));
	if (!out->found)
		return OK;
	if (!ids.ids)
		return offset_at(c, idx, out->position, &out->offset);
	out->offset = idx_offset(idx, out->position);
	return OK;
}

enum err idx_lower_bound(struct ctx *c, const struct idx *idx, const uint8_t *prefix, size_t digits,
	uint32_t *position)
{
	struct fanout ids = ids_of(idx);
	uint8_t hash[HASH_MAX] = {0};
	size_t bytes = digits / 2;
	ASSERT(digits <= 2 * hash_size(idx->algo));
	memcpy(hash, prefix, bytes);
	if (digits % 2)
		hash[bytes] = prefix[bytes] & 0xf0;
	return fanout_bound(c, &ids, hash, position);
}

enum err idx_oid_at(struct ctx *c, const struct idx *idx, uint32_t position, struct oid *out)
{
	struct fanout ids = ids_of(idx);
	const uint8_t *hash = NULL;
	TRY(fanout_id_at(c, &ids, position, &hash));
	*out = oid_from_bytes(idx->algo, hash);
	return OK;
}

static int entry_cmp(const void *a, const void *b, const void *arg)
{
	const struct idx_entry *entries = arg;
	const uint32_t *x = a, *y = b;
	return memcmp(entries[*x].id.hash, entries[*y].id.hash, HASH_MAX);
}

/* Puts entries[order[i]] at i for all i, cycle by cycle; uses `order` up. */
static void permute(struct idx_entry *entries, uint32_t *order, uint32_t count)
{
	for (uint32_t start = 0; start < count; start++) {
		struct idx_entry first = entries[start];
		uint32_t at = start;
		while (order[at] != start) {
			uint32_t from = order[at];
			entries[at] = entries[from];
			order[at] = at;
			at = from;
		}
		entries[at] = first;
		order[at] = at;
	}
}

static void sort_entries(struct ctx *c, struct idx_entry *entries, uint32_t count)
{
	struct arena_mark mark = arena_mark(c->arena);
	uint32_t *order = arena_raw(c->arena, (size_t)count * sizeof *order);
	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	sort_array(c->arena, order, count, sizeof *order, entry_cmp, entries);
	permute(entries, order, count);
	arena_rewind(c->arena, mark);
}

static enum err write_be32(struct ctx *c, struct sink *to, uint32_t value)
{
	uint8_t bytes[4];
	put_be32(bytes, value);
	return sink_write(c, to, bytes, sizeof bytes);
}

static enum err write_fanout(
	struct ctx *c, const struct idx_entry *entries, uint32_t count, struct sink *to)
{
	uint32_t at = 0;
	for (unsigned byte = 0; byte < 256; byte++) {
		while (at < count && entries[at].id.hash[0] <= byte)
			at++;
		TRY(write_be32(c, to, at));
	}
	return OK;
}

static enum err write_offsets(
	struct ctx *c, const struct idx_entry *entries, uint32_t count, struct sink *to)
{
	uint32_t larges = 0;
	for (uint32_t i = 0; i < count; i++) {
		bool is_large = entries[i].offset >= large;
		uint32_t value =
			is_large ? (uint32_t)large | larges++ : (uint32_t)entries[i].offset;
		TRY(write_be32(c, to, value));
	}
	for (uint32_t i = 0; larges && i < count; i++) {
		if (entries[i].offset < large)
			continue;
		TRY(write_be32(c, to, (uint32_t)(entries[i].offset >> 32)));
		TRY(write_be32(c, to, (uint32_t)entries[i].offset));
	}
	return OK;
}

enum err idx_write(struct ctx *c, enum hash_algo algo, struct idx_entry *entries, uint32_t count,
	const uint8_t *pack_hash, struct sink *to)
{
	struct hashing out;
	hashing_init(c, &out, algo, to);
	sort_entries(c, entries, count);
	TRY(write_be32(c, &out.sink, IDX_MAGIC));
	TRY(write_be32(c, &out.sink, 2));
	TRY(write_fanout(c, entries, count, &out.sink));
	for (uint32_t i = 0; i < count; i++)
		TRY(sink_write(c, &out.sink, entries[i].id.hash, hash_size(algo)));
	for (uint32_t i = 0; i < count; i++)
		TRY(write_be32(c, &out.sink, entries[i].crc));
	TRY(write_offsets(c, entries, count, &out.sink));
	TRY(sink_write(c, &out.sink, pack_hash, hash_size(algo)));
	return hashing_end(c, &out, NULL);
}

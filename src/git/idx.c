#include "git/idx.h"

#include "base/buf.h"
#include "base/sort.h"
#include "git/fanout.h"
#include "git/hashing.h"

enum {
	IDX_MAGIC = 0xff744f63,
	IDX_HEAD = 8,
	IDS = IDX_HEAD + FANOUT_SIZE, /* where they begin */
	AT_ONCE = 4 << 20,            /* what is larger, and far away, is not read whole */
	NEAR = 16,
};

static const uint64_t large = 0x80000000;

static const uint8_t *all_of(const struct idx *idx)
{
	return __atomic_load_n(&idx->all, __ATOMIC_ACQUIRE);
}

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

struct fanout idx_ids(const struct idx *idx)
{
	const uint8_t *all = all_of(idx);
	ASSERT(all);
	return (struct fanout){idx->algo, idx->count, idx->fanout, all + IDS};
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
	out->all = at;
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
	out->bytes = bytes;
	if (!bytes->far || bytes->size <= AT_ONCE)
		TRY(idx_whole(c, out));
	return extent_window(c, bytes, bytes->size - tail, tail, &out->pack_hash);
}

enum err idx_whole(struct ctx *c, struct idx *idx)
{
	const uint8_t *all = NULL;
	if (all_of(idx))
		return OK;
	if (idx->bytes->size > SIZE_MAX / 2)
		return fail(c, ERR_TOO_BIG, "a pack index is too big");
	TRY(extent_window(c, idx->bytes, 0, (size_t)idx->bytes->size, &all));
	__atomic_store_n(&idx->all, all, __ATOMIC_RELEASE);
	return OK;
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
	return get_be32(all_of(idx) + crcs_at(idx) + (size_t)position * 4);
}

uint64_t idx_offset(const struct idx *idx, uint32_t position)
{
	const uint8_t *all = all_of(idx);
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

/* ---- looks at one that is not here as a whole */

static enum err hash_at(
	struct ctx *c, const struct idx *idx, uint32_t position, const uint8_t **out)
{
	size_t size = hash_size(idx->algo);
	return extent_window(c, idx->bytes, IDS + (uint64_t)position * size, size, out);
}

/* The table is short beside that of the ids, and in pieces of this size it is soon all here. */
static enum err offset_at(struct ctx *c, const struct idx *idx, uint32_t position, uint64_t *out)
{
	enum { PIECE = 128 << 10 };
	const uint8_t *at = NULL;
	uint64_t where = offsets_at(idx) + (uint64_t)position * 4;
	uint64_t from = where / PIECE * PIECE, to = from + PIECE;
	from = from < offsets_at(idx) ? offsets_at(idx) : from;
	to = to < large_offsets_at(idx) ? to : large_offsets_at(idx);
	TRY(extent_window(c, idx->bytes, from, (size_t)(to - from), &at));
	*out = get_be32(at + (where - from));
	if (!(*out & large))
		return OK;
	uint64_t number = *out & ~large;
	*out = UINT64_MAX;
	if (number >= idx->large_count)
		return OK;
	TRY(extent_window(c, idx->bytes, large_offsets_at(idx) + number * 8, 8, &at));
	*out = get_be64(at);
	return OK;
}

/* Positions: all before `low` are below what is looked for, and none from `high` on is. */
struct bracket {
	uint32_t low, high;
};

static enum err bracket_cut(struct ctx *c, const struct idx *idx, const uint8_t *hash,
	uint32_t position, struct bracket *b)
{
	const uint8_t *at = NULL;
	TRY(hash_at(c, idx, position, &at));
	if (memcmp(at, hash, hash_size(idx->algo)) < 0)
		b->low = position + 1;
	else
		b->high = position;
	return OK;
}

/*
 * Ids are as good as random, so that one is about as far into those with its first byte as its next
 * bytes say. No step goes far from there but after many: nearly all looks are at bytes that came
 * with the first one.
 */
static enum err bracket_close(
	struct ctx *c, const struct idx *idx, const uint8_t *hash, struct bracket *b)
{
	uint64_t span = b->high - b->low, guess = b->low + (span * get_be32(hash + 1) >> 32);
	for (uint64_t near = NEAR; b->low < b->high; near *= near < span ? 2 : 1) {
		uint64_t at = b->low + (b->high - b->low) / 2;
		if (at > guess + near)
			at = guess + near;
		else if (at + near < guess)
			at = guess - near;
		TRY(bracket_cut(c, idx, hash, (uint32_t)at, b));
	}
	return OK;
}

/* *end: of the ids that have the same first byte. */
static enum err lower_bound(struct ctx *c, const struct idx *idx, const uint8_t *hash,
	uint32_t *position, uint32_t *end)
{
	struct fanout ids = {idx->algo, idx->count, idx->fanout, NULL};
	struct bracket b;
	fanout_range(&ids, hash[0], &b.low, &b.high);
	*end = b.high;
	TRY(bracket_close(c, idx, hash, &b));
	*position = b.low;
	return OK;
}

static enum err look_up_far(
	struct ctx *c, const struct idx *idx, const struct oid *id, struct idx_hit *out)
{
	uint32_t end = 0;
	const uint8_t *hash = NULL;
	TRY(lower_bound(c, idx, id->hash, &out->position, &end));
	if (out->position == end)
		return OK;
	TRY(hash_at(c, idx, out->position, &hash));
	out->found = memcmp(hash, id->hash, hash_size(idx->algo)) == 0;
	return out->found ? offset_at(c, idx, out->position, &out->offset) : OK;
}

enum err idx_look_up(
	struct ctx *c, const struct idx *idx, const struct oid *id, struct idx_hit *out)
{
	*out = (struct idx_hit){0};
	if (id->algo != idx->algo)
		return OK;
	if (!all_of(idx))
		return look_up_far(c, idx, id, out);
	out->found = idx_find(idx, id, &out->position);
	if (out->found)
		out->offset = idx_offset(idx, out->position);
	return OK;
}

enum err idx_lower_bound(struct ctx *c, const struct idx *idx, const uint8_t *prefix, size_t digits,
	uint32_t *position)
{
	uint8_t hash[HASH_MAX] = {0};
	uint32_t end = 0;
	size_t bytes = digits / 2;
	ASSERT(digits <= 2 * hash_size(idx->algo));
	memcpy(hash, prefix, bytes);
	if (digits % 2)
		hash[bytes] = prefix[bytes] & 0xf0;
	if (!all_of(idx))
		return lower_bound(c, idx, hash, position, &end);
	struct fanout ids = idx_ids(idx);
	*position = fanout_lower_bound(&ids, hash);
	return OK;
}

enum err idx_oid_at(struct ctx *c, const struct idx *idx, uint32_t position, struct oid *out)
{
	const uint8_t *all = all_of(idx), *hash = NULL;
	if (all)
		hash = all + IDS + (size_t)position * hash_size(idx->algo);
	else
		TRY(hash_at(c, idx, position, &hash));
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

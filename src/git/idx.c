#include "git/idx.h"

#include "base/buf.h"
#include "base/sort.h"
#include "git/fanout.h"
#include "git/hashing.h"

enum { IDX_MAGIC = 0xff744f63, IDX_HEAD = 8 };

static const uint64_t large = 0x80000000;

static struct fanout fanout_of(const struct idx *idx)
{
	return (struct fanout){idx->algo, idx->count, idx->fanout, idx->ids};
}

static enum err idx_verify(struct ctx *c, const struct idx *idx, struct str bytes)
{
	size_t size = hash_size(idx->algo);
	uint8_t digest[HASH_MAX];
	hash_once(idx->algo, bytes.at, bytes.len - size, digest);
	if (memcmp(digest, bytes.at + bytes.len - size, size) != 0)
		return fail(c, ERR_CORRUPT, "a pack index does not have the hash that it says");
	struct fanout ids = fanout_of(idx);
	TRY(fanout_verify(c, &ids));
	for (uint32_t i = 0; i < idx->count; i++)
		if (idx_offset(idx, i) == UINT64_MAX)
			return fail(c, ERR_CORRUPT, "a pack index has a bad offset");
	return OK;
}

enum err idx_parse(
	struct ctx *c, enum hash_algo algo, struct str bytes, bool verify, struct idx *out)
{
	size_t size = hash_size(algo), fixed = IDX_HEAD + FANOUT_SIZE + 2 * size;
	const uint8_t *at = (const uint8_t *)bytes.at;
	if (bytes.len < fixed || get_be32(at) != IDX_MAGIC || get_be32(at + 4) != 2)
		return fail(c, ERR_CORRUPT, "this is no pack index of version 2");
	*out = (struct idx){.algo = algo, .fanout = at + IDX_HEAD};
	struct fanout ids;
	TRY(fanout_parse(c, algo, out->fanout, &ids));
	out->count = ids.count;
	uint64_t tables = (uint64_t)out->count * (size + 8), rest = bytes.len - fixed;
	if (rest < tables || (rest - tables) % 8 || (rest - tables) / 8 > out->count)
		return fail(c, ERR_CORRUPT, "a pack index of %u objects cannot have %zu bytes",
			out->count, bytes.len);
	out->large_count = (rest - tables) / 8;
	out->ids = out->fanout + FANOUT_SIZE;
	out->crcs = out->ids + out->count * size;
	out->offsets = out->crcs + (size_t)out->count * 4;
	out->large_offsets = out->offsets + (size_t)out->count * 4;
	out->pack_hash = at + bytes.len - 2 * size;
	return verify ? idx_verify(c, out, bytes) : OK;
}

const uint8_t *idx_hash(const struct idx *idx, uint32_t position)
{
	return idx->ids + position * hash_size(idx->algo);
}

struct oid idx_oid(const struct idx *idx, uint32_t position)
{
	return oid_from_bytes(idx->algo, idx_hash(idx, position));
}

uint32_t idx_crc(const struct idx *idx, uint32_t position)
{
	return get_be32(idx->crcs + (size_t)position * 4);
}

uint64_t idx_offset(const struct idx *idx, uint32_t position)
{
	uint64_t offset = get_be32(idx->offsets + (size_t)position * 4);
	if (!(offset & large))
		return offset;
	offset &= ~large;
	if (offset >= idx->large_count)
		return UINT64_MAX;
	return get_be64(idx->large_offsets + (size_t)offset * 8);
}

bool idx_find(const struct idx *idx, const struct oid *id, uint32_t *position)
{
	if (id->algo != idx->algo)
		return false;
	struct fanout ids = fanout_of(idx);
	return fanout_find(&ids, id->hash, position);
}

uint32_t idx_lower_bound(const struct idx *idx, const uint8_t *prefix, size_t digits)
{
	uint8_t hash[HASH_MAX] = {0};
	size_t bytes = digits / 2;
	ASSERT(digits <= 2 * hash_size(idx->algo));
	memcpy(hash, prefix, bytes);
	if (digits % 2)
		hash[bytes] = prefix[bytes] & 0xf0;
	struct fanout ids = fanout_of(idx);
	return fanout_lower_bound(&ids, hash);
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

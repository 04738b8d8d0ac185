#include "git/midx.h"

#include "base/buf.h"

enum {
	HEAD = 12,
	PLACE = 8,
	NAME_MAX_LEN = 256,
	AT_ONCE = 1 << 20, /* what is larger, and far away, is not read whole */
};

static const uint32_t large_flag = 0x80000000;

/* Here or not. */
static struct fanout ids_of(const struct midx *m)
{
	const struct fanout list = {
		.algo = m->algo, .count = m->count, .table = m->fanout_table, .at = m->ids.at};
	return lookup_ids(&m->file, list);
}

struct fanout midx_ids(const struct midx *m)
{
	struct fanout ids = ids_of(m);
	ASSERT(ids.ids);
	return ids;
}

const uint8_t *midx_order(const struct midx *m)
{
	const uint8_t *all = lookup_all(&m->file);
	ASSERT(all);
	return m->order.at ? all + m->order.at : NULL;
}

const uint8_t *midx_checksum(const struct midx *m)
{
	const uint8_t *all = lookup_all(&m->file);
	ASSERT(all);
	return all + m->file.size - hash_size(m->algo);
}

static enum err chunks_find(struct ctx *c, struct midx *m, struct chunk_place *names)
{
	const uint8_t *at = NULL;
	const struct chunk_slot slots[] = {
		{"PNAM", names},
		{"OIDF", &m->fanout},
		{"OIDL", &m->ids},
		{"OOFF", &m->places},
		{"LOFF", &m->large_offsets},
		{"RIDX", &m->order},
	};
	if (m->file.size < HEAD + CHUNK_ROW + hash_size(m->algo))
		return fail(c, ERR_CORRUPT, "this is no multi-pack index of version 1");
	TRY(lookup_window(c, &m->file, 0, HEAD, &at));
	if (memcmp(at, "MIDX\1", 5) != 0)
		return fail(c, ERR_CORRUPT, "this is no multi-pack index of version 1");
	if (at[5] != (m->algo == HASH_SHA256 ? 2 : 1))
		return fail(c, ERR_CORRUPT, "a multi-pack index is of another kind of ids");
	if (at[7])
		return fail(c, ERR_UNSUPPORTED, "a multi-pack index is one of several files");
	m->pack_count = get_be32(at + 8);
	const struct chunk_file file = {
		"multi-pack index", m->file.bytes, HEAD, at[6], hash_size(m->algo)};
	return chunks_parse(c, &file, slots, sizeof slots / sizeof *slots);
}

static enum err chunks_take(struct ctx *c, struct midx *m, const struct chunk_place *names)
{
	struct fanout ids;
	if (m->fanout.size != FANOUT_SIZE || !m->ids.at || !m->places.at || !names->at)
		return fail(c, ERR_CORRUPT, "a multi-pack index lacks a chunk that it must have");
	TRY(chunk_window(c, &m->file, &m->fanout, 0, FANOUT_SIZE, &m->fanout_table));
	TRY(fanout_parse(c, m->algo, m->fanout_table, &ids));
	m->count = ids.count;
	uint64_t count = ids.count;
	if (m->ids.size != count * hash_size(m->algo) || m->places.size != count * PLACE ||
		(m->order.at && m->order.size != count * 4))
		return fail(c, ERR_CORRUPT,
			"a multi-pack index of %u objects has chunks of other sizes", m->count);
	return OK;
}

/* The next name of a pack's index; false where there is none. */
static bool name_next(struct str *rest, struct str *name)
{
	size_t end = str_find(*rest, '\0');
	if (end >= rest->len || end == 0)
		return false;
	*name = str_until(*rest, end);
	*rest = str_from_index(*rest, end + 1);
	return true;
}

static enum err names_take(struct ctx *c, const struct chunk_place *chunk, struct midx *m)
{
	const uint8_t *at = NULL;
	uint64_t most = m->pack_count * (uint64_t)NAME_MAX_LEN;
	size_t len = (size_t)(chunk->size < most ? chunk->size : most);
	TRY(chunk_window(c, &m->file, chunk, 0, len, &at));
	struct str names = str_from(at, len), rest = names, name, before = {0};
	for (uint32_t i = 0; i < m->pack_count; i++) {
		if (!name_next(&rest, &name) || (i && str_cmp(before, name) >= 0))
			return fail(c, ERR_CORRUPT,
				"a multi-pack index does not name its %u packs in order",
				m->pack_count);
		before = name;
	}
	m->names = str_until(names, names.len - rest.len);
	return OK;
}

static enum err verify_all(struct ctx *c, const struct midx *m)
{
	size_t size = hash_size(m->algo);
	uint8_t digest[HASH_MAX];
	const struct fanout ids = midx_ids(m);
	const uint8_t *order = midx_order(m);
	hash_once(m->algo, m->file.all, (size_t)m->file.size - size, digest);
	if (memcmp(digest, midx_checksum(m), size) != 0)
		return fail(
			c, ERR_CORRUPT, "a multi-pack index does not have the hash that it says");
	TRY(fanout_verify(c, &ids));
	for (uint32_t i = 0; i < m->count; i++) {
		uint32_t pack = 0;
		uint64_t offset = 0;
		TRY(midx_place(c, m, i, &pack, &offset));
		if (order && get_be32(order + (size_t)i * 4) >= m->count)
			return fail(c, ERR_CORRUPT, "a multi-pack index has an order of nothing");
	}
	return OK;
}

enum err midx_whole(struct ctx *c, struct midx *m)
{
	return lookup_whole(c, &m->file);
}

enum err midx_open(struct ctx *c, enum hash_algo algo, struct extent *bytes, struct midx *out)
{
	struct chunk_place names = {0};
	*out = (struct midx){.algo = algo};
	TRY(lookup_open(c, "a multi-pack index", bytes, AT_ONCE, &out->file));
	TRY(chunks_find(c, out, &names));
	TRY(chunks_take(c, out, &names));
	if (out->pack_count > MIDX_PACKS_MAX)
		return fail(c, ERR_TOO_BIG, "a multi-pack index of over %d packs", MIDX_PACKS_MAX);
	if (!out->pack_count)
		return fail(c, ERR_CORRUPT, "a multi-pack index is of no pack");
	return names_take(c, &names, out);
}

enum err midx_parse(
	struct ctx *c, enum hash_algo algo, struct str bytes, bool verify, struct midx *out)
{
	struct extent_bytes here;
	extent_bytes_init(&here, bytes.at, bytes.len);
	TRY(midx_open(c, algo, &here.extent, out));
	out->file.bytes = NULL;
	return verify ? verify_all(c, out) : OK;
}

enum err midx_place(
	struct ctx *c, const struct midx *m, uint32_t position, uint32_t *pack, uint64_t *offset)
{
	const uint8_t *place = NULL;
	TRY(chunk_window(c, &m->file, &m->places, (uint64_t)position * PLACE, PLACE, &place));
	uint32_t at = get_be32(place + 4);
	*pack = get_be32(place);
	*offset = at;
	if (*pack >= m->pack_count)
		return fail(c, ERR_CORRUPT, "a multi-pack index has an object in no pack");
	/* Without the chunk, offsets have 32 bits. */
	if (!(at & large_flag) || !m->large_offsets.at)
		return OK;
	at &= ~large_flag;
	if (at >= m->large_offsets.size / 8)
		return fail(c, ERR_CORRUPT, "a multi-pack index has an offset that is not there");
	TRY(chunk_window(c, &m->file, &m->large_offsets, (uint64_t)at * 8, 8, &place));
	*offset = get_be64(place);
	return OK;
}

enum err midx_look_up(
	struct ctx *c, const struct midx *m, const struct oid *id, uint32_t *position, bool *found)
{
	struct fanout ids = ids_of(m);
	*found = false;
	return id->algo == m->algo ? fanout_look_up(c, &ids, id->hash, position, found) : OK;
}

/* A pack has one name, so that none is there twice. */
static struct pack *pack_named(struct str name, struct pack *const *packs, size_t count)
{
	if (!str_skip(&name, STR("pack-")) || !str_skip_end(&name, STR(".idx")))
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (str_is(name, packs[i]->name))
			return packs[i];
	return NULL;
}

enum err midx_packs(struct ctx *c, const struct midx *m, struct pack *const *packs, size_t count,
	struct pack **out)
{
	struct str rest = m->names, name;
	for (uint32_t i = 0; name_next(&rest, &name); i++) {
		out[i] = pack_named(name, packs, count);
		if (!out[i])
			return fail(c, ERR_NOT_FOUND,
				"a multi-pack index is also of %.*s, which is not here",
				name.len > 80 ? 80 : (int)name.len, name.at);
	}
	return OK;
}

#include "git/midx.h"

#include "base/buf.h"
#include "git/chunks.h"

enum { HEAD = 12, PLACE = 8 };

static const uint32_t large_flag = 0x80000000;

static enum err head_parse(struct ctx *c, enum hash_algo algo, struct str bytes)
{
	const uint8_t *at = (const uint8_t *)bytes.at;
	if (bytes.len < HEAD + CHUNK_ROW + hash_size(algo) || memcmp(at, "MIDX\1", 5) != 0)
		return fail(c, ERR_CORRUPT, "this is no multi-pack index of version 1");
	if (at[5] != (algo == HASH_SHA256 ? 2 : 1))
		return fail(c, ERR_CORRUPT, "a multi-pack index is of another kind of ids");
	if (at[7])
		return fail(c, ERR_UNSUPPORTED, "a multi-pack index is one of several files");
	return OK;
}

struct chunks {
	struct str names, fanout, ids, places, large_offsets, order;
};

static enum err chunks_find(
	struct ctx *c, enum hash_algo algo, struct str bytes, struct chunks *out)
{
	*out = (struct chunks){0};
	const struct chunk_slot slots[] = {
		{"PNAM", &out->names},
		{"OIDF", &out->fanout},
		{"OIDL", &out->ids},
		{"OOFF", &out->places},
		{"LOFF", &out->large_offsets},
		{"RIDX", &out->order},
	};
	const struct chunk_file file = {
		"multi-pack index", bytes, HEAD, (uint8_t)bytes.at[6], hash_size(algo)};
	return chunks_parse(c, &file, slots, sizeof slots / sizeof *slots);
}

static enum err chunks_take(
	struct ctx *c, enum hash_algo algo, const struct chunks *all, struct midx *m)
{
	if (!all->fanout.at || all->fanout.len != FANOUT_SIZE || !all->ids.at || !all->places.at ||
		!all->names.at)
		return fail(c, ERR_CORRUPT, "a multi-pack index lacks a chunk that it must have");
	TRY(fanout_parse(c, algo, (const uint8_t *)all->fanout.at, &m->ids));
	uint64_t count = m->ids.count;
	if (all->ids.len != count * hash_size(algo) || all->places.len != count * PLACE ||
		(all->order.at && all->order.len != count * 4))
		return fail(c, ERR_CORRUPT,
			"a multi-pack index of %u objects has chunks of other sizes", m->ids.count);
	m->ids.ids = (const uint8_t *)all->ids.at;
	m->places = (const uint8_t *)all->places.at;
	m->order = (const uint8_t *)all->order.at;
	m->large_offsets = (const uint8_t *)all->large_offsets.at;
	m->large_count = all->large_offsets.len / 8;
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

static enum err names_take(struct ctx *c, struct str names, struct midx *m)
{
	struct str rest = names, name, before = {0};
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

static enum err verify_all(struct ctx *c, const struct midx *m, struct str bytes)
{
	size_t size = hash_size(m->ids.algo);
	uint8_t digest[HASH_MAX];
	hash_once(m->ids.algo, bytes.at, bytes.len - size, digest);
	if (memcmp(digest, m->checksum, size) != 0)
		return fail(
			c, ERR_CORRUPT, "a multi-pack index does not have the hash that it says");
	TRY(fanout_verify(c, &m->ids));
	for (uint32_t i = 0; i < m->ids.count; i++) {
		uint32_t pack = 0;
		uint64_t offset = 0;
		TRY(midx_place(c, m, i, &pack, &offset));
		if (m->order && get_be32(m->order + (size_t)i * 4) >= m->ids.count)
			return fail(c, ERR_CORRUPT, "a multi-pack index has an order of nothing");
	}
	return OK;
}

enum err midx_parse(
	struct ctx *c, enum hash_algo algo, struct str bytes, bool verify, struct midx *out)
{
	struct chunks chunks;
	*out = (struct midx){0};
	TRY(head_parse(c, algo, bytes));
	TRY(chunks_find(c, algo, bytes, &chunks));
	TRY(chunks_take(c, algo, &chunks, out));
	out->checksum = (const uint8_t *)bytes.at + bytes.len - hash_size(algo);
	out->pack_count = get_be32(bytes.at + 8);
	if (out->pack_count > MIDX_PACKS_MAX)
		return fail(c, ERR_TOO_BIG, "a multi-pack index of over %d packs", MIDX_PACKS_MAX);
	if (!out->pack_count)
		return fail(c, ERR_CORRUPT, "a multi-pack index is of no pack");
	TRY(names_take(c, chunks.names, out));
	return verify ? verify_all(c, out, bytes) : OK;
}

enum err midx_place(
	struct ctx *c, const struct midx *m, uint32_t position, uint32_t *pack, uint64_t *offset)
{
	const uint8_t *place = m->places + (size_t)position * PLACE;
	uint32_t at = get_be32(place + 4);
	*pack = get_be32(place);
	*offset = at;
	if (*pack >= m->pack_count)
		return fail(c, ERR_CORRUPT, "a multi-pack index has an object in no pack");
	/* Without the chunk, offsets have 32 bits. */
	if (!(at & large_flag) || !m->large_offsets)
		return OK;
	at &= ~large_flag;
	if (at >= m->large_count)
		return fail(c, ERR_CORRUPT, "a multi-pack index has an offset that is not there");
	*offset = get_be64(m->large_offsets + (size_t)at * 8);
	return OK;
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

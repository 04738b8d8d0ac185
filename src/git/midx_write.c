#include "git/midx.h"

#include "base/buf.h"
#include "base/sort.h"
#include "git/chunks.h"
#include "git/hashing.h"

enum { HEAD = 12, PLACE = 8, NAME_EXTRA = sizeof "pack-.idx" };

static const uint64_t offset_max = 0x7fffffff;
static const uint32_t large_flag = 0x80000000;

/* A pack as the file numbers it. */
struct numbered {
	struct pack *pack;
	uint32_t first; /* of its objects in the order of bits */
};

struct object_at {
	uint32_t pack, position; /* in the pack's index */
};

struct writing {
	struct numbered *packs; /* by name */
	uint32_t pack_count, count;
	uint64_t names_len, large_count;
	struct object_at *objects; /* by id */
	struct hashing out;
};

static int name_cmp(const void *a, const void *b, const void *arg)
{
	(void)arg;
	const struct numbered *x = a, *y = b;
	return str_cmp(str_of(x->pack->name), str_of(y->pack->name));
}

/* In the order of bits the preferred pack comes first, then the others by name. */
static void firsts_set(struct writing *s, const struct pack *preferred)
{
	uint32_t at = preferred->idx.count;
	for (uint32_t i = 0; i < s->pack_count; i++) {
		struct numbered *n = &s->packs[i];
		n->first = n->pack == preferred ? 0 : at;
		at += n->pack == preferred ? 0 : n->pack->idx.count;
	}
}

static enum err packs_take(
	struct ctx *c, struct writing *s, struct pack *const *packs, size_t count)
{
	uint64_t objects = 0;
	s->packs = NEW_ARRAY(c->arena, struct numbered, count);
	s->pack_count = (uint32_t)count;
	for (uint32_t i = 0; i < count; i++) {
		TRY(idx_whole(c, &packs[i]->idx));
		s->packs[i].pack = packs[i];
		objects += packs[i]->idx.count;
		s->names_len += strlen(packs[i]->name) + NAME_EXTRA;
	}
	if (objects >= UINT32_MAX)
		return fail(c, ERR_TOO_BIG, "no multi-pack index can be of %llu objects",
			(unsigned long long)objects);
	s->count = (uint32_t)objects;
	sort_array(c->arena, s->packs, count, sizeof *s->packs, name_cmp, NULL);
	firsts_set(s, packs[0]);
	return OK;
}

static const uint8_t *hash_at(const struct writing *s, const struct object_at *o)
{
	return idx_hash(&s->packs[o->pack].pack->idx, o->position);
}

static uint64_t offset_at(const struct writing *s, const struct object_at *o)
{
	return idx_offset(&s->packs[o->pack].pack->idx, o->position);
}

static int object_cmp(const void *a, const void *b, const void *arg)
{
	const struct writing *s = arg;
	return memcmp(hash_at(s, a), hash_at(s, b), hash_size(s->packs[0].pack->algo));
}

static enum err objects_make(struct ctx *c, struct writing *s)
{
	uint32_t at = 0;
	s->objects = arena_raw(c->arena, s->count * sizeof *s->objects + 1);
	for (uint32_t p = 0; p < s->pack_count; p++)
		for (uint32_t i = 0; i < s->packs[p].pack->idx.count; i++)
			s->objects[at++] = (struct object_at){p, i};
	sort_array(c->arena, s->objects, s->count, sizeof *s->objects, object_cmp, s);
	for (uint32_t i = 0; i < s->count; i++) {
		s->large_count += offset_at(s, &s->objects[i]) > offset_max;
		if (i && object_cmp(&s->objects[i - 1], &s->objects[i], s) == 0)
			return fail(c, ERR_UNSUPPORTED, "two packs have an object in common");
	}
	return OK;
}

static enum err write_be32(struct ctx *c, struct writing *s, uint32_t value)
{
	uint8_t bytes[4];
	put_be32(bytes, value);
	return sink_write(c, &s->out.sink, bytes, sizeof bytes);
}

static uint64_t names_size(const struct writing *s)
{
	return (s->names_len + 3) / 4 * 4;
}

static enum err write_names(struct ctx *c, void *arg)
{
	struct writing *s = arg;
	for (uint32_t i = 0; i < s->pack_count; i++) {
		const char *name = arena_fmt(c->arena, "pack-%s.idx", s->packs[i].pack->name);
		TRY(sink_write(c, &s->out.sink, name, strlen(name) + 1));
	}
	return sink_write(c, &s->out.sink, "\0\0\0", names_size(s) - s->names_len);
}

static enum err write_fanout(struct ctx *c, void *arg)
{
	struct writing *s = arg;
	uint32_t at = 0;
	for (unsigned byte = 0; byte < 256; byte++) {
		while (at < s->count && hash_at(s, &s->objects[at])[0] <= byte)
			at++;
		TRY(write_be32(c, s, at));
	}
	return OK;
}

static enum err write_ids(struct ctx *c, void *arg)
{
	struct writing *s = arg;
	for (uint32_t i = 0; i < s->count; i++)
		TRY(sink_write(c, &s->out.sink, hash_at(s, &s->objects[i]),
			hash_size(s->packs[0].pack->algo)));
	return OK;
}

static enum err write_places(struct ctx *c, void *arg)
{
	struct writing *s = arg;
	uint32_t larges = 0;
	for (uint32_t i = 0; i < s->count; i++) {
		uint64_t offset = offset_at(s, &s->objects[i]);
		TRY(write_be32(c, s, s->objects[i].pack));
		TRY(write_be32(
			c, s, offset > offset_max ? large_flag | larges++ : (uint32_t)offset));
	}
	return OK;
}

static enum err write_large_offsets(struct ctx *c, void *arg)
{
	struct writing *s = arg;
	for (uint32_t i = 0; i < s->count; i++) {
		uint64_t offset = offset_at(s, &s->objects[i]);
		if (offset <= offset_max)
			continue;
		TRY(write_be32(c, s, (uint32_t)(offset >> 32)));
		TRY(write_be32(c, s, (uint32_t)offset));
	}
	return OK;
}

/* The position in ids of each bit. */
static enum err write_order(struct ctx *c, void *arg)
{
	struct writing *s = arg;
	uint32_t *bits = arena_raw(c->arena, s->count * sizeof *bits + 1);
	uint32_t **at = NEW_ARRAY(c->arena, uint32_t *, s->pack_count);
	for (uint32_t p = 0; p < s->pack_count; p++) {
		struct pack *pack = s->packs[p].pack;
		struct pack_order order;
		TRY(pack_order(c, pack, &order));
		at[p] = arena_raw(c->arena, pack->idx.count * sizeof **at + 1);
		for (uint32_t i = 0; i < pack->idx.count; i++)
			at[p][order.positions[i]] = s->packs[p].first + i;
	}
	for (uint32_t i = 0; i < s->count; i++)
		bits[at[s->objects[i].pack][s->objects[i].position]] = i;
	for (uint32_t bit = 0; bit < s->count; bit++)
		TRY(write_be32(c, s, bits[bit]));
	return OK;
}

static enum err write_file(struct ctx *c, struct writing *s, enum hash_algo algo)
{
	uint64_t count = s->count;
	const struct chunk chunks[] = {
		{"PNAM", names_size(s), write_names},
		{"OIDF", FANOUT_SIZE, write_fanout},
		{"OIDL", count * hash_size(algo), write_ids},
		{"OOFF", count * PLACE, write_places},
		{s->large_count ? "LOFF" : NULL, s->large_count * 8, write_large_offsets},
		{"RIDX", count * 4, write_order},
	};
	size_t slots = sizeof chunks / sizeof *chunks;
	uint8_t head[HEAD] = {'M', 'I', 'D', 'X', 1, algo == HASH_SHA256 ? 2 : 1};
	head[6] = (uint8_t)chunks_count(chunks, slots);
	put_be32(head + 8, s->pack_count);
	TRY(sink_write(c, &s->out.sink, head, sizeof head));
	TRY(chunks_write(c, chunks, slots, HEAD, s, &s->out.sink));
	return hashing_end(c, &s->out, NULL);
}

enum err midx_write(struct ctx *c, enum hash_algo algo, struct pack *const *packs, size_t count,
	struct sink *to)
{
	struct writing s = {.packs = NULL};
	ASSERT(count > 0);
	TRY(packs_take(c, &s, packs, count));
	TRY(objects_make(c, &s));
	hashing_init(c, &s.out, algo, to);
	return write_file(c, &s, algo);
}

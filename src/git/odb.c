#include "git/odb.h"

#include "base/hex.h"
#include "base/vec.h"
#include "base/zip.h"
#include "git/base_cache.h"
#include "git/delta.h"
#include "git/midx.h"

enum {
	CHAIN_MAX = 4096, /* git itself makes none over 4095 */
	PEEL_MAX = 64,
	PREFIX_MIN = 4,
	PEEK_WHOLE = 512,
	MIDX_WORTH = 3, /* packs */
	STREAM_WINDOW = 256 << 10,
	STREAM_OUT = 32 << 10,
};

/* No object in memory is over this, whatever the limits say: an arena holds 1 GiB. */
static const uint64_t memory_max = 512u << 20;

void odb_reader_init(struct ctx *c, struct odb_reader *r, const struct odb *odb)
{
	*r = (struct odb_reader){.odb = odb,
		.order = NEW_ARRAY(c->arena, uint32_t, odb->count),
		.in_midx = NEW_ARRAY(c->arena, bool, odb->count),
		.object_max = memory_max,
		.cache = base_cache_open(c->arena)};
	for (uint32_t i = 0; i < odb->count; i++)
		r->order[i] = i;
}

static bool has_pack(const struct odb *odb, const struct pack *pack)
{
	size_t at = 0;
	while (at < odb->count && odb->packs[at] != pack)
		at++;
	return at < odb->count;
}

/* Is it of packs that are all here, and of more than would be asked one by one as fast? */
static bool midx_fits(const struct odb *odb, const struct midx_packs *m)
{
	for (uint32_t i = 0; i < m->midx->pack_count; i++)
		if (!has_pack(odb, m->packs[i]))
			return false;
	return m->midx->pack_count >= MIDX_WORTH;
}

static void midx_take(struct odb_reader *r, const struct midx_packs *m)
{
	r->midx = *m;
	for (size_t at = 0; at < r->odb->count; at++)
		for (uint32_t i = 0; i < m->midx->pack_count; i++)
			r->in_midx[at] |= m->packs[i] == r->odb->packs[at];
}

static enum err midx_find(struct ctx *c, struct odb_reader *r)
{
	const struct odb *odb = r->odb;
	struct midx_packs m;
	r->midx_sought = true;
	for (size_t i = 0; odb->count >= MIDX_WORTH && i < odb->count && !r->midx.midx; i++) {
		TRY(pack_midx(c, odb->packs[i], odb->packs, odb->count, &m));
		if (m.midx && midx_fits(odb, &m))
			midx_take(r, &m);
	}
	return OK;
}

/* What the multi-pack index says of an id. */
struct told {
	const struct pack *pack; /* NULL: it is in none of its packs */
	uint64_t offset;
};

static enum err midx_tell(
	struct ctx *c, struct odb_reader *r, const struct oid *id, struct told *out)
{
	uint32_t position = 0, number = 0;
	bool found = false;
	TRY(midx_look_up(c, r->midx.midx, id, &position, &found));
	if (!found)
		return OK;
	TRY(midx_place(c, r->midx.midx, position, &number, &out->offset));
	out->pack = r->midx.packs[number];
	return OK;
}

/* One whose bytes cannot be had is done without. */
static enum err midx_ask(
	struct ctx *c, struct odb_reader *r, const struct oid *id, struct told *out)
{
	*out = (struct told){0};
	if (!r->midx_sought)
		TRY(midx_find(c, r));
	enum err err = r->midx.midx ? midx_tell(c, r, id, out) : OK;
	if (!err || err == ERR_CORRUPT)
		return err;
	ctx_clear(c);
	r->midx = (struct midx_packs){0};
	memset(r->in_midx, 0, r->odb->count * sizeof *r->in_midx);
	return OK;
}

/* The pack's own index has the last word, so that no other object is taken for this one. */
static enum err midx_check(
	struct ctx *c, const struct pack *pack, const struct idx_hit *hit, const struct told *told)
{
	if (told->pack == pack && !(hit->found && hit->offset == told->offset))
		return fail(c, ERR_CORRUPT,
			"a multi-pack index does not say the same as the index of pack %s",
			pack->name);
	return OK;
}

/*
 * In one pack, the `turn`-th that is asked. The first one is asked without the multi-pack index: what
 * belongs together came together. That says which of its packs is then still to be asked.
 */
static enum err find_in(struct ctx *c, struct odb_reader *r, size_t turn, const struct oid *id,
	struct told *told, struct idx_hit *hit)
{
	uint32_t at = r->order[turn];
	const struct pack *pack = r->odb->packs[at];
	*hit = (struct idx_hit){0};
	if (turn == 1) {
		TRY(midx_ask(c, r, id, told));
		TRY(midx_check(c, r->odb->packs[r->order[0]], hit, told));
	}
	if (turn && r->in_midx[at] && told->pack != pack)
		return OK;
	TRY(idx_look_up(c, &pack->idx, id, hit));
	return midx_check(c, pack, hit, told);
}

enum err odb_find(
	struct ctx *c, struct odb_reader *r, const struct oid *id, struct place *out, bool *found)
{
	struct told told = {0};
	*found = false;
	for (size_t i = 0; i < r->odb->count && !*found; i++) {
		uint32_t at = r->order[i];
		struct pack *pack = r->odb->packs[at];
		struct idx_hit hit;
		TRY(err_stored(c, find_in(c, r, i, id, &told, &hit)));
		if (!hit.found)
			continue;
		/* What belongs together came together: the next one is likely to be here too. */
		memmove(r->order + 1, r->order, i * sizeof *r->order);
		r->order[0] = at;
		*out = (struct place){pack, hit.position, hit.offset};
		*found = true;
	}
	return OK;
}

static enum err find(struct ctx *c, struct odb_reader *r, const struct oid *id, struct place *out)
{
	char hex[OID_HEX_MAX];
	bool found;
	TRY(odb_find(c, r, id, out, &found));
	if (!found)
		return fail(c, ERR_NOT_FOUND, "there is no object %s", oid_hex(id, hex));
	return OK;
}

/* Inflates a whole entry, as it lies there, into out[0..e->size). */
static enum err entry_inflate(struct ctx *c, struct pack *p, const struct pack_entry *e, void *out)
{
	uint64_t left = p->bytes->size - hash_size(p->algo) - e->data;
	uint64_t guess = e->size + e->size / 64 + 128;
	size_t used = 0, len = (size_t)(guess < left ? guess : left);
	const uint8_t *in = NULL;
	TRY(extent_window(c, p->bytes, e->data, len, &in));
	enum err err = zip_inflate(c, in, len, out, (size_t)e->size, &used);
	if (err != ERR_CORRUPT || len == left)
		return err;
	/* A stream may be longer than any sane compressor makes it. */
	uint32_t position = 0;
	uint64_t end = 0;
	ctx_clear(c);
	TRY(pack_position_at(c, p, e->offset, &position));
	TRY(pack_entry_end(c, p, position, &end));
	if (end <= e->data)
		return fail(c, ERR_CORRUPT, "pack %s has overlapping entries", p->name);
	len = (size_t)(end - e->data);
	TRY(extent_window(c, p->bytes, e->data, len, &in));
	TRY_WHILE(c, zip_inflate(c, in, len, out, (size_t)e->size, &used),
		"reading pack %s at %llu", p->name, (unsigned long long)e->offset);
	return OK;
}

static void inflate_close_at_end(struct inflate **z)
{
	if (*z)
		inflate_close(*z);
}

#define INFLATE __attribute__((cleanup(inflate_close_at_end))) struct inflate

/* The first bytes of an entry's content: at most `cap`; *got: how many there are. */
static enum err entry_peek(struct ctx *c, struct pack *p, const struct pack_entry *e, char *out,
	size_t cap, size_t *got)
{
	INFLATE *z = NULL;
	const uint8_t *in = NULL;
	bool done = false;
	uint64_t left = p->bytes->size - hash_size(p->algo) - e->data;
	size_t in_len = left < PEEK_WHOLE ? (size_t)left : PEEK_WHOLE;
	TRY(extent_window(c, p->bytes, e->data, in_len, &in));
	TRY(inflate_open(c, ZIP_ZLIB, &z));
	struct zip_io io = {in, in_len, out, cap};
	TRY(inflate_step(c, z, &io, &done));
	*got = io.out_len;
	return OK;
}

/* The size of what a delta makes. */
static enum err delta_result(
	struct ctx *c, struct pack *p, const struct pack_entry *e, uint64_t *size)
{
	char bytes[PEEK_WHOLE];
	size_t got = (size_t)e->size;
	uint64_t base = 0;
	if (e->size <= sizeof bytes)
		TRY(entry_inflate(c, p, e, bytes));
	else
		TRY(entry_peek(c, p, e, bytes, DELTA_SIZES_MAX, &got));
	struct str delta = str_from(bytes, got);
	return delta_sizes(c, &delta, &base, size);
}

/* The place of a delta's base. */
static enum err base_of(struct ctx *c, struct odb_reader *r, struct pack *p,
	const struct pack_entry *e, struct place *out)
{
	*out = (struct place){.pack = p, .offset = e->base_offset};
	if (e->type == OBJECT_OFS_DELTA)
		return OK;
	struct idx_hit hit;
	bool found;
	TRY(idx_look_up(c, &p->idx, &e->base, &hit));
	if (hit.found) {
		*out = (struct place){p, hit.position, hit.offset};
		return OK;
	}
	char hex[OID_HEX_MAX];
	TRY(odb_find(c, r, &e->base, out, &found));
	if (!found)
		return fail(c, ERR_CORRUPT, "the base %s of a delta in pack %s is missing",
			oid_hex(&e->base, hex), p->name);
	return OK;
}

struct link {
	struct pack *pack;
	struct pack_entry entry;
};

struct chain {
	VEC_OF(struct link) deltas; /* the wanted one first */
	struct object base;         /* type OBJECT_NONE: `root` is still to be read */
	struct link root;
};

static bool is_delta(const struct pack_entry *e)
{
	return e->type == OBJECT_OFS_DELTA || e->type == OBJECT_REF_DELTA;
}

/*
 * Follows bases from `at` to one that is whole, or (unless cache is NULL) in the cache. The caller
 * has set the arena of out->deltas.
 */
static enum err chain_follow(struct ctx *c, struct odb_reader *r, const struct place *at,
	const struct base_cache *cache, struct chain *out)
{
	*out = (struct chain){.deltas.arena = out->deltas.arena};
	struct place place = *at;
	while (true) {
		struct link link = {.pack = place.pack};
		if (cache && base_cache_get(cache, place.pack, place.offset, &out->base))
			return OK;
		TRY(pack_entry_at(c, place.pack, place.offset, &link.entry));
		if (!is_delta(&link.entry)) {
			out->root = link;
			return OK;
		}
		if (out->deltas.len == CHAIN_MAX)
			return fail(c, ERR_CORRUPT, "a chain of deltas in pack %s is too long",
				at->pack->name);
		*vec_push(&out->deltas) = link;
		TRY(base_of(c, r, place.pack, &link.entry, &place));
	}
}

static enum err size_check(struct ctx *c, const struct odb_reader *r, uint64_t size)
{
	uint64_t most = r->object_max < memory_max ? r->object_max : memory_max;
	if (size > most)
		return fail(c, ERR_TOO_BIG, "an object of %llu bytes is over the limit of %llu",
			(unsigned long long)size, (unsigned long long)most);
	return OK;
}

/* Makes of `o` what the delta of `link` makes of it: in `into`; the delta itself lies in `work`. */
static enum err link_apply(struct ctx *c, const struct odb_reader *r, const struct link *link,
	struct object *o, struct arena *work, struct arena *into)
{
	uint64_t ignored = 0, size = 0;
	/* It lies in memory beside its result. One worth sending is shorter than half of that. */
	if (link->entry.size > memory_max / 2)
		return fail(c, ERR_TOO_BIG, "a delta of %llu bytes is over the limit of %llu",
			(unsigned long long)link->entry.size, (unsigned long long)memory_max / 2);
	TRY(size_check(c, r, link->entry.size));
	char *delta = arena_raw(work, (size_t)link->entry.size);
	TRY(entry_inflate(c, link->pack, &link->entry, delta));
	struct str bytes = str_from(delta, (size_t)link->entry.size), head = bytes;
	TRY(delta_sizes(c, &head, &ignored, &size));
	TRY(size_check(c, r, size));
	char *out = arena_raw(into, (size_t)size);
	TRY(delta_apply(c, o->bytes, bytes, out, (size_t)size));
	o->bytes = str_from(out, (size_t)size);
	return OK;
}

static enum err root_read(struct ctx *c, const struct odb_reader *r, const struct link *root,
	struct object *out, struct arena *into)
{
	TRY(size_check(c, r, root->entry.size));
	char *bytes = arena_raw(into, (size_t)root->entry.size);
	TRY(entry_inflate(c, root->pack, &root->entry, bytes));
	*out = (struct object){root->entry.type, str_from(bytes, (size_t)root->entry.size)};
	return OK;
}

/*
 * Makes the object at the head of a chain, in c->arena. What it is made of is made in work[0] or
 * work[1]: each step uses one and frees the other, so that two objects of a chain are in memory at
 * most, beside the result.
 */
static enum err chain_resolve(struct ctx *c, struct odb_reader *r, const struct chain *chain,
	struct arena work[2], struct object *out)
{
	*out = chain->base;
	if (!out->type) {
		TRY(root_read(c, r, &chain->root, out, &work[0]));
		base_cache_put(r->cache, chain->root.pack, chain->root.entry.offset, out);
	}
	for (size_t i = chain->deltas.len; i > 0; i--) {
		const struct link *link = &chain->deltas.at[i - 1];
		struct arena *next = &work[(chain->deltas.len - i + 1) % 2];
		arena_done(next);
		TRY(link_apply(c, r, link, out, next, i > 1 ? next : c->arena));
		if (i > 1)
			base_cache_put(r->cache, link->pack, link->entry.offset, out);
	}
	if (!chain->deltas.len)
		out->bytes = str_copy(c->arena, out->bytes);
	return OK;
}

/* Is it worth keeping for the next object? A whole one is quickly made again. */
static bool keep(const struct chain *chain, const struct object *made, bool next)
{
	if (made->type == OBJECT_TREE)
		return chain->deltas.len || !chain->base.type;
	return chain->deltas.len && next;
}

/* `next`: an object that is based on this one may be asked for next; of trees that is always so. */
static enum err read_in_memory(
	struct ctx *c, struct odb_reader *r, const struct place *at, bool next, struct object *out)
{
	struct arena work[2], way;
	arena_init(&way);
	struct chain chain = {.deltas.arena = &way};
	enum err err = chain_follow(c, r, at, r->cache, &chain);
	bool whole = !chain.deltas.len && !chain.base.type;
	arena_init(&work[0]);
	arena_init(&work[1]);
	if (!err)
		err = whole ? root_read(c, r, &chain.root, out, c->arena)
			    : chain_resolve(c, r, &chain, work, out);
	if (!err && keep(&chain, out, next)) {
		struct object kept = *out;
		base_cache_put(r->cache, at->pack, at->offset, &kept);
	}
	arena_done(&work[0]);
	arena_done(&work[1]);
	arena_done(&way);
	return err;
}

/* `size` may be NULL, and nothing is inflated. */
static enum err stat_at(struct ctx *c, struct odb_reader *r, const struct place *at,
	enum object_type *type, uint64_t *size)
{
	struct arena_mark mark = arena_mark(c->arena);
	struct chain chain = {.deltas.arena = c->arena};
	TRY(chain_follow(c, r, at, r->cache, &chain));
	*type = chain.base.type ? chain.base.type : chain.root.entry.type;
	if (size && chain.deltas.len)
		TRY(delta_result(c, at->pack, &chain.deltas.at[0].entry, size));
	else if (size)
		*size = chain.base.type ? chain.base.bytes.len : chain.root.entry.size;
	arena_rewind(c->arena, mark);
	return OK;
}

enum err odb_stat_at(struct ctx *c, struct odb_reader *r, const struct place *at,
	enum object_type *type, uint64_t *size)
{
	return err_stored(c, stat_at(c, r, at, type, size));
}

enum err odb_stat(struct ctx *c, struct odb_reader *r, const struct oid *id, enum object_type *type,
	uint64_t *size)
{
	struct place place;
	char hex[OID_HEX_MAX];
	TRY(find(c, r, id, &place));
	TRY_WHILE(c, odb_stat_at(c, r, &place, type, size), "reading object %s", oid_hex(id, hex));
	return OK;
}

enum err odb_type(struct ctx *c, struct odb_reader *r, const struct oid *id, enum object_type *out)
{
	char hex[OID_HEX_MAX];
	struct place place;
	bool found;
	*out = OBJECT_NONE;
	TRY(odb_find(c, r, id, &place, &found));
	if (found)
		TRY_WHILE(c, err_stored(c, stat_at(c, r, &place, out, NULL)), "reading object %s",
			oid_hex(id, hex));
	return OK;
}

/* What an entry of any size inflates to, window by window. */
struct entry_source {
	struct source source;
	const struct link *link;
	struct inflate *inflate;
	uint64_t at, end, made;
	const uint8_t *in;
	size_t in_len; /* of the window, what is left */
	bool done;
};

static enum err entry_window(struct ctx *c, struct entry_source *s)
{
	const struct pack *p = s->link->pack;
	if (s->in_len)
		return OK;
	TRY(ctx_check(c));
	if (s->at == s->end)
		return fail(c, ERR_CORRUPT, "pack %s ends within an entry", p->name);
	s->in_len = s->end - s->at < STREAM_WINDOW ? (size_t)(s->end - s->at) : STREAM_WINDOW;
	return extent_window(c, p->bytes, s->at, s->in_len, &s->in);
}

static enum err entry_source_read(
	struct ctx *c, struct source *self, void *into, size_t cap, size_t *got)
{
	struct entry_source *s = (struct entry_source *)self;
	const struct link *link = s->link;
	*got = 0;
	while (!s->done && !*got) {
		TRY(entry_window(c, s));
		struct zip_io io = {s->in, s->in_len, into, cap};
		TRY(inflate_step(c, s->inflate, &io, &s->done));
		if (io.in_len == 0 && io.out_len == 0 && !s->done)
			return fail(c, ERR_CORRUPT, "pack %s is damaged", link->pack->name);
		s->in += io.in_len;
		s->in_len -= io.in_len;
		s->at += io.in_len;
		s->made += io.out_len;
		*got = io.out_len;
	}
	if (s->made > link->entry.size || (s->done && s->made != link->entry.size))
		return fail(
			c, ERR_CORRUPT, "pack %s has an entry of a wrong size", link->pack->name);
	return OK;
}

static void entry_source_init(
	struct entry_source *s, const struct link *link, struct inflate *inflate)
{
	struct extent *bytes = link->pack->bytes;
	*s = (struct entry_source){.source.read = entry_source_read,
		.link = link,
		.inflate = inflate,
		.at = link->entry.data,
		.end = bytes->size - hash_size(link->pack->algo)};
}

static enum err entry_stream(struct ctx *c, const struct link *link, struct sink *to)
{
	INFLATE *z = NULL;
	struct entry_source from;
	TRY(inflate_open(c, ZIP_ZLIB, &z));
	entry_source_init(&from, link, z);
	char *out = arena_raw(c->arena, STREAM_OUT);
	for (size_t got = 1; got;) {
		TRY(source_read(c, &from.source, out, STREAM_OUT, &got));
		TRY(sink_write(c, to, out, got));
	}
	return OK;
}

static enum err link_stream(struct ctx *c, const struct odb_reader *r, struct extent *base,
	const struct link *link, struct sink *to)
{
	INFLATE *z = NULL;
	struct entry_source from;
	TRY(inflate_open(c, ZIP_ZLIB, &z));
	entry_source_init(&from, link, z);
	return delta_stream(c, base, &from.source, r->scratch_max, to);
}

static void spool_close_at_end(struct spool **spool)
{
	if (*spool)
		extent_close(&(*spool)->extent);
}

#define SPOOL __attribute__((cleanup(spool_close_at_end))) struct spool

/* Each step reads one spool and writes the other; the last one writes to the sink. */
static enum err chain_stream(
	struct ctx *c, struct odb_reader *r, const struct chain *chain, struct sink *to)
{
	SPOOL *base = NULL;
	if (chain->root.entry.size > r->scratch_max)
		return fail(c, ERR_TOO_BIG, "an object of %llu bytes is over the limit of %llu",
			(unsigned long long)chain->root.entry.size,
			(unsigned long long)r->scratch_max);
	TRY(spool_make(c, r->scratch, &base));
	struct spool_sink into;
	spool_sink_init(&into, base);
	TRY(entry_stream(c, &chain->root, &into.sink));
	for (size_t i = chain->deltas.len; i > 1; i--) {
		SPOOL *next = NULL;
		TRY(spool_make(c, r->scratch, &next));
		into.spool = next;
		TRY(link_stream(c, r, &base->extent, &chain->deltas.at[i - 1], &into.sink));
		extent_close(&base->extent);
		base = next;
		next = NULL;
	}
	return link_stream(c, r, &base->extent, &chain->deltas.at[0], to);
}

struct memory_sink {
	struct sink sink;
	char *at;
	uint64_t left;
};

static enum err memory_sink_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	struct memory_sink *s = (struct memory_sink *)self;
	if (len > s->left)
		return fail(c, ERR_CORRUPT, "a delta makes more than it says");
	memcpy(s->at, bytes, len);
	s->at += len;
	s->left -= len;
	return OK;
}

/* Small itself, but made of what is not. */
static enum err read_through_scratch(
	struct ctx *c, struct odb_reader *r, const struct place *at, struct object *out)
{
	struct chain chain = {.deltas.arena = c->arena};
	uint64_t size = 0;
	TRY(chain_follow(c, r, at, NULL, &chain));
	if (!chain.deltas.len)
		return size_check(c, r, chain.root.entry.size);
	TRY(delta_result(c, at->pack, &chain.deltas.at[0].entry, &size));
	TRY(size_check(c, r, size));
	char *bytes = arena_raw(c->arena, (size_t)size);
	struct memory_sink to = {{.write = memory_sink_write}, bytes, size};
	TRY(chain_stream(c, r, &chain, &to.sink));
	*out = (struct object){chain.root.entry.type, str_from(bytes, (size_t)size)};
	return OK;
}

static enum err read_at(
	struct ctx *c, struct odb_reader *r, const struct place *at, bool next, struct object *out)
{
	enum err err = read_in_memory(c, r, at, next, out);
	if (err != ERR_TOO_BIG || !r->scratch)
		return err_stored(c, err);
	ctx_clear(c);
	return err_stored(c, read_through_scratch(c, r, at, out));
}

enum err odb_read_at(
	struct ctx *c, struct odb_reader *r, const struct place *at, struct object *out)
{
	return read_at(c, r, at, false, out);
}

enum err odb_read(struct ctx *c, struct odb_reader *r, const struct oid *id, struct object *out)
{
	struct place place;
	char hex[OID_HEX_MAX];
	TRY(find(c, r, id, &place));
	TRY_WHILE(c, read_at(c, r, &place, true, out), "reading object %s", oid_hex(id, hex));
	return OK;
}

enum err odb_read_as(struct ctx *c, struct odb_reader *r, const struct oid *id,
	enum object_type type, struct str *out)
{
	struct object o;
	char hex[OID_HEX_MAX];
	TRY(odb_read(c, r, id, &o));
	if (o.type != type)
		return fail(c, ERR_INVALID, "object %s is a %s, not a %s", oid_hex(id, hex),
			object_type_name(o.type), object_type_name(type));
	*out = o.bytes;
	return OK;
}

static enum err stream(struct ctx *c, struct odb_reader *r, const struct oid *id, struct sink *to)
{
	struct place place;
	struct chain chain = {.deltas.arena = c->arena};
	TRY(find(c, r, id, &place));
	TRY(chain_follow(c, r, &place, NULL, &chain));
	if (!chain.deltas.len)
		return entry_stream(c, &chain.root, to);
	struct arena_mark mark = arena_mark(c->arena);
	struct object o;
	enum err err = read_in_memory(c, r, &place, true, &o);
	if (!err)
		return sink_write(c, to, o.bytes.at, o.bytes.len);
	if (err != ERR_TOO_BIG || !r->scratch)
		return err;
	ctx_clear(c);
	arena_rewind(c->arena, mark);
	return chain_stream(c, r, &chain, to);
}

enum err odb_stream(struct ctx *c, struct odb_reader *r, const struct oid *id, struct sink *to)
{
	return err_stored(c, stream(c, r, id, to));
}

static bool has_prefix(const uint8_t *hash, const uint8_t *prefix, size_t digits)
{
	if (memcmp(hash, prefix, digits / 2) != 0)
		return false;
	return digits % 2 == 0 || (hash[digits / 2] & 0xf0) == prefix[digits / 2];
}

enum err odb_find_prefix(struct ctx *c, struct odb_reader *r, struct str hex, struct oid *out)
{
	char digits[OID_HEX_MAX] = {0};
	uint8_t prefix[HASH_MAX];
	if (hex.len < PREFIX_MIN || hex.len > 2 * hash_size(r->odb->algo))
		return fail(c, ERR_NOT_FOUND, "%.*s is no id of an object",
			hex.len > 64 ? 64 : (int)hex.len, hex.at);
	memset(digits, '0', sizeof digits);
	memcpy(digits, hex.at, hex.len);
	if (!hex_decode(digits, HASH_MAX, prefix))
		return fail(c, ERR_NOT_FOUND, "%.*s is no id of an object", STR_FMT(hex));
	bool found = false;
	for (size_t i = 0; i < r->odb->count; i++) {
		const struct idx *idx = &r->odb->packs[i]->idx;
		uint32_t at = 0;
		TRY(err_stored(c, idx_lower_bound(c, idx, prefix, hex.len, &at)));
		for (; at < idx->count; at++) {
			struct oid id;
			TRY(err_stored(c, idx_oid_at(c, idx, at, &id)));
			if (!has_prefix(id.hash, prefix, hex.len))
				break;
			if (found && !oid_eq(&id, out))
				return fail(c, ERR_CONFLICT, "several objects begin with %.*s",
					STR_FMT(hex));
			*out = id;
			found = true;
		}
	}
	if (!found)
		return fail(c, ERR_NOT_FOUND, "there is no object %.*s", STR_FMT(hex));
	return OK;
}

enum err odb_peel(struct ctx *c, struct odb_reader *r, const struct oid *id, enum object_type type,
	struct oid *out, enum object_type *out_type)
{
	char hex[OID_HEX_MAX];
	*out = *id;
	for (size_t depth = 0; depth < PEEL_MAX; depth++) {
		struct place place;
		TRY(find(c, r, out, &place));
		TRY(err_stored(c, stat_at(c, r, &place, out_type, NULL)));
		if (*out_type == type || (type == OBJECT_NONE && *out_type != OBJECT_TAG))
			return OK;
		if (*out_type != OBJECT_TAG && (*out_type != OBJECT_COMMIT || type != OBJECT_TREE))
			return fail(c, ERR_INVALID, "%s is a %s, and leads to no %s",
				oid_hex(id, hex), object_type_name(*out_type),
				object_type_name(type));
		struct arena_mark mark = arena_mark(c->arena);
		struct object o;
		TRY(odb_read_at(c, r, &place, &o));
		struct tag tag;
		struct commit commit;
		if (o.type == OBJECT_TAG) {
			TRY(tag_parse(c, r->odb->algo, o.bytes, &tag));
			*out = tag.target;
		} else {
			TRY(commit_parse(c, r->odb->algo, o.bytes, &commit));
			*out = commit.tree;
		}
		arena_rewind(c->arena, mark);
	}
	return fail(c, ERR_CORRUPT, "tag %s leads to too many tags", oid_hex(id, hex));
}

/* The entry `name` of a tree; *found false when there is none. */
static enum err tree_entry_find(struct ctx *c, struct odb_reader *r, const struct oid *tree,
	struct str name, struct tree_entry *out, bool *found)
{
	struct str rest = {0};
	bool more = true;
	*found = false;
	TRY(odb_read_as(c, r, tree, OBJECT_TREE, &rest));
	while (!*found) {
		TRY(tree_next(c, r->odb->algo, &rest, out, &more));
		if (!more)
			return OK;
		*found = str_eq(out->name, name);
	}
	return OK;
}

enum err odb_tree_path(struct ctx *c, struct odb_reader *r, const struct oid *tree, struct str path,
	struct tree_entry *out)
{
	*out = (struct tree_entry){.mode = MODE_TREE, .id = *tree};
	struct str rest = path;
	while (rest.len) {
		struct str name = str_cut(&rest, '/');
		struct oid in = out->id;
		bool found = false;
		if (tree_entry_is_tree(out))
			TRY(tree_entry_find(c, r, &in, name, out, &found));
		if (!found)
			return fail(c, ERR_NOT_FOUND, "there is no \"%.*s\" here",
				path.len > 200 ? 200 : (int)path.len, path.at);
	}
	return OK;
}

#include "core/fsck_pack.h"

#include "core/push_spool.h"

/*
 * A pack is checked by receiving it once more, as if it came from outside. The spool that it would
 * go into is the pack itself: what is appended lies there already.
 */
struct again {
	struct spool spool;
	struct extent *pack;
};

struct again_maker {
	struct spool_maker maker;
	struct again again;
	bool given;
	struct push_spools scratch; /* for big contents */
};

struct again_source {
	struct source source;
	struct extent *pack;
	uint64_t at;
};

struct again_progress {
	struct receive_progress progress;
	const struct fsck_pack *what;
};

static enum err again_append(struct ctx *c, struct spool *self, const void *bytes, size_t len)
{
	(void)c, (void)bytes;
	self->extent.size += len;
	return OK;
}

static enum err again_window(
	struct ctx *c, struct extent *self, uint64_t at, size_t len, const uint8_t **out)
{
	return extent_window(c, ((struct again *)self)->pack, at, len, out);
}

static void again_close(struct extent *self)
{
	(void)self;
}

static enum err again_make(struct ctx *c, struct spool_maker *self, struct spool **out)
{
	struct again_maker *m = (struct again_maker *)self;
	if (m->given)
		return m->scratch.maker.make(c, &m->scratch.maker, out);
	m->given = true;
	*out = &m->again.spool;
	return OK;
}

static enum err again_read(struct ctx *c, struct source *self, void *into, size_t cap, size_t *got)
{
	struct again_source *s = (struct again_source *)self;
	const uint8_t *bytes;
	uint64_t left = s->pack->size - s->at;
	*got = left < cap ? (size_t)left : cap;
	if (!*got)
		return OK;
	TRY(extent_window(c, s->pack, s->at, *got, &bytes));
	memcpy(into, bytes, *got);
	s->at += *got;
	return OK;
}

static enum err again_step(struct ctx *c, struct receive_progress *self, enum receive_stage stage,
	uint32_t done, uint32_t all)
{
	const struct fsck_pack *what = ((struct again_progress *)self)->what;
	uint64_t objects = what->pack->idx.count;
	(void)stage, (void)done, (void)all;
	if (what->run->progress && stage == RECEIVE_OBJECTS && (done % 256 == 0 || done == all))
		what->run->progress(what->run->arg, what->repo->name, done, objects);
	return ctx_check(c);
}

/* The index says of every object what we found. */
static enum err compare_index(
	struct ctx *c, const struct fsck_pack *what, const struct pack_received *got)
{
	const struct idx *idx = &what->pack->idx;
	const uint8_t *bytes;
	struct idx checked;
	char hex[OID_HEX_MAX];
	size_t size = (size_t)what->pack->idx_bytes->size;
	TRY(extent_window(c, what->pack->idx_bytes, 0, size, &bytes));
	TRY(idx_parse(c, what->pack->algo, str_from(bytes, size), true, &checked));
	if (idx->count != got->count)
		return fail(c, ERR_CORRUPT, "the index has %u objects and the pack %u", idx->count,
			got->count);
	for (uint32_t i = 0; i < idx->count; i++) {
		const struct idx_entry *entry = &got->entries[i];
		struct oid id = idx_oid(idx, i);
		if (!oid_eq(&id, &entry->id) || idx_offset(idx, i) != entry->offset ||
			idx_crc(idx, i) != entry->crc)
			return fail(c, ERR_CORRUPT, "the index is wrong about object %s",
				oid_hex(&entry->id, hex));
	}
	return OK;
}

static enum err receive_again(struct ctx *c, const struct fsck_pack *what)
{
	struct pack_received got = {0};
	struct odb nothing = {.algo = what->pack->algo};
	struct odb_reader known;
	struct extent *bytes = what->pack->bytes;
	struct again_source from = {{again_read}, bytes, 0};
	struct again_progress progress = {{again_step}, what};
	struct again_maker spools = {
		.maker = {again_make},
		.again = {{{0, again_window, again_close}, again_append}, bytes},
	};
	push_spools_init(&spools.scratch, what->run->core->blob, 0);
	odb_reader_init(c, &known, &nothing);
	const struct pack_receive in = {
		.algo = what->pack->algo,
		.from = &from.source,
		.to_end = true,
		.spools = &spools.maker,
		.known = &known,
		.object_max = UINT64_MAX >> 1,
		.pack_max = UINT64_MAX >> 1,
		.progress = &progress.progress,
	};
	enum err err = pack_receive(c, &in, &got);
	if (!err)
		err = compare_index(c, what, &got);
	if (!err)
		err = pack_received_connected(c, &got, what->all, NULL);
	/* Here, because its spool is one of ours. */
	if (got.algo)
		pack_received_done(&got);
	return err;
}

enum err fsck_pack(struct ctx *c, const struct fsck_pack *what)
{
	struct arena_mark mark = arena_mark(c->arena);
	enum err err = receive_again(c, what);
	arena_rewind(c->arena, mark);
	return err ? fail_while(c, err, "checking pack %s", what->pack->name) : OK;
}

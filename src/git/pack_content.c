#include "base/buf.h"
#include "base/host.h"
#include "base/vec.h"
#include "base/zip.h"
#include "git/delta.h"
#include "git/receiver.h"

enum err content_make(struct ctx *c, struct tools *t, uint64_t size, struct content *out)
{
	*out = (struct content){.size = size};
	if (size > CONTENT_SHARED_MAX)
		TRY(crew_take_big(c, t));
	if (size > CONTENT_MAX)
		return spool_make(c, t->r->in->spools, &out->spool);
	out->bytes = host_alloc((size_t)size + 1);
	return OK;
}

void content_done(struct content *content)
{
	if (content->bytes)
		host_free(content->bytes, (size_t)content->size + 1);
	if (content->spool)
		extent_close(&content->spool->extent);
	*content = (struct content){0};
}

enum err content_window(
	struct ctx *c, const struct content *content, uint64_t at, size_t len, const uint8_t **out)
{
	ASSERT(len <= RECEIVE_CHUNK);
	if (content->spool)
		return extent_window(c, &content->spool->extent, at, len, out);
	ASSERT(at + len <= content->size);
	*out = content->bytes + at;
	return OK;
}

/* A zlib stream that lies in a pack, ours or the one that comes. */
struct stream_at {
	struct extent *pack;
	uint64_t from, to;
};

static enum err inflate_to_memory(struct ctx *c, const struct stream_at *at, struct content *out)
{
	const uint8_t *in;
	size_t used, len = (size_t)(at->to - at->from);
	TRY(extent_window(c, at->pack, at->from, len, &in));
	return zip_inflate(c, in, len, out->bytes, (size_t)out->size, &used);
}

static enum err inflate_to_spool(
	struct ctx *c, struct tools *t, const struct stream_at *at, struct content *out)
{
	uint64_t from = at->from;
	inflate_reset(t->inflate);
	for (bool done = false; !done;) {
		const uint8_t *in;
		size_t in_len =
			at->to - from < RECEIVE_CHUNK ? (size_t)(at->to - from) : RECEIVE_CHUNK;
		TRY(extent_window(c, at->pack, from, in_len, &in));
		struct zip_io io = {in, in_len, t->chunk, RECEIVE_CHUNK};
		TRY(inflate_step(c, t->inflate, &io, &done));
		if (!io.in_len && !io.out_len && !done)
			return fail(c, ERR_CORRUPT, "compressed data ends too early");
		TRY(spool_append(c, out->spool, t->chunk, io.out_len));
		TRY(ctx_check(c));
		from += io.in_len;
	}
	if (out->spool->extent.size != out->size)
		return fail(c, ERR_CORRUPT, "compressed data is not of the size that it claims");
	return OK;
}

static enum err inflate_at(struct ctx *c, struct tools *t, const struct stream_at *at,
	uint64_t size, struct content *out)
{
	TRY(content_make(c, t, size, out));
	return out->spool ? inflate_to_spool(c, t, at, out) : inflate_to_memory(c, at, out);
}

enum err content_inflate(struct ctx *c, struct tools *t, uint32_t at, struct content *out)
{
	const struct received *record = &t->r->out->records[at];
	const struct stream_at stream = {&t->r->out->pack->extent, record->offset + record->header,
		receiver_entry_end(t->r, at)};
	return inflate_at(c, t, &stream, record->size, out);
}

/* An entry of a pack of ours. */
struct known_entry {
	struct pack *pack;
	struct pack_entry entry;
};

/* The entries from an object to the whole one that it is based on in the end. */
struct known_chain {
	VEC_OF(struct known_entry) entries;
};

static bool is_delta(const struct pack_entry *entry)
{
	return entry->type == OBJECT_OFS_DELTA || entry->type == OBJECT_REF_DELTA;
}

static enum err base_place(
	struct ctx *c, struct tools *t, const struct known_entry *on, struct place *out)
{
	const struct pack_entry *entry = &on->entry;
	*out = (struct place){.pack = on->pack, .offset = entry->base_offset};
	if (entry->type == OBJECT_OFS_DELTA)
		return OK;
	struct idx_hit hit;
	bool found;
	TRY(idx_look_up(c, &on->pack->idx, &entry->base, &hit));
	if (hit.found) {
		*out = (struct place){on->pack, hit.position, hit.offset};
		return OK;
	}
	TRY(odb_find(c, t->known, &entry->base, out, &found));
	if (!found)
		return fail(c, ERR_CORRUPT, "the base of a delta in pack %s is missing",
			on->pack->name);
	return OK;
}

static enum err chain_of(
	struct ctx *c, struct tools *t, const struct oid *id, struct known_chain *chain)
{
	struct place place = {0};
	bool there;
	TRY(odb_find(c, t->known, id, &place, &there));
	ASSERT(there);
	for (;;) {
		struct known_entry *next = vec_push(&chain->entries);
		next->pack = place.pack;
		TRY(pack_entry_at(c, place.pack, place.offset, &next->entry));
		if (!is_delta(&next->entry))
			return OK;
		if (chain->entries.len > RECEIVE_DEPTH_MAX)
			return fail(c, ERR_CORRUPT, "a chain of deltas in pack %s is too long",
				place.pack->name);
		TRY(base_place(c, t, next, &place));
	}
}

static enum err inflate_known(
	struct ctx *c, struct tools *t, const struct known_entry *at, struct content *out)
{
	struct stream_at stream = {.pack = at->pack->bytes, .from = at->entry.data};
	uint32_t position = 0;
	TRY(pack_position_at(c, at->pack, at->entry.offset, &position));
	TRY(pack_entry_end(c, at->pack, position, &stream.to));
	return inflate_at(c, t, &stream, at->entry.size, out);
}

/* Through contents of our own, so that what is big is not in memory. */
static enum err make_known(
	struct ctx *c, struct tools *t, const struct known_chain *chain, struct content *out)
{
	size_t left = chain->entries.len - 1;
	TRY(inflate_known(c, t, &chain->entries.at[left], out));
	while (left) {
		struct content base = *out, delta = {0};
		*out = (struct content){0};
		enum err err = inflate_known(c, t, &chain->entries.at[--left], &delta);
		if (!err)
			err = content_apply(c, t, &base, &delta, out);
		content_done(&delta);
		content_done(&base);
		TRY(err);
	}
	return OK;
}

static enum err read_known(
	struct ctx *c, struct tools *t, const struct oid *id, struct content *out)
{
	struct arena_mark mark = arena_mark(c->arena);
	struct object object;
	TRY(odb_read(c, t->known, id, &object));
	if (object.bytes.len > CONTENT_MAX)
		return fail(c, ERR_CORRUPT, "an object is not of the size that it claims");
	TRY(content_make(c, t, object.bytes.len, out));
	memcpy(out->bytes, object.bytes.at, object.bytes.len);
	arena_rewind(c->arena, mark);
	return OK;
}

static enum err known(
	struct ctx *c, struct tools *t, const struct oid *id, uint64_t size, struct content *out)
{
	struct known_chain chain = {.entries.arena = c->arena};
	*out = (struct content){0};
	TRY(chain_of(c, t, id, &chain));
	uint64_t root = chain.entries.at[chain.entries.len - 1].entry.size;
	/* For small ones the reader's cache of bases is of use. */
	if (size <= CONTENT_MAX && root <= CONTENT_MAX)
		TRY(read_known(c, t, id, out));
	else
		TRY(make_known(c, t, &chain, out));
	if (out->size != size)
		return fail(c, ERR_CORRUPT, "an object is not of the size that it claims");
	return OK;
}

enum err content_known(
	struct ctx *c, struct tools *t, const struct oid *id, uint64_t size, struct content *out)
{
	return err_stored(c, known(c, t, id, size, out));
}

/* A content as a source. */
struct content_source {
	struct source source;
	const struct content *from;
	uint64_t at;
};

static enum err content_source_read(
	struct ctx *c, struct source *self, void *into, size_t cap, size_t *got)
{
	struct content_source *s = (struct content_source *)self;
	uint64_t left = s->from->size - s->at;
	const uint8_t *bytes;
	*got = cap < RECEIVE_CHUNK ? cap : RECEIVE_CHUNK;
	if (*got > left)
		*got = (size_t)left;
	if (!*got)
		return OK;
	TRY(content_window(c, s->from, s->at, *got, &bytes));
	memcpy(into, bytes, *got);
	s->at += *got;
	return OK;
}

/* For results that do not fit in memory, or what they are made of: makes out->spool. */
static enum err apply_streaming(struct ctx *c, struct tools *t, const struct content *base,
	const struct content *delta, struct content *out)
{
	struct extent_bytes in_memory;
	struct extent *extent = &in_memory.extent;
	if (base->spool)
		extent = &base->spool->extent;
	else
		extent_bytes_init(&in_memory, base->bytes, (size_t)base->size);
	if (!out->spool)
		TRY(spool_make(c, t->r->in->spools, &out->spool));
	struct content_source from = {.source.read = content_source_read, .from = delta};
	struct spool_sink to;
	spool_sink_init(&to, out->spool);
	return delta_stream(c, extent, &from.source, out->size, &to.sink);
}

static enum err spool_to_memory(struct ctx *c, struct content *content)
{
	struct content from = {.spool = content->spool, .size = content->size};
	for (uint64_t at = 0; at < from.size;) {
		const uint8_t *bytes;
		size_t len =
			from.size - at < RECEIVE_CHUNK ? (size_t)(from.size - at) : RECEIVE_CHUNK;
		TRY(content_window(c, &from, at, len, &bytes));
		memcpy(content->bytes + at, bytes, len);
		at += len;
	}
	content->spool = NULL;
	content_done(&from);
	return OK;
}

enum err content_apply(struct ctx *c, struct tools *t, const struct content *base,
	const struct content *delta, struct content *out)
{
	const uint8_t *head;
	uint64_t base_size, size;
	size_t head_len = delta->size < DELTA_SIZES_MAX ? (size_t)delta->size : DELTA_SIZES_MAX;
	TRY(content_window(c, delta, 0, head_len, &head));
	struct str rest = str_from(head, head_len);
	TRY(delta_sizes(c, &rest, &base_size, &size));
	TRY(content_make(c, t, size, out));
	if (base->bytes && delta->bytes && out->bytes)
		return delta_apply(c, str_from(base->bytes, (size_t)base->size),
			str_from(delta->bytes, (size_t)delta->size), out->bytes, (size_t)size);
	TRY(apply_streaming(c, t, base, delta, out));
	return out->bytes ? spool_to_memory(c, out) : OK;
}

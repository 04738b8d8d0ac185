#include "base/buf.h"
#include "base/host.h"
#include "base/zip.h"
#include "git/delta.h"
#include "git/receiver.h"

enum err content_make(struct ctx *c, struct receiver *r, uint64_t size, struct content *out)
{
	*out = (struct content){.size = size};
	if (size > CONTENT_MAX)
		return r->in->spools->make(c, r->in->spools, &out->spool);
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

static enum err inflate_to_memory(
	struct ctx *c, struct receiver *r, uint32_t at, struct content *out)
{
	const struct received *record = &r->out->records[at];
	uint64_t from = record->offset + record->header;
	uint64_t len = receiver_entry_end(r, at) - from;
	const uint8_t *in;
	size_t used;
	TRY(extent_window(c, &r->out->pack->extent, from, (size_t)len, &in));
	return zip_inflate(c, in, (size_t)len, out->bytes, (size_t)out->size, &used);
}

static enum err inflate_to_spool(
	struct ctx *c, struct receiver *r, uint32_t at, struct content *out)
{
	const struct received *record = &r->out->records[at];
	uint64_t from = record->offset + record->header, to = receiver_entry_end(r, at);
	inflate_reset(r->inflate);
	for (bool done = false; !done;) {
		const uint8_t *in;
		size_t in_len = to - from < RECEIVE_CHUNK ? (size_t)(to - from) : RECEIVE_CHUNK;
		TRY(extent_window(c, &r->out->pack->extent, from, in_len, &in));
		struct zip_io io = {in, in_len, r->chunk, RECEIVE_CHUNK};
		TRY(inflate_step(c, r->inflate, &io, &done));
		if (!io.in_len && !io.out_len && !done)
			return fail(c, ERR_CORRUPT, "compressed data ends too early");
		TRY(spool_append(c, out->spool, r->chunk, io.out_len));
		TRY(ctx_check(c));
		from += io.in_len;
	}
	if (out->spool->extent.size != out->size)
		return fail(c, ERR_CORRUPT, "compressed data is not of the size that it claims");
	return OK;
}

enum err content_inflate(struct ctx *c, struct receiver *r, uint32_t at, struct content *out)
{
	TRY(content_make(c, r, r->out->records[at].size, out));
	return out->spool ? inflate_to_spool(c, r, at, out) : inflate_to_memory(c, r, at, out);
}

/* A sink into a spool. */
struct spool_sink {
	struct sink sink;
	struct spool *spool;
};

static enum err spool_sink_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	return spool_append(c, ((struct spool_sink *)self)->spool, bytes, len);
}

enum err content_known(
	struct ctx *c, struct receiver *r, const struct oid *id, uint64_t size, struct content *out)
{
	struct object object;
	TRY(content_make(c, r, size, out));
	if (out->spool) {
		struct spool_sink to = {.sink.write = spool_sink_write, .spool = out->spool};
		TRY(odb_stream(c, r->in->known, id, &to.sink));
		if (out->spool->extent.size != size)
			return fail(c, ERR_CORRUPT, "an object changed its size while it was read");
		return OK;
	}
	struct arena_mark mark = arena_mark(c->arena);
	TRY(odb_read(c, r->in->known, id, &object));
	if (object.bytes.len != size)
		return fail(c, ERR_CORRUPT, "an object changed its size while it was read");
	memcpy(out->bytes, object.bytes.at, object.bytes.len);
	arena_rewind(c->arena, mark);
	return OK;
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
static enum err apply_streaming(struct ctx *c, struct receiver *r, const struct content *base,
	const struct content *delta, struct content *out)
{
	struct extent_bytes in_memory;
	struct extent *extent = &in_memory.extent;
	if (base->spool)
		extent = &base->spool->extent;
	else
		extent_bytes_init(&in_memory, base->bytes, (size_t)base->size);
	if (!out->spool)
		TRY(r->in->spools->make(c, r->in->spools, &out->spool));
	struct content_source from = {.source.read = content_source_read, .from = delta};
	struct spool_sink to = {.sink.write = spool_sink_write, .spool = out->spool};
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

enum err content_apply(struct ctx *c, struct receiver *r, const struct content *base,
	const struct content *delta, struct content *out)
{
	const uint8_t *head;
	uint64_t base_size, size;
	size_t head_len = delta->size < DELTA_SIZES_MAX ? (size_t)delta->size : DELTA_SIZES_MAX;
	TRY(content_window(c, delta, 0, head_len, &head));
	struct str rest = str_from(head, head_len);
	TRY(delta_sizes(c, &rest, &base_size, &size));
	TRY(content_make(c, r, size, out));
	if (base->bytes && delta->bytes && out->bytes)
		return delta_apply(c, str_from(base->bytes, (size_t)base->size),
			str_from(delta->bytes, (size_t)delta->size), out->bytes, (size_t)size);
	TRY(apply_streaming(c, r, base, delta, out));
	return out->bytes ? spool_to_memory(c, out) : OK;
}

#include "base/buf.h"
#include "base/host.h"
#include "base/zip.h"
#include "git/receiver.h"

enum {
	LEVEL_HASTY = 1,
	AT_ONCE_MAX = 1 << 20, /* bytes; what is larger is deflated piece by piece */
};

/* The pack that takes the place of a thin one. */
struct completion {
	struct receiver *r;
	struct spool *to;
	struct hash hash;
	uint32_t crc; /* of the entry so far */
	struct deflate *deflate;
};

static enum err completion_write(struct ctx *c, struct completion *w, const void *bytes, size_t len)
{
	hash_update(&w->hash, bytes, len);
	w->crc = zip_crc32(w->crc, bytes, len);
	return spool_append(c, w->to, bytes, len);
}

/* What came, under a header with another count. */
static enum err copy_received(struct ctx *c, struct completion *w)
{
	struct receiver *r = w->r;
	uint8_t header[12] = "PACK";
	put_be32(header + 4, 2);
	put_be32(header + 8, r->out->count);
	TRY(completion_write(c, w, header, sizeof header));
	for (uint64_t at = sizeof header; at < r->body_end;) {
		const uint8_t *bytes;
		size_t len = r->body_end - at < RECEIVE_CHUNK ? (size_t)(r->body_end - at)
							      : RECEIVE_CHUNK;
		TRY(extent_window(c, &r->out->pack->extent, at, len, &bytes));
		TRY(completion_write(c, w, bytes, len));
		TRY(ctx_check(c));
		at += len;
	}
	return OK;
}

/*
 * In one go, and hastily: the client waits, these bytes are here already, and compaction will keep
 * only one copy of the object.
 */
static enum err deflate_at_once(struct ctx *c, struct completion *w, const struct content *content)
{
	size_t cap = zip_deflate_bound((size_t)content->size);
	uint8_t *out = host_alloc(cap);
	size_t len = zip_deflate(content->bytes, (size_t)content->size, out, cap, LEVEL_HASTY);
	enum err err = completion_write(c, w, out, len);
	host_free(out, cap);
	return err;
}

static enum err deflate_by_steps(struct ctx *c, struct completion *w, const struct content *content)
{
	uint64_t at = 0;
	TRY(deflate_open(c, ZIP_ZLIB, LEVEL_HASTY, &w->deflate));
	for (bool done = false; !done;) {
		const uint8_t *bytes = NULL;
		size_t in = content->size - at < RECEIVE_CHUNK ? (size_t)(content->size - at)
							       : RECEIVE_CHUNK;
		bool last = at + in == content->size;
		if (in)
			TRY(content_window(c, content, at, in, &bytes));
		struct zip_io io = {bytes, in, w->r->own.chunk, RECEIVE_CHUNK};
		TRY(deflate_step(c, w->deflate, &io, last, &done));
		TRY(completion_write(c, w, w->r->own.chunk, io.out_len));
		TRY(ctx_check(c));
		at += io.in_len;
	}
	return OK;
}

/* The compressed bytes of an object that lies whole in a pack of ours. */
static enum err copy_entry(struct ctx *c, struct completion *w, const struct place *from,
	const struct pack_entry *entry)
{
	uint64_t at = entry->data, end;
	TRY(pack_entry_end(c, from->pack, from->position, &end));
	while (at < end) {
		const uint8_t *bytes;
		size_t len = end - at < RECEIVE_CHUNK ? (size_t)(end - at) : RECEIVE_CHUNK;
		TRY(extent_window(c, from->pack->bytes, at, len, &bytes));
		TRY(completion_write(c, w, bytes, len));
		TRY(ctx_check(c));
		at += len;
	}
	return OK;
}

static enum err append_content(struct ctx *c, struct completion *w, const struct received *record)
{
	struct content content = {0};
	struct place place;
	struct pack_entry entry;
	bool there;
	TRY(odb_find(c, w->r->in->known, &record->id, &place, &there));
	ASSERT(there);
	TRY(pack_entry_at(c, place.pack, place.offset, &entry));
	if (entry.type != OBJECT_OFS_DELTA && entry.type != OBJECT_REF_DELTA)
		return copy_entry(c, w, &place, &entry);
	enum err err = content_known(c, &w->r->own, &record->id, record->size, &content);
	if (!err)
		err = content.bytes && content.size <= AT_ONCE_MAX
			      ? deflate_at_once(c, w, &content)
			      : deflate_by_steps(c, w, &content);
	if (w->deflate)
		deflate_close(w->deflate);
	w->deflate = NULL;
	content_done(&content);
	return err;
}

static enum err append_base(struct ctx *c, struct completion *w, uint32_t at)
{
	struct received *record = &w->r->out->records[at];
	uint8_t header[10];
	record->offset = w->to->extent.size;
	record->header = (uint8_t)pack_entry_header(record->object_type, record->size, header);
	w->crc = 0;
	TRY(completion_write(c, w, header, record->header));
	TRY(err_stored(c, append_content(c, w, record)));
	record->crc = w->crc;
	return OK;
}

static enum err complete(struct ctx *c, struct completion *w)
{
	struct receiver *r = w->r;
	uint8_t digest[HASH_MAX];
	uint64_t body_end;
	TRY(copy_received(c, w));
	for (uint32_t i = r->out->count - r->outside; i < r->out->count; i++)
		TRY(append_base(c, w, i));
	body_end = w->to->extent.size;
	hash_final(&w->hash, digest);
	TRY(spool_append(c, w->to, digest, hash_size(r->in->algo)));
	r->out->id = oid_from_bytes(r->in->algo, digest);
	r->outside = 0;
	r->body_end = body_end;
	return OK;
}

enum err receiver_complete(struct ctx *c, struct receiver *r)
{
	struct completion w = {.r = r};
	if (!r->outside)
		return OK;
	hash_init(&w.hash, r->in->algo);
	TRY(spool_make(c, r->in->spools, &w.to));
	enum err err = complete(c, &w);
	if (err) {
		extent_close(&w.to->extent);
		return err;
	}
	extent_close(&r->out->pack->extent);
	r->out->pack = w.to;
	return OK;
}

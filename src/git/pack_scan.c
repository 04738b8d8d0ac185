#include "base/buf.h"
#include "base/host.h"
#include "base/zip.h"
#include "git/delta.h"
#include "git/hasher.h"
#include "git/receiver.h"

enum { SCAN_BUFFER = 128 << 10, ENTRY_HEADER_MAX = 10 + HASH_MAX, PACK_HEADER = 12 };

struct scan {
	struct receiver *r;
	uint8_t *buffer;
	size_t at, end;    /* what was read but not used yet */
	size_t kept;       /* what is before it is in the spool and in both sums */
	uint64_t position; /* of buffer[at] in the pack */
	uint32_t crc;      /* of the entry so far */
	struct hash hash;  /* of the pack so far */
};

/* What one entry inflates into: every type has its own way. */
struct scan_entry {
	const struct pack_entry *entry;
	struct content content; /* of commits, trees and tags */
	struct hasher hasher;   /* of blobs */
	uint8_t head[DELTA_SIZES_MAX];
	uint64_t done;
};

static enum err scan_keep(struct ctx *c, struct scan *s)
{
	const uint8_t *from = s->buffer + s->kept;
	size_t len = s->at - s->kept;
	if (!len)
		return OK;
	s->kept = s->at;
	hash_update(&s->hash, from, len);
	s->crc = zip_crc32(s->crc, from, len);
	return spool_append(c, s->r->out->pack, from, len);
}

static size_t scan_have(const struct scan *s)
{
	return s->end - s->at;
}

/* Sees to it that `need` bytes are there, or all that still come. */
static enum err scan_fill(struct ctx *c, struct scan *s, size_t need)
{
	if (scan_have(s) >= need)
		return OK;
	TRY(scan_keep(c, s));
	memmove(s->buffer, s->buffer + s->at, scan_have(s));
	s->end -= s->at;
	s->at = s->kept = 0;
	for (size_t got = 1; got && s->end < need;) {
		TRY(source_read(c, s->r->in->from, s->buffer + s->end, SCAN_BUFFER - s->end, &got));
		s->end += got;
	}
	if (s->position + s->end > s->r->in->pack_max)
		return fail(c, ERR_TOO_BIG, "the pack is over the limit of %llu bytes",
			(unsigned long long)s->r->in->pack_max);
	return ctx_check(c);
}

static void scan_use(struct scan *s, size_t len)
{
	s->at += len;
	s->position += len;
}

static enum err scan_header(struct ctx *c, struct scan *s, uint32_t *count)
{
	TRY(scan_fill(c, s, PACK_HEADER));
	const uint8_t *at = s->buffer + s->at;
	if (scan_have(s) < PACK_HEADER || memcmp(at, "PACK", 4) != 0)
		return fail(c, ERR_INVALID, "what was sent is no pack");
	uint32_t version = get_be32(at + 4);
	if (version != 2 && version != 3)
		return fail(c, ERR_UNSUPPORTED, "pack version %u is not supported", version);
	*count = get_be32(at + 8);
	/* No more are read than it says, so that this bounds what they take in memory. */
	uint32_t max = RECEIVE_OBJECTS_MAX, wanted = s->r->in->objects_max;
	if (wanted && wanted < max)
		max = wanted;
	if (*count > max)
		return fail(c, ERR_TOO_BIG,
			"the pack says that it holds %u objects, and %u is the most: push it in "
			"steps",
			*count, max);
	scan_use(s, PACK_HEADER);
	return scan_keep(c, s);
}

static enum err entry_begin(struct ctx *c, struct receiver *r, struct scan_entry *e)
{
	const struct pack_entry *entry = e->entry;
	if (entry->size > r->in->object_max)
		return fail(c, ERR_TOO_BIG, "an object of %llu bytes is over the limit of %llu",
			(unsigned long long)entry->size, (unsigned long long)r->in->object_max);
	switch (entry->type) {
	case OBJECT_COMMIT:
	case OBJECT_TREE:
	case OBJECT_TAG:
		if (entry->size > CONTENT_MAX)
			return fail(c, ERR_TOO_BIG, "a %s of %llu bytes is over the limit of %d",
				object_type_name(entry->type), (unsigned long long)entry->size,
				CONTENT_MAX);
		return content_make(c, &r->own, entry->size, &e->content);
	case OBJECT_BLOB: hasher_init(&e->hasher, r->in->algo, entry->type, entry->size); return OK;
	default: return OK;
	}
}

static void entry_take(struct scan_entry *e, const uint8_t *bytes, size_t len)
{
	if (e->content.bytes)
		memcpy(e->content.bytes + e->done, bytes, len);
	else if (e->entry->type == OBJECT_BLOB)
		hasher_update(&e->hasher, bytes, len);
	else if (e->done < sizeof e->head)
		memcpy(e->head + e->done, bytes,
			len < sizeof e->head - e->done ? len : sizeof e->head - e->done);
	e->done += len;
}

/* By the strict one of the host's two inflaters: what is taken in, every git must be able to read. */
static enum err scan_inflate(struct ctx *c, struct scan *s, struct scan_entry *e)
{
	struct receiver *r = s->r;
	uint64_t size = e->entry->size, begin = s->position;
	inflate_reset(r->own.inflate);
	for (bool done = false; !done;) {
		TRY(scan_fill(c, s, 1));
		if (!scan_have(s))
			return fail(c, ERR_INVALID, "the pack ends in the middle of an object");
		struct zip_io io = {s->buffer + s->at, scan_have(s), r->own.chunk, RECEIVE_CHUNK};
		TRY(inflate_step(c, r->own.inflate, &io, &done));
		scan_use(s, io.in_len);
		if (io.out_len > size - e->done || (!io.in_len && !io.out_len && !done))
			return fail(c, ERR_CORRUPT, "an object is longer than it claims");
		entry_take(e, r->own.chunk, io.out_len);
		/* Empty blocks without end would make it cheap to send and dear to read again. */
		if ((s->position - begin) / 2 > e->done + SCAN_BUFFER)
			return fail(c, ERR_CORRUPT, "an object grows when it is compressed");
	}
	if (e->done != size)
		return fail(c, ERR_CORRUPT, "an object is shorter than it claims");
	return OK;
}

static uint32_t record_at_offset(const struct receiver *r, uint64_t offset)
{
	uint32_t low = 0, high = r->out->count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (r->out->records[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < r->out->count && r->out->records[low].offset == offset ? low : NO_RECORD;
}

static struct ref_delta *ref_delta_new(struct receiver *r)
{
	if (r->ref_delta_count == r->ref_delta_cap) {
		uint32_t cap = r->ref_delta_cap ? r->ref_delta_cap * 2 : 256;
		struct ref_delta *bigger = host_alloc(cap * sizeof *bigger);
		if (r->ref_deltas) {
			memcpy(bigger, r->ref_deltas, r->ref_delta_cap * sizeof *bigger);
			host_free(r->ref_deltas, r->ref_delta_cap * sizeof *bigger);
		}
		r->ref_deltas = bigger;
		r->ref_delta_cap = cap;
	}
	return &r->ref_deltas[r->ref_delta_count++];
}

static enum err delta_end(struct ctx *c, struct receiver *r, struct scan_entry *e, uint32_t at)
{
	const struct pack_entry *entry = e->entry;
	struct received *record = &r->out->records[at];
	uint64_t base_size, size;
	struct str head =
		str_from(e->head, e->done < sizeof e->head ? (size_t)e->done : sizeof e->head);
	TRY(delta_sizes(c, &head, &base_size, &size));
	if (size > r->in->object_max || base_size > r->in->object_max)
		return fail(c, ERR_TOO_BIG, "an object of %llu bytes is over the limit of %llu",
			(unsigned long long)(size > base_size ? size : base_size),
			(unsigned long long)r->in->object_max);
	r->deltas++;
	r->expanded += size;
	if (entry->type == OBJECT_REF_DELTA) {
		*ref_delta_new(r) = (struct ref_delta){.base = entry->base, .record = at};
		return OK;
	}
	uint32_t base = record_at_offset(r, entry->base_offset);
	if (base == NO_RECORD || base >= at)
		return fail(c, ERR_CORRUPT, "a delta's base is no object of the pack");
	record->base = base;
	record->next = r->out->records[base].child;
	r->out->records[base].child = at;
	return OK;
}

static enum err blob_end(struct ctx *c, struct receiver *r, struct scan_entry *e, uint32_t at)
{
	struct received *record = &r->out->records[at];
	TRY(hasher_final(c, &e->hasher, &record->id));
	record->object_type = OBJECT_BLOB;
	/* Its bytes are gone by; they are in the spool for later. */
	return odb_has(c, r->in->known, &record->id, &record->compare);
}

static enum err entry_end(struct ctx *c, struct receiver *r, struct scan_entry *e, uint32_t at)
{
	if (e->content.bytes)
		return receiver_object(c, &r->own, at, &e->content, NULL);
	if (e->entry->type == OBJECT_BLOB)
		return blob_end(c, r, e, at);
	return delta_end(c, r, e, at);
}

static enum err scan_entry(struct ctx *c, struct scan *s)
{
	struct receiver *r = s->r;
	struct pack_entry entry;
	TRY(scan_fill(c, s, ENTRY_HEADER_MAX));
	TRY(scan_keep(c, s));
	s->crc = 0;
	TRY(pack_entry_parse(
		c, r->in->algo, str_from(s->buffer + s->at, scan_have(s)), s->position, &entry));
	uint32_t at = r->out->count;
	struct received *record = receiver_record(r);
	record->offset = s->position;
	record->size = entry.size;
	record->type = (uint8_t)entry.type;
	record->header = (uint8_t)(entry.data - entry.offset);
	if (entry.type != OBJECT_OFS_DELTA && entry.type != OBJECT_REF_DELTA)
		record->object_type = record->type;
	scan_use(s, record->header);

	struct scan_entry e = {.entry = &entry};
	enum err err = entry_begin(c, r, &e);
	if (!err)
		err = scan_inflate(c, s, &e);
	if (!err)
		err = scan_keep(c, s);
	r->out->records[at].crc = s->crc;
	if (!err)
		err = entry_end(c, r, &e, at);
	content_done(&e.content);
	return err;
}

static enum err scan_trailer(struct ctx *c, struct scan *s)
{
	struct receiver *r = s->r;
	size_t size = hash_size(r->in->algo);
	uint8_t digest[HASH_MAX];
	TRY(scan_keep(c, s));
	r->body_end = s->position;
	hash_final(&s->hash, digest);
	TRY(scan_fill(c, s, size));
	if (scan_have(s) < size)
		return fail(c, ERR_INVALID, "the pack ends before its checksum");
	if (memcmp(s->buffer + s->at, digest, size) != 0)
		return fail(c, ERR_CORRUPT, "the pack's checksum does not match its content");
	TRY(spool_append(c, r->out->pack, digest, size));
	scan_use(s, size);
	s->kept = s->at;
	r->out->id = oid_from_bytes(r->in->algo, digest);
	if (!r->in->to_end)
		return OK;
	TRY(scan_fill(c, s, 1));
	return scan_have(s) ? fail(c, ERR_INVALID, "bytes follow the pack") : OK;
}

static enum err scan_all(struct ctx *c, struct scan *s)
{
	uint32_t count = 0;
	hash_init(&s->hash, s->r->in->algo);
	TRY(scan_header(c, s, &count));
	for (uint32_t i = 0; i < count; i++) {
		TRY(scan_fill(c, s, 1));
		if (!scan_have(s))
			return fail(
				c, ERR_INVALID, "the pack ends after %u of %u objects", i, count);
		TRY_WHILE(c, scan_entry(c, s), "reading object %u of %u", i + 1, count);
		TRY(receiver_step(c, s->r, RECEIVE_OBJECTS, i + 1, count));
	}
	return scan_trailer(c, s);
}

enum err receiver_scan(struct ctx *c, struct receiver *r)
{
	struct scan s = {.r = r, .buffer = host_alloc(SCAN_BUFFER)};
	enum err err = scan_all(c, &s);
	host_free(s.buffer, SCAN_BUFFER);
	return err;
}

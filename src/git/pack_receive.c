#include "git/pack_receive.h"

#include "base/host.h"
#include "base/sort.h"
#include "base/zip.h"
#include "git/hasher.h"
#include "git/receiver.h"

struct received *receiver_record(struct receiver *r)
{
	struct pack_received *out = r->out;
	if (out->count == out->cap) {
		uint32_t cap = out->cap ? out->cap + out->cap / 2 : 256;
		struct received *bigger = host_alloc(cap * sizeof *bigger);
		if (out->records) {
			memcpy(bigger, out->records, out->count * sizeof *bigger);
			host_free(out->records, out->cap * sizeof *bigger);
		}
		out->records = bigger;
		out->cap = cap;
	}
	struct received *record = &out->records[out->count++];
	*record = (struct received){.base = NO_RECORD, .child = NO_RECORD, .next = NO_RECORD};
	return record;
}

enum err receiver_step(
	struct ctx *c, struct receiver *r, enum receive_stage stage, uint32_t done, uint32_t all)
{
	if (done % 64 == 0)
		TRY(ctx_check(c));
	if (!r->in->progress)
		return OK;
	return r->in->progress->step(c, r->in->progress, stage, done, all);
}

static enum err object_hash_of(struct ctx *c, enum hash_algo algo, enum object_type type,
	const struct content *content, struct oid *out)
{
	struct hasher hasher;
	hasher_init(&hasher, algo, type, content->size);
	for (uint64_t at = 0; at < content->size;) {
		const uint8_t *bytes;
		size_t len = content->size - at < RECEIVE_CHUNK ? (size_t)(content->size - at)
								: RECEIVE_CHUNK;
		TRY(content_window(c, content, at, len, &bytes));
		hasher_update(&hasher, bytes, len);
		at += len;
		if (at < content->size)
			TRY(ctx_check(c));
	}
	return hasher_final(c, &hasher, out);
}

/* Two objects of one id must be the same object. */
static enum err compare_known(struct ctx *c, struct tools *t, const struct received *record,
	const struct content *content)
{
	enum object_type type;
	uint64_t size;
	struct content known = {0};
	char hex[OID_HEX_MAX];
	TRY(odb_stat(c, t->known, &record->id, &type, &size));
	bool same = type == (enum object_type)record->object_type && size == content->size;
	if (same && content->bytes) {
		enum err err = content_known(c, t, &record->id, size, &known);
		same = !err && memcmp(known.bytes, content->bytes, (size_t)size) == 0;
		content_done(&known);
		TRY(err);
	}
	return same ? OK
		    : fail(c, ERR_INVALID,
			      "object %s collides with another one that the repository has",
			      oid_hex(&record->id, hex));
}

static enum err add_links(
	struct ctx *c, struct tools *t, const struct object *object, struct str like)
{
	struct receiver *r = t->r;
	WITH_LOCK(&r->links_lock);
	enum err err = links_add_object(c, &r->out->links, object, like);
	if (!err || !t->crew)
		return err;
	/* Which of two that contradict each other comes second is chance. */
	crew_fail_last(c, t->crew);
	return OK;
}

static enum err object_check(struct ctx *c, struct tools *t, struct received *record,
	const struct content *content, const struct content *base)
{
	enum object_type type = record->object_type;
	TRY(object_hash_of(c, t->r->in->algo, type, content, &record->id));
	bool known;
	TRY(odb_has(c, t->known, &record->id, &known));
	if (known)
		TRY(compare_known(c, t, record, content));
	if (type == OBJECT_BLOB)
		return OK;
	if (!content->bytes)
		return fail(c, ERR_TOO_BIG, "a %s of %llu bytes is over the limit of %d",
			object_type_name(type), (unsigned long long)content->size, CONTENT_MAX);
	struct object object = {type, str_from(content->bytes, (size_t)content->size)};
	TRY(fsck_object(c, &t->r->fsck, &record->id, &object));
	/* The base's own links were added when it came, or it is of the repository, and has them. */
	struct str like = {0};
	if (base && base->bytes)
		like = str_from(base->bytes, (size_t)base->size);
	return add_links(c, t, &object, like);
}

enum err receiver_object(struct ctx *c, struct tools *t, uint32_t at, const struct content *content,
	const struct content *base)
{
	struct arena *request = c->arena;
	struct arena_mark mark = arena_mark(&t->scratch);
	c->arena = &t->scratch;
	enum err err = object_check(c, t, &t->r->out->records[at], content, base);
	c->arena = request;
	arena_rewind(&t->scratch, mark);
	return err;
}

static int entry_cmp(const void *a, const void *b, const void *arg)
{
	const struct idx_entry *x = a, *y = b;
	(void)arg;
	return oid_cmp(&x->id, &y->id);
}

static enum err make_entries(struct ctx *c, struct receiver *r)
{
	struct pack_received *out = r->out;
	char hex[OID_HEX_MAX];
	out->entries = host_alloc((out->count + 1) * sizeof *out->entries);
	for (uint32_t i = 0; i < out->count; i++)
		out->entries[i] = (struct idx_entry){
			out->records[i].id, out->records[i].offset, out->records[i].crc};
	sort_array(
		&r->own.scratch, out->entries, out->count, sizeof *out->entries, entry_cmp, NULL);
	for (uint32_t i = 1; i < out->count; i++) {
		if (oid_eq(&out->entries[i - 1].id, &out->entries[i].id))
			return fail(c, ERR_INVALID, "the same object %s appears twice in the pack",
				oid_hex(&out->entries[i].id, hex));
	}
	return OK;
}

static enum err compare_blobs(struct ctx *c, struct receiver *r)
{
	for (uint32_t i = 0; i < r->out->count; i++) {
		struct content content = {0};
		if (!r->out->records[i].compare)
			continue;
		struct arena_mark mark = arena_mark(c->arena);
		enum err err = content_inflate(c, &r->own, i, &content);
		if (!err)
			err = compare_known(c, &r->own, &r->out->records[i], &content);
		content_done(&content);
		TRY(err);
		arena_rewind(c->arena, mark);
		TRY(ctx_check(c));
	}
	return OK;
}

/* The whole content of an object that is in the pack, delta or not. */
static enum err received_content(
	struct ctx *c, struct receiver *r, uint32_t at, struct content *out)
{
	uint32_t path[RECEIVE_DEPTH_MAX + 1], len = 0;
	for (; r->out->records[at].base != NO_RECORD; at = r->out->records[at].base)
		path[len++] = at;
	TRY(content_inflate(c, &r->own, at, out));
	while (len) {
		struct content base = *out, delta = {0};
		enum err err = content_inflate(c, &r->own, path[--len], &delta);
		*out = (struct content){0};
		if (!err)
			err = content_apply(c, &r->own, &base, &delta, out);
		content_done(&delta);
		content_done(&base);
		TRY(err);
	}
	return OK;
}

/* Blobs that matter only now that a tree calls them ".gitmodules" or the like. */
static enum err check_special_blob(struct ctx *c, struct receiver *r, const struct fsck_blob *blob)
{
	const struct received *record = pack_received_find(r->out, &blob->id);
	struct content content = {0};
	enum object_type type;
	uint64_t size;
	enum err err = OK;
	bool known = false;
	if (!record)
		TRY(odb_has(c, r->in->known, &blob->id, &known));
	if (record) {
		type = record->object_type;
		err = received_content(c, r, (uint32_t)(record - r->out->records), &content);
	} else if (known) {
		TRY(odb_stat(c, r->in->known, &blob->id, &type, &size));
		err = content_known(c, &r->own, &blob->id, size, &content);
	} else {
		return OK;
	}
	if (!err) {
		struct object object = {
			type, str_from(content.bytes, content.bytes ? (size_t)content.size : 0)};
		err = content.bytes ? fsck_blob(c, blob, &object) : fsck_blob_too_big(c, blob);
	}
	content_done(&content);
	return err;
}

static int blob_cmp(const void *a, const void *b, const void *arg)
{
	const struct fsck_blob *const *x = a, *const *y = b;
	(void)arg;
	return oid_cmp(&(*x)->id, &(*y)->id);
}

/* In an order that does not depend on who found them. */
static enum err check_special_blobs(struct ctx *c, struct receiver *r)
{
	struct fsck *f = &r->fsck;
	sort_array(&r->own.scratch, f->blobs.at, f->blobs.len, sizeof *f->blobs.at, blob_cmp, NULL);
	for (size_t i = 0; i < f->blobs.len; i++) {
		TRY(ctx_check(c));
		TRY(check_special_blob(c, r, f->blobs.at[i]));
	}
	return OK;
}

static enum err receive(struct ctx *c, struct receiver *r)
{
	TRY(spool_make(c, r->in->spools, &r->out->pack));
	TRY(inflate_open(c, ZIP_ZLIB, &r->own.inflate));
	TRY(receiver_scan(c, r));
	TRY(receiver_resolve(c, r));
	TRY(receiver_complete(c, r));
	TRY(make_entries(c, r));
	TRY(compare_blobs(c, r));
	return check_special_blobs(c, r);
}

enum err pack_receive(struct ctx *c, const struct pack_receive *in, struct pack_received *out)
{
	struct receiver r = {.in = in, .out = out};
	uint64_t seed;
	c->world->random(&seed, sizeof seed);
	*out = (struct pack_received){.algo = in->algo};
	links_init(&out->links, in->algo, seed);
	arena_init(&r.noted);
	fsck_init(&r.fsck, in->algo, &r.noted, seed);
	r.own = (struct tools){.r = &r, .known = in->known, .chunk = host_alloc(RECEIVE_CHUNK)};
	arena_init(&r.own.scratch);
	enum err err = receive(c, &r);
	host_free(r.own.chunk, RECEIVE_CHUNK);
	inflate_close(r.own.inflate);
	if (r.ref_deltas)
		host_free(r.ref_deltas, r.ref_delta_cap * sizeof *r.ref_deltas);
	arena_done(&r.own.scratch);
	arena_done(&r.noted);
	return err;
}

void pack_received_done(struct pack_received *p)
{
	links_done(&p->links);
	if (p->pack)
		extent_close(&p->pack->extent);
	if (p->records)
		host_free(p->records, p->cap * sizeof *p->records);
	if (p->entries)
		host_free(p->entries, (p->count + 1) * sizeof *p->entries);
	*p = (struct pack_received){0};
}

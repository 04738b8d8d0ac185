/*
 * Blobs of another driver, kept on the local disk as far as they were read.
 *
 * Opening a blob of which nothing is here fetches its first chunks, which tells its size too: one
 * journey. What is known of each file is a node of the index; who opens, closes, writes or removes
 * the file marks its node busy and works without the lock, and the others wait.
 */
#include "driver/blob_cached_parts.h"

#include "base/hash.h"
#include "base/host.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { RESIDENT_DEFAULT = 48 << 20 };

struct cached_extent {
	struct extent extent;
	struct cached_file *file;
};

static void name_of(const char *key, uint8_t name[CACHED_NAME])
{
	uint8_t digest[HASH_MAX];
	hash_once(HASH_SHA256, key, strlen(key), digest);
	memcpy(name, digest, CACHED_NAME);
}

/* The end of being busy. */
static void settle(struct cached *s, struct cached_node *node)
{
	node->busy = false;
	if (!node->gone && node->bytes)
		cached_index_used(s, node);
	else if (!node->gone && node->references == 0)
		cached_index_remove(s, node);
	else if (node->gone && node->references == 0)
		free(node);
	host_wake(&s->lock);
}

/* The last one closes the file. */
static void release(struct cached_file *f)
{
	struct cached *s = f->store;
	struct cached_node *node = f->node;
	host_lock(&s->lock);
	bool last = --node->references == 0;
	if (last) {
		node->file = NULL;
		node->busy = true;
	}
	host_unlock(&s->lock);
	if (!last)
		return;
	cached_file_free(f);
	host_lock(&s->lock);
	settle(s, node);
	host_unlock(&s->lock);
	cached_index_evict(s);
}

static enum err window(
	struct ctx *c, struct extent *self, uint64_t at, size_t len, const uint8_t **out)
{
	return cached_file_window(c, ((struct cached_extent *)self)->file, at, len, out);
}

static enum err place(
	struct ctx *c, struct extent *self, uint64_t at, size_t len, struct extent_file *out)
{
	return cached_file_place(c, ((struct cached_extent *)self)->file, at, len, out);
}

static void extent_end(struct extent *self)
{
	struct cached_extent *e = (struct cached_extent *)self;
	release(e->file);
	host_free(e, sizeof *e);
}

static void node_bytes(struct cached *s, struct cached_node *node, uint64_t bytes)
{
	host_lock(&s->lock);
	cached_index_set(s, node, bytes);
	host_unlock(&s->lock);
}

/* What is on disk; NULL: nothing of use. */
static struct cached_file *load(
	struct ctx *c, struct cached *s, struct cached_node *node, const char *key)
{
	struct cached_entry e = {.fd = -1};
	memcpy(e.name, node->name, CACHED_NAME);
	if (atomic_load(&s->folder) < 0 || node->stale)
		return NULL;
	if (!cached_entry_open(s, &e) && errno) {
		if (errno == ENOENT)
			node_bytes(s, node, 0);
		return NULL;
	}
	struct cached_file *f = NULL;
	if (e.fd >= 0) {
		f = cached_file_make(s, node, key, e.size);
		if (cached_file_adopt(c, f, &e)) {
			if (node->bytes == 0) /* another process made it */
				node_bytes(s, node, cached_rounded(cached_record_bytes(e.size)));
			return f;
		}
		cached_file_free(f);
		cached_entry_close(&e);
	}
	cached_damaged(s, "a record", key, false);
	if (cached_entry_unlink(s, e.name, true))
		node_bytes(s, node, 0);
	return NULL;
}

/* Of a blob that is not here: its beginning, which tells its size. */
static enum err fetch_first(struct ctx *c, struct cached *s, struct cached_node *node,
	const char *key, struct cached_file **out)
{
	enum { ROOM = CACHED_FIRST * CACHED_CHUNK };
	uint8_t *bytes = host_alloc(ROOM);
	struct blob_part part = {.to = bytes, .cap = ROOM};
	enum err kind = blob_fetch(c, s->inner, key, &part);
	*out = NULL;
	if (!kind && part.size <= s->max_bytes) {
		size_t len = cached_run_bytes(part.size, 0, CACHED_FIRST);
		if (part.len != len)
			kind = fail(c, ERR_DAMAGED, "the blob \"%s\" gave %zu of %zu bytes", key,
				part.len, len);
		atomic_fetch_add(&s->fetched, part.len);
		c->afar.bytes += part.len;
	}
	if (!kind && part.size <= s->max_bytes) {
		*out = cached_file_make(s, node, key, part.size);
		kind = cached_file_store(c, *out, cached_chunk_count(part.len), bytes);
	}
	if (kind && *out) {
		cached_file_free(*out);
		*out = NULL;
	}
	host_free(bytes, ROOM);
	return kind;
}

/* *out NULL: it is larger than the whole cache, and *past is the inner driver's own extent. */
static enum err open_cold(struct ctx *c, struct cached *s, struct cached_node *node,
	const char *key, struct cached_file **out, struct extent **past)
{
	struct extent *inner = NULL;
	*out = NULL;
	atomic_fetch_add(&s->misses, 1);
	if (s->inner->ops->fetch)
		TRY(fetch_first(c, s, node, key, out));
	if (*out)
		return OK;
	TRY(blob_open(c, s->inner, key, &inner));
	if (inner->size > s->max_bytes) {
		*past = inner;
		return OK;
	}
	*out = cached_file_make(s, node, key, inner->size);
	(*out)->inner = inner;
	return OK;
}

/* The node of the blob, counted as open; or, with *file NULL, busy and ours to open. */
static enum err find_open(struct ctx *c, struct cached *s, const char *key,
	struct cached_node **out, struct cached_file **file)
{
	uint8_t name[CACHED_NAME];
	name_of(key, name);
	WITH_LOCK(&s->lock);
	while ((*out = cached_index_find(s, name)) && (*out)->busy)
		TRY(cached_wait(c, &s->lock));
	if (!*out)
		*out = cached_index_add(s, name);
	*file = (*out)->file;
	(*out)->references++;
	(*out)->busy = !*file;
	if (*file)
		cached_index_used(s, *out);
	return OK;
}

static enum err open_file(struct ctx *c, struct cached *s, const char *key,
	struct cached_file **out, struct extent **past)
{
	struct cached_node *node;
	TRY(find_open(c, s, key, &node, out));
	if (*out) {
		atomic_fetch_add(&s->hits, 1);
		return OK;
	}
	enum err kind = OK;
	*out = load(c, s, node, key);
	if (*out)
		atomic_fetch_add(&s->hits, 1);
	else
		kind = open_cold(c, s, node, key, out, past);
	host_lock(&s->lock);
	node->file = *out;
	node->references -= *out ? 0 : 1;
	settle(s, node);
	host_unlock(&s->lock);
	return kind;
}

static enum err cached_open(struct ctx *c, struct blob *self, const char *key, struct extent **out)
{
	struct cached *s = (struct cached *)self;
	struct cached_file *f;
	TRY(blob_key_check(c, key));
	TRY(open_file(c, s, key, &f, out));
	if (!f)
		return OK;
	struct cached_extent *e = host_alloc(sizeof *e);
	*e = (struct cached_extent){{f->entry.size, window, extent_end, place, true}, f};
	*out = &e->extent;
	return OK;
}

static enum err cached_create(struct ctx *c, struct blob *self, struct spool **out)
{
	return blob_create(c, ((struct cached *)self)->inner, out);
}

/* False: it could not be written, or nobody waits for it any more. */
static bool write_chunks(
	struct ctx *c, struct cached *s, struct cached_entry *e, struct extent *from)
{
	enum { STEP = CACHED_FIRST };
	bool good = true;
	uint32_t *sums = host_alloc(e->count * sizeof *sums);
	for (size_t i = 0; good && i < e->count; i += STEP) {
		const uint8_t *bytes;
		size_t n = e->count - i < STEP ? e->count - i : STEP;
		size_t len = cached_run_bytes(e->size, i, n);
		if (ctx_check(c) ||
			extent_window(c, from, (uint64_t)i * CACHED_CHUNK, len, &bytes)) {
			ctx_clear(c);
			good = false;
		} else if (!cached_entry_write(e, i, n, bytes, sums)) {
			cached_disk_failed(s, "write to a file");
			good = false;
		}
	}
	host_free(sums, e->count * sizeof *sums);
	return good;
}

/* A whole blob; how many bytes it takes on disk, 0: it is not there. */
static uint64_t write_whole(
	struct ctx *c, struct cached *s, const uint8_t name[CACHED_NAME], struct extent *from)
{
	char temporary[CACHED_TEMPORARY];
	struct cached_entry e = {.fd = -1, .size = from->size};
	memcpy(e.name, name, CACHED_NAME);
	if (!cached_disk_usable(s))
		return 0;
	if (!cached_entry_create(s, &e, temporary)) {
		cached_disk_failed(s, "make a file");
		return 0;
	}
	if (!write_chunks(c, s, &e, from)) {
		unlinkat(atomic_load(&s->folder), temporary, 0);
		cached_entry_close(&e);
		return 0;
	}
	if (!cached_entry_name(s, &e, temporary)) {
		cached_disk_failed(s, "name a file");
		return 0;
	}
	cached_disk_worked(s);
	cached_entry_close(&e);
	return cached_rounded(e.size) + cached_rounded(cached_record_bytes(e.size));
}

/* Keeps what was published. One that is known already stays: its bytes are the same. */
static void keep(struct ctx *c, struct cached *s, const char *key, struct extent *from)
{
	uint8_t name[CACHED_NAME];
	name_of(key, name);
	host_lock(&s->lock);
	struct cached_node *node = cached_index_find(s, name);
	bool known = node != NULL;
	if (!known) {
		node = cached_index_add(s, name);
		node->busy = true;
	}
	host_unlock(&s->lock);
	if (known)
		return;
	uint64_t bytes = write_whole(c, s, name, from);
	host_lock(&s->lock);
	cached_index_set(s, node, bytes);
	settle(s, node);
	host_unlock(&s->lock);
	cached_index_evict(s);
}

static enum err cached_publish(
	struct ctx *c, struct blob *self, struct spool *spool, const char *key)
{
	struct cached *s = (struct cached *)self;
	TRY(blob_publish(c, s->inner, spool, key));
	if (spool->extent.size <= s->max_bytes)
		keep(c, s, key, &spool->extent);
	return OK;
}

/* Who has it open is to read all of it also when it is nowhere else. */
static enum err complete_if_open(struct ctx *c, struct cached *s, const uint8_t name[CACHED_NAME])
{
	host_lock(&s->lock);
	struct cached_node *node = cached_index_find(s, name);
	struct cached_file *f = node && !node->busy ? node->file : NULL;
	if (f)
		node->references++;
	host_unlock(&s->lock);
	if (!f)
		return OK;
	enum err kind = cached_file_complete(c, f);
	release(f);
	if (kind != ERR_NOT_FOUND)
		return kind;
	ctx_clear(c);
	return OK;
}

/* Forgets the blob, whose file has another name then: nobody waits for a large one to be removed. */
static enum err hide(struct ctx *c, struct cached *s, const uint8_t name[CACHED_NAME],
	char temporary[CACHED_TEMPORARY])
{
	struct cached_node *node;
	WITH_LOCK(&s->lock);
	while ((node = cached_index_find(s, name)) && node->busy)
		TRY(cached_wait(c, &s->lock));
	/* Also what another process made. Nobody opens it meanwhile. */
	bool hidden = atomic_load(&s->folder) < 0 || cached_entry_hide(s, name, temporary);
	uint64_t bytes = node ? node->bytes : 0;
	if (node)
		cached_index_remove(s, node);
	if (hidden)
		return OK;
	/* A disk that cannot be written keeps it, but nobody is to see it. */
	node = cached_index_add(s, name);
	cached_index_set(s, node, bytes ? bytes : 1);
	node->stale = true;
	return OK;
}

static enum err cached_remove(struct ctx *c, struct blob *self, const char *key)
{
	struct cached *s = (struct cached *)self;
	uint8_t name[CACHED_NAME];
	char temporary[CACHED_TEMPORARY] = "";
	TRY(blob_key_check(c, key));
	name_of(key, name);
	TRY(complete_if_open(c, s, name));
	TRY(blob_remove(c, s->inner, key));
	TRY(hide(c, s, name, temporary));
	if (temporary[0])
		unlinkat(atomic_load(&s->folder), temporary, 0);
	return OK;
}

static enum err cached_list(
	struct ctx *c, struct blob *self, const char *prefix, blob_visit *visit, void *arg)
{
	return blob_list(c, ((struct cached *)self)->inner, prefix, visit, arg);
}

static enum err cached_presign(
	struct ctx *c, struct blob *self, const struct blob_grant *grant, struct blob_address *out)
{
	return blob_presign(c, ((struct cached *)self)->inner, grant, out);
}

static void cached_close(struct blob *self)
{
	struct cached *s = (struct cached *)self;
	cached_index_done(s);
	resident_close(s->resident);
	if (atomic_load(&s->folder) >= 0)
		close(atomic_load(&s->folder));
	free(s->path);
	free(s);
}

static void cached_kept(struct blob *self, struct blob_kept *out)
{
	struct blob_cached_stats stats;
	blob_cached_stats(self, &stats);
	*out = (struct blob_kept){
		.bytes = stats.bytes,
		.blobs = stats.blobs,
		.hits = stats.hits,
		.misses = stats.misses,
		.fails = stats.disk_fails,
	};
}

static const struct blob_ops cached_ops = {
	.open = cached_open,
	.create = cached_create,
	.publish = cached_publish,
	.remove = cached_remove,
	.list = cached_list,
	.kept = cached_kept,
	.close = cached_close,
};

/* A disk that is full or cannot be written is no reason not to start. */
static enum err open_folder(struct ctx *c, struct cached *s)
{
	enum err kind = cached_folder_open(c, s);
	if (!kind)
		return OK;
	if (errno != EROFS && errno != ENOSPC && errno != EDQUOT && errno != EIO)
		return kind;
	cached_disk_failed(s, "open the folder");
	ctx_clear(c);
	return OK;
}

enum err blob_cached_open(struct ctx *c, struct blob *inner, const char *folder, uint64_t max_bytes,
	uint64_t resident_max, struct blob **out)
{
	struct cached *s = calloc(1, sizeof *s);
	if (!s || !(s->path = strdup(folder)))
		host_panic("out of memory");
	s->ops = cached_ops;
	s->ops.presign = inner->ops->presign ? cached_presign : NULL;
	s->blob.ops = &s->ops;
	s->inner = inner;
	s->world = c->world;
	s->max_bytes = max_bytes;
	s->resident = resident_open(resident_max ? resident_max : RESIDENT_DEFAULT);
	atomic_init(&s->folder, -1);
	enum err kind = open_folder(c, s);
	if (kind) {
		cached_close(&s->blob);
		return kind;
	}
	*out = &s->blob;
	return OK;
}

void blob_cached_stats(struct blob *cached, struct blob_cached_stats *out)
{
	struct cached *s = (struct cached *)cached;
	WITH_LOCK(&s->lock);
	*out = (struct blob_cached_stats){
		.hits = atomic_load(&s->hits),
		.misses = atomic_load(&s->misses),
		.bytes_fetched = atomic_load(&s->fetched),
		.evictions = atomic_load(&s->evictions),
		.damaged = atomic_load(&s->damaged),
		.bytes = s->bytes,
		.blobs = s->node_count,
		.disk_fails = s->retry_at != 0,
	};
}

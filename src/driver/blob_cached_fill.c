/*
 * Windows of a blob that is cached. Of all who need a missing chunk one fetches it, outside the
 * lock, and the others wait; when he fails, or is called off, one of them goes instead, so nobody's
 * deadline is another's error.
 *
 * Where the disk does not take a chunk it goes to memory: there is a place for each chunk in both,
 * and a window points into the one that has all that it needs.
 */
#include "driver/blob_cached_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Of a blob that has no more, a page that looks about in it soon needs as good as all. */
enum { FEW_PIECES = 256 };

static unsigned state_of(const struct cached_file *f, size_t chunk)
{
	return atomic_load_explicit(&f->states[chunk], memory_order_acquire);
}

static bool all_have(const struct cached_file *f, size_t first, size_t last, unsigned bits)
{
	while (first <= last && state_of(f, first) & bits)
		first++;
	return first > last;
}

static void set_states(struct cached_file *f, size_t first, size_t n, unsigned is)
{
	for (size_t i = first; i < first + n; i++)
		atomic_store_explicit(&f->states[i], (unsigned char)is, memory_order_release);
}

struct cached_file *cached_file_make(
	struct cached *s, struct cached_node *node, const char *key, uint64_t size)
{
	size_t count = cached_chunk_count(size);
	struct cached_file *f = calloc(1, sizeof *f + count);
	uint32_t *sums = calloc(count ? count : 1, sizeof *sums);
	if (!f || !sums)
		host_panic("out of memory");
	f->store = s;
	f->node = node;
	f->sums = sums;
	f->entry = (struct cached_entry){.fd = -1, .size = size, .count = count};
	memcpy(f->entry.name, node->name, CACHED_NAME);
	memcpy(f->key, key, strlen(key) + 1);
	return f;
}

/* No chunk is on disk before this. The errors of a mapping are nobody's: memory does as well. */
static bool use_file(struct ctx *c, struct cached_file *f, const struct cached_entry *e)
{
	if (e->size && mapping_open(c, f->store->resident, e->fd, (size_t)e->size, &f->map)) {
		ctx_clear(c);
		return false;
	}
	f->entry.fd = e->fd; /* the rest stays, and is read without the lock */
	f->entry.read_only = e->read_only;
	return true;
}

bool cached_file_adopt(struct ctx *c, struct cached_file *f, const struct cached_entry *e)
{
	return cached_entry_load(e, f->states, f->sums) && use_file(c, f, e);
}

void cached_file_free(struct cached_file *f)
{
	mapping_close(f->map);
	cached_entry_close(&f->entry);
	extent_close(f->inner);
	if (f->memory)
		munmap(f->memory, (size_t)f->entry.size);
	free(f->sums);
	free(f);
}

/* Gives the blob a file, where it has none and the disk works. Under the file's lock. */
static bool make_file(struct ctx *c, struct cached_file *f)
{
	char temporary[CACHED_TEMPORARY];
	struct cached_entry e = f->entry;
	if (f->entry.fd >= 0)
		return true;
	if (cached_entry_create(f->store, &e, temporary) &&
		cached_entry_name(f->store, &e, temporary)) {
		if (use_file(c, f, &e))
			return true;
		errno = ENOMEM;
		cached_entry_close(&e);
	}
	return false;
}

/* What has been removed gets no file any more. `counted`: the one that it has now. */
static bool may_have_file(struct cached_file *f, uint64_t counted)
{
	struct cached_node *node = f->node;
	WITH_LOCK(&f->store->lock);
	if (!node->gone && counted) {
		cached_index_set(f->store, node, counted);
		node->stale = false;
	}
	return !node->gone;
}

/* True: it has a file, of the disk's doing or before. */
static bool have_file(struct ctx *c, struct cached_file *f)
{
	struct cached *s = f->store;
	uint64_t record = cached_rounded(cached_record_bytes(f->entry.size));
	host_lock(&f->lock);
	bool old = f->entry.fd >= 0, good = old && !f->entry.read_only;
	host_unlock(&f->lock);
	if (old || !may_have_file(f, 0))
		return good;
	host_lock(&f->lock);
	old = f->entry.fd >= 0;
	good = make_file(c, f);
	host_unlock(&f->lock);
	if (!good)
		cached_disk_failed(s, "make a file");
	else if (!old && !may_have_file(f, record))
		(void)cached_entry_unlink(s, f->entry.name, true);
	return good;
}

/* True: they are on disk. */
static bool to_disk(
	struct ctx *c, struct cached_file *f, size_t first, size_t n, const uint8_t *bytes)
{
	struct cached *s = f->store;
	if (!cached_disk_usable(s) || !have_file(c, f))
		return false;
	if (n && !cached_entry_write(&f->entry, first, n, bytes, f->sums)) {
		cached_disk_failed(s, "write to a file");
		return false;
	}
	cached_disk_worked(s);
	if (n)
		cached_index_grow(
			s, f->node, cached_rounded(cached_run_bytes(f->entry.size, first, n)));
	return true;
}

/* Where the chunk is in memory; the pages that nobody writes to take none. */
static enum err place_in_memory(struct ctx *c, struct cached_file *f, size_t chunk, uint8_t **out)
{
	WITH_LOCK(&f->lock);
	if (!f->memory) {
		void *at = mmap(NULL, (size_t)f->entry.size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (at == MAP_FAILED)
			return fail(c, ERR_IO, "there is no memory for a blob of %llu bytes",
				(unsigned long long)f->entry.size);
		f->memory = at;
	}
	*out = f->memory + chunk * CACHED_CHUNK;
	return OK;
}

static enum err store(struct ctx *c, struct cached_file *f, size_t first, size_t n,
	const uint8_t *bytes, unsigned *is)
{
	uint8_t *to;
	*is = CACHED_ON_DISK;
	if (to_disk(c, f, first, n, bytes) || n == 0)
		return OK;
	TRY(place_in_memory(c, f, first, &to));
	memcpy(to, bytes, cached_run_bytes(f->entry.size, first, n));
	*is = CACHED_IN_MEMORY;
	return OK;
}

enum err cached_file_store(struct ctx *c, struct cached_file *f, size_t n, const uint8_t *bytes)
{
	unsigned is;
	TRY(store(c, f, 0, n, bytes, &is));
	set_states(f, 0, n, is);
	f->streams[0] = (struct cached_stream){n, n};
	return OK;
}

static enum err read_inner(
	struct ctx *c, struct cached_file *f, uint64_t at, size_t len, uint8_t *to)
{
	host_lock(&f->lock);
	struct extent *inner = f->inner;
	host_unlock(&f->lock);
	if (!inner) {
		TRY(blob_open(c, f->store->inner, f->key, &inner));
		host_lock(&f->lock);
		struct extent *extra = f->inner ? inner : NULL;
		f->inner = inner = f->inner ? f->inner : inner;
		host_unlock(&f->lock);
		extent_close(extra);
	}
	const uint8_t *bytes;
	if (inner->size != f->entry.size)
		return fail(c, ERR_DAMAGED, "the blob \"%s\" has %llu bytes; it had %llu", f->key,
			(unsigned long long)inner->size, (unsigned long long)f->entry.size);
	TRY(extent_window(c, inner, at, len, &bytes));
	memcpy(to, bytes, len);
	return OK;
}

/* One journey. */
static enum err bring(struct ctx *c, struct cached_file *f, size_t first, size_t n, uint8_t *to)
{
	struct cached *s = f->store;
	uint64_t at = (uint64_t)first * CACHED_CHUNK;
	size_t len = cached_run_bytes(f->entry.size, first, n);
	if (s->inner->ops->fetch) {
		struct blob_part part = {.at = at, .to = to, .cap = len};
		TRY(blob_fetch(c, s->inner, f->key, &part));
		if (part.size != f->entry.size || part.len != len)
			return fail(c, ERR_DAMAGED,
				"the blob \"%s\" gave %zu of %zu bytes, and has %llu; it had %llu",
				f->key, part.len, len, (unsigned long long)part.size,
				(unsigned long long)f->entry.size);
	} else {
		TRY(read_inner(c, f, at, len, to));
	}
	atomic_fetch_add(&s->fetched, len);
	c->afar.bytes += len;
	return OK;
}

static enum err fetch(struct ctx *c, struct cached_file *f, size_t first, size_t n, unsigned *is)
{
	size_t room = n * CACHED_CHUNK;
	uint8_t *bytes = host_alloc(room);
	atomic_fetch_add(&f->store->misses, 1);
	enum err kind = bring(c, f, first, n, bytes);
	if (!kind)
		kind = store(c, f, first, n, bytes, is);
	host_free(bytes, room);
	return kind;
}

static void damaged(struct cached_file *f)
{
	host_lock(&f->lock);
	bool told = f->damage_told;
	f->damage_told = true;
	host_unlock(&f->lock);
	cached_damaged(f->store, "a chunk", f->key, told);
}

/* The first look at what the record says is there. */
static void verify(struct cached_file *f, size_t chunk, unsigned *is)
{
	uint8_t *bytes = host_alloc(CACHED_CHUNK);
	bool good = cached_entry_read(&f->entry, chunk, f->sums[chunk], bytes);
	host_free(bytes, CACHED_CHUNK);
	*is = good ? CACHED_ON_DISK : 0;
	if (good) {
		atomic_fetch_add(&f->store->hits, 1);
		return;
	}
	damaged(f);
	/* It counts again when it is written again. */
	host_lock(&f->store->lock);
	uint64_t len = cached_rounded(cached_run_bytes(f->entry.size, chunk, 1));
	if (!f->node->gone)
		cached_index_set(f->store, f->node,
			f->node->bytes > len ? f->node->bytes - len : f->node->bytes);
	host_unlock(&f->store->lock);
}

/* From disk to memory, for a window whose neighbours are there. */
static enum err lift(struct ctx *c, struct cached_file *f, size_t chunk, unsigned *is)
{
	uint8_t *to;
	TRY(place_in_memory(c, f, chunk, &to));
	if (!cached_entry_read(&f->entry, chunk, f->sums[chunk], to)) {
		damaged(f);
		TRY(bring(c, f, chunk, 1, to));
	}
	*is |= CACHED_IN_MEMORY;
	return OK;
}

/* Has the reader come to this chunk without leaving one out? What another has fetched counts. */
static bool reads_on(const struct cached_file *f, const struct cached_stream *s, size_t first)
{
	size_t at = s->next;
	if (first < at || first - at >= s->run)
		return false;
	while (at < first && state_of(f, at) != 0)
		at++;
	return at == first;
}

/* The reader whose last journey ended here. Objects of a kind lie side by side, and who wants a few
 * of them jumps ahead in short steps: that is not yet reading on. */
static struct cached_stream *stream_of(struct cached_file *f, size_t first)
{
	for (size_t i = 0; i < CACHED_STREAMS; i++) {
		if (reads_on(f, &f->streams[i], first))
			return &f->streams[i];
	}
	struct cached_stream *fresh = &f->streams[f->stream_turn++ % CACHED_STREAMS];
	*fresh = (struct cached_stream){0};
	return fresh;
}

/* How many chunks the journey that begins here brings: what is needed, and more and more ahead of
 * who comes back where his last one ended, and can afford it; as far as they are missing. Under the
 * lock. */
static size_t run_to_fetch(const struct ctx *c, struct cached_file *f, size_t first, size_t last)
{
	struct cached_stream *stream = stream_of(f, first);
	size_t needed = last - first + 1, most = stream->run ? stream->run * 2 : 1, n = 1;
	bool ahead = most > needed && extent_affords(c, (uint64_t)most * CACHED_CHUNK);
	most = ahead ? most : needed;
	most = most < CACHED_RUN_MAX ? most : CACHED_RUN_MAX;
	while (n < most && first + n < f->entry.count && state_of(f, first + n) == 0)
		n++;
	*stream = (struct cached_stream){first + n, most};
	return n;
}

/* Has anything come of the chunks from `low` on, below `high`? */
static bool some_have(const struct cached_file *f, size_t low, size_t high)
{
	high = high < f->entry.count ? high : f->entry.count;
	while (low < high && state_of(f, low) == 0)
		low++;
	return low < high;
}

/*
 * The missing chunks round one that is missing, of who will want more of them: the piece of the blob
 * that it lies in, as far as nothing in between is here. Of a blob of many pieces only where somebody has
 * been in that one or in one beside it: else it may be the only look. Under the lock.
 */
static size_t run_around(const struct ctx *c, struct cached_file *f, size_t *first, size_t n)
{
	size_t piece = c->afar.around / CACHED_CHUNK, at = *first;
	if (piece < 2 || n >= piece || !extent_affords(c, c->afar.around))
		return n;
	size_t low = at / piece * piece, high = low + piece;
	bool many = f->entry.count > FEW_PIECES * piece;
	if (many && !some_have(f, low < piece ? 0 : low - piece, high + piece))
		return n;
	while (*first > low && state_of(f, *first - 1) == 0)
		--*first;
	for (at += n; at < high && at < f->entry.count && state_of(f, at) == 0;)
		at++;
	return at - *first;
}

/* Does what is to be done for the chunk, and perhaps for those around it. Under the lock, which it
 * gives back meanwhile. */
static enum err lead(struct ctx *c, struct cached_file *f, size_t chunk, size_t last)
{
	enum err kind = OK;
	unsigned was = state_of(f, chunk), is = was;
	size_t n = was == 0 ? run_to_fetch(c, f, chunk, last) : 1;
	if (was == 0)
		n = run_around(c, f, &chunk, n);
	set_states(f, chunk, n, was | CACHED_BUSY);
	host_unlock(&f->lock);
	if (was & CACHED_ON_DISK)
		kind = lift(c, f, chunk, &is);
	else if (was & CACHED_STORED)
		verify(f, chunk, &is);
	else
		kind = fetch(c, f, chunk, n, &is);
	host_lock(&f->lock);
	set_states(f, chunk, n, kind ? was : is);
	host_wake(&f->lock);
	return kind;
}

/* Until each of the chunks has one of `bits`. */
static enum err await(
	struct ctx *c, struct cached_file *f, size_t first, size_t last, unsigned bits)
{
	WITH_LOCK(&f->lock);
	while (first <= last) {
		unsigned state = state_of(f, first);
		if (state & bits)
			first++;
		else if (state & CACHED_BUSY)
			TRY(cached_wait(c, &f->lock));
		else
			TRY(lead(c, f, first, last));
	}
	return OK;
}

static size_t last_chunk(uint64_t at, size_t len)
{
	return (size_t)((at + len - 1) / CACHED_CHUNK);
}

/* Makes the bytes be here; are all of them on disk? */
static enum err have(struct ctx *c, struct cached_file *f, uint64_t at, size_t len, bool *on_disk)
{
	uint64_t size = f->entry.size;
	*on_disk = false;
	if (at > size || len > size - at)
		return fail(c, ERR_CORRUPT,
			"bytes %llu + %zu are past the end of a blob of %llu bytes",
			(unsigned long long)at, len, (unsigned long long)size);
	if (len == 0)
		return OK;
	size_t first = (size_t)(at / CACHED_CHUNK), last = last_chunk(at, len);
	if (!all_have(f, first, last, CACHED_ON_DISK))
		TRY(await(c, f, first, last, CACHED_ON_DISK | CACHED_IN_MEMORY));
	*on_disk = all_have(f, first, last, CACHED_ON_DISK);
	return OK;
}

enum err cached_file_window(
	struct ctx *c, struct cached_file *f, uint64_t at, size_t len, const uint8_t **out)
{
	bool on_disk;
	TRY(have(c, f, at, len, &on_disk));
	*out = (const uint8_t *)"";
	if (len == 0)
		return OK;
	if (on_disk) {
		*out = mapping_at(f->map, (size_t)at, len);
		return OK;
	}
	TRY(await(c, f, (size_t)(at / CACHED_CHUNK), last_chunk(at, len), CACHED_IN_MEMORY));
	*out = f->memory + at;
	return OK;
}

enum err cached_file_place(
	struct ctx *c, struct cached_file *f, uint64_t at, size_t len, struct extent_file *out)
{
	bool on_disk;
	TRY(have(c, f, at, len, &on_disk));
	*out = (struct extent_file){on_disk ? f->entry.fd : -1, at};
	return OK;
}

enum err cached_file_complete(struct ctx *c, struct cached_file *f)
{
	for (size_t i = 0; i < f->entry.count; i++)
		TRY(await(c, f, i, i, CACHED_ON_DISK | CACHED_IN_MEMORY));
	return OK;
}

/*
 * A blob that is being read: a nameless file as large as the blob, filled with ranges as they are
 * asked for, and mapped. Who reads on where the last range ended gets longer and longer ones.
 */
#include "driver/blob_s3_parts.h"
#include "driver/mapped.h"

#include "base/hex.h"
#include "driver/blob_key.h"
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { CHUNK = 256 << 10, AHEAD_MAX = 32, TICK = 100000 };

enum state { MISSING, COMING, THERE };

struct s3_extent {
	struct extent extent;
	struct s3 *store;
	struct s3_extent *next; /* of all that are open */
	int references;         /* under the store's lock */
	char key[BLOB_KEY_MAX + 1];
	int fd;
	struct mapping *map; /* NULL: the blob is empty */
	size_t count;        /* chunks */
	struct host_lock lock;
	size_t expected, ahead; /* the chunk after the last range; chunks of the next */
	uint8_t *states;
};

/* Where the bytes of a range go. */
struct filling {
	int fd;
	uint64_t at;
};

static enum err fill_take(struct ctx *c, void *arg, uint64_t at, const void *bytes, size_t len)
{
	struct filling *f = arg;
	const char *from = bytes;
	while (len) {
		ssize_t done = pwrite(f->fd, from, len, (off_t)(f->at + at));
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return fail(c, ERR_IO, "what is read from the S3 store cannot be kept: %s",
				strerror(errno));
		from += done, at += (uint64_t)done, len -= (size_t)done;
	}
	return OK;
}

static enum err fetch_chunks(struct ctx *c, struct s3_extent *e, size_t from, size_t to)
{
	uint64_t at = (uint64_t)from * CHUNK, left = e->extent.size - at;
	struct filling filling = {e->fd, at};
	struct s3_range range = {.at = at, .take = fill_take, .take_arg = &filling};
	range.cap = (to - from) * CHUNK < left ? (to - from) * CHUNK : (size_t)left;
	TRY(s3_get(c, e->store, e->key, &range));
	if (range.size != e->extent.size || range.len != range.cap)
		return fail(c, ERR_CORRUPT, "the blob \"%s\" has %llu bytes, and had %llu", e->key,
			(unsigned long long)range.size, (unsigned long long)e->extent.size);
	c->afar.bytes += range.len;
	return OK;
}

/* Where the range that begins at the missing chunk `at` ends. Takes those chunks. Under the lock.
 */
static size_t claim(struct s3_extent *e, size_t at, size_t last)
{
	e->ahead = at == e->expected ? e->ahead * 2 : 1;
	if (e->ahead > AHEAD_MAX)
		e->ahead = AHEAD_MAX;
	size_t want = last + 1 - at, most = want > e->ahead ? want : e->ahead;
	size_t end = at;
	most = most < AHEAD_MAX ? most : AHEAD_MAX;
	while (end < e->count && end - at < most && e->states[end] == MISSING)
		e->states[end++] = COMING;
	e->expected = end;
	return end;
}

static void settle(struct s3_extent *e, size_t from, size_t to, enum state state)
{
	host_lock(&e->lock);
	memset(e->states + from, state, to - from);
	host_wake(&e->lock);
	host_unlock(&e->lock);
}

/* One step towards having chunk `at`: passes it, waits for it, or fetches it. */
static enum err fill_step(struct ctx *c, struct s3_extent *e, size_t *at, size_t last)
{
	host_lock(&e->lock);
	while (*at <= last && e->states[*at] == THERE)
		++*at;
	bool done = *at > last, mine = !done && e->states[*at] == MISSING;
	size_t from = *at, to = mine ? claim(e, from, last) : from;
	if (!done && !mine)
		host_wait_for(&e->lock, TICK);
	host_unlock(&e->lock);
	if (done)
		return OK;
	if (!mine)
		return ctx_check(c);
	enum err kind = fetch_chunks(c, e, from, to);
	settle(e, from, to, kind ? MISSING : THERE);
	return kind;
}

static enum err fill(struct ctx *c, struct s3_extent *e, size_t first, size_t last)
{
	for (size_t at = first; at <= last;)
		TRY(fill_step(c, e, &at, last));
	return OK;
}

/* Makes the bytes be in the file. */
static enum err have(struct ctx *c, struct s3_extent *e, uint64_t at, size_t len)
{
	uint64_t size = e->extent.size;
	if (at > size || len > size - at)
		return fail(c, ERR_CORRUPT,
			"bytes %llu + %zu are past the end of a blob of %llu bytes",
			(unsigned long long)at, len, (unsigned long long)size);
	return len ? fill(c, e, (size_t)(at / CHUNK), (size_t)((at + len - 1) / CHUNK)) : OK;
}

static enum err s3_window(
	struct ctx *c, struct extent *self, uint64_t at, size_t len, const uint8_t **out)
{
	struct s3_extent *e = (struct s3_extent *)self;
	TRY(have(c, e, at, len));
	*out = len ? mapping_at(e->map, (size_t)at, len) : (const uint8_t *)"";
	return OK;
}

static enum err s3_file(
	struct ctx *c, struct extent *self, uint64_t at, size_t len, struct extent_file *out)
{
	struct s3_extent *e = (struct s3_extent *)self;
	TRY(have(c, e, at, len));
	*out = (struct extent_file){e->fd, at};
	return OK;
}

static void release(struct s3_extent *e)
{
	struct s3 *s = e->store;
	host_lock(&s->lock);
	bool last = --e->references == 0;
	struct s3_extent **link = &s->extents;
	while (last && *link && *link != e)
		link = &(*link)->next;
	if (last && *link)
		*link = e->next;
	host_unlock(&s->lock);
	if (!last)
		return;
	mapping_close(e->map);
	if (e->fd >= 0)
		close(e->fd);
	host_free(e->states, e->count);
	host_free(e, sizeof *e);
}

static void s3_extent_close(struct extent *self)
{
	release((struct s3_extent *)self);
}

/* A file without a name, where a system has those, or one that loses its name at once. */
static enum err open_nameless(struct ctx *c, int folder, int *out)
{
	*out = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (*out >= 0)
		return OK;
	uint8_t random[16];
	char name[33];
	c->world->random(random, sizeof random);
	hex_encode(random, sizeof random, name);
	name[32] = 0;
	*out = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (*out < 0)
		return fail(c, ERR_IO, "no file can be made for what is read from the S3 store: %s",
			strerror(errno));
	unlinkat(folder, name, 0);
	return OK;
}

/* The first range tells the size. */
static enum err begin(struct ctx *c, struct s3_extent *e)
{
	TRY(open_nameless(c, e->store->scratch, &e->fd));
	struct filling filling = {e->fd, 0};
	struct s3_range range = {.cap = CHUNK, .take = fill_take, .take_arg = &filling};
	TRY(s3_get(c, e->store, e->key, &range));
	e->extent.size = range.size;
	e->count = (size_t)((range.size + CHUNK - 1) / CHUNK);
	e->states = host_alloc(e->count);
	memset(e->states, MISSING, e->count);
	if (!e->count)
		return OK;
	e->states[0] = THERE;
	e->expected = 1;
	e->ahead = 1;
	if (range.size > INT64_MAX || ftruncate(e->fd, (off_t)range.size) != 0)
		return fail(c, ERR_IO, "there is no room for the blob \"%s\": %s", e->key,
			strerror(errno));
	return mapping_open(c, e->store->resident, e->fd, (size_t)range.size, &e->map);
}

enum err s3_extent_open(struct ctx *c, struct s3 *s, const char *key, struct extent **out)
{
	struct s3_extent *e = host_alloc(sizeof *e);
	*e = (struct s3_extent){{0, s3_window, s3_extent_close, s3_file, true}, .store = s,
		.references = 1, .fd = -1};
	memcpy(e->key, key, strlen(key) + 1);
	enum err kind = begin(c, e);
	if (kind) {
		release(e);
		return kind;
	}
	host_lock(&s->lock);
	e->next = s->extents;
	s->extents = e;
	host_unlock(&s->lock);
	*out = &e->extent;
	return OK;
}

/* The next one under this key that lacks something, with a reference of its own. */
static struct s3_extent *find_incomplete(struct s3 *s, const char *key)
{
	WITH_LOCK(&s->lock);
	for (struct s3_extent *e = s->extents; e; e = e->next) {
		if (strcmp(e->key, key) != 0)
			continue;
		host_lock(&e->lock);
		bool lacks = false;
		for (size_t i = 0; i < e->count && !lacks; i++)
			lacks = e->states[i] != THERE;
		host_unlock(&e->lock);
		if (lacks) {
			e->references++;
			return e;
		}
	}
	return NULL;
}

enum err s3_extents_complete(struct ctx *c, struct s3 *s, const char *key)
{
	for (struct s3_extent *e; (e = find_incomplete(s, key));) {
		enum err kind = fill(c, e, 0, e->count - 1);
		release(e);
		/* It is gone already: there is nothing that could be saved. */
		if (kind == ERR_NOT_FOUND)
			return ctx_clear(c), OK;
		TRY(kind);
	}
	return OK;
}

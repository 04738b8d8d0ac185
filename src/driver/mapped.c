#include "driver/mapped.h"

#include "base/host.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* What is known of a chunk. */
enum { CHUNK_GONE, CHUNK_RESIDENT, CHUNK_RECENT };

enum { WIDE = 2 * MAPPED_CHUNK };

struct mapping {
	struct resident *in;
	struct mapping *next; /* of all in `in` */
	atomic_bool wide;     /* somebody holds more of it than the clock knows */
	uint8_t *at;
	size_t len;
	atomic_uchar chunks[]; /* one state each */
};

struct slot {
	struct mapping *mapping; /* NULL: free */
	size_t chunk;
};

/* The chunks that are resident, on a clock whose hand gives those touched since a second round. */
struct resident {
	struct host_lock lock;
	struct mapping *mappings;
	size_t count, hand;
	struct slot slots[];
};

struct resident *resident_open(uint64_t max_bytes)
{
	size_t count = (size_t)(max_bytes / MAPPED_CHUNK);
	count = count < 4 ? 4 : count;
	struct resident *r = calloc(1, sizeof *r + count * sizeof *r->slots);
	if (!r)
		host_panic("out of memory");
	r->count = count;
	return r;
}

void resident_close(struct resident *r)
{
	free(r);
}

uint64_t resident_bytes(struct resident *r)
{
	WITH_LOCK(&r->lock);
	uint64_t bytes = 0;
	for (size_t i = 0; i < r->count; i++)
		bytes += r->slots[i].mapping ? MAPPED_CHUNK : 0;
	return bytes;
}

static void chunk_drop(struct slot *slot)
{
	struct mapping *m = slot->mapping;
	size_t from = slot->chunk * MAPPED_CHUNK;
	size_t len = m->len - from < MAPPED_CHUNK ? m->len - from : MAPPED_CHUNK;
	atomic_store_explicit(&m->chunks[slot->chunk], CHUNK_GONE, memory_order_relaxed);
	madvise(m->at + from, len, MADV_DONTNEED);
}

/*
 * Whoever asked for many chunks at once (a whole index) comes back to them without asking again, so
 * the clock does not see them return: every round such a mapping is dropped as a whole.
 */
static void drop_wide(struct resident *r)
{
	for (struct mapping *m = r->mappings; m; m = m->next) {
		if (atomic_load_explicit(&m->wide, memory_order_relaxed))
			madvise(m->at, m->len, MADV_DONTNEED);
	}
}

/* A free slot, under the lock: in the second round at the latest every chunk may be dropped. */
static struct slot *slot_free(struct resident *r)
{
	for (;;) {
		struct slot *slot = &r->slots[r->hand];
		r->hand = (r->hand + 1) % r->count;
		if (r->hand == 0)
			drop_wide(r);
		if (!slot->mapping)
			return slot;
		atomic_uchar *state = &slot->mapping->chunks[slot->chunk];
		unsigned char recent = CHUNK_RECENT;
		if (atomic_compare_exchange_strong(state, &recent, CHUNK_RESIDENT))
			continue;
		chunk_drop(slot);
		return slot;
	}
}

static void chunk_count(struct mapping *m, size_t chunk)
{
	WITH_LOCK(&m->in->lock);
	if (atomic_load_explicit(&m->chunks[chunk], memory_order_relaxed) != CHUNK_GONE)
		return;
	*slot_free(m->in) = (struct slot){m, chunk};
	atomic_store_explicit(&m->chunks[chunk], CHUNK_RESIDENT, memory_order_relaxed);
}

enum err mapping_open(struct ctx *c, struct resident *r, int fd, size_t len, struct mapping **out)
{
	size_t chunks = (len + MAPPED_CHUNK - 1) / MAPPED_CHUNK;
	void *at = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return fail(c, ERR_IO, "a file of %zu bytes cannot be mapped: %s", len,
			strerror(errno));
	struct mapping *m = calloc(1, sizeof *m + chunks);
	if (!m)
		host_panic("out of memory");
	m->in = r;
	m->at = at;
	m->len = len;
	host_lock(&r->lock);
	m->next = r->mappings;
	r->mappings = m;
	host_unlock(&r->lock);
	*out = m;
	return OK;
}

void mapping_close(struct mapping *m)
{
	if (!m)
		return;
	host_lock(&m->in->lock);
	struct mapping **at = &m->in->mappings;
	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	for (size_t i = 0; i < m->in->count; i++) {
		if (m->in->slots[i].mapping == m)
			m->in->slots[i] = (struct slot){0};
	}
	host_unlock(&m->in->lock);
	munmap(m->at, m->len);
	free(m);
}

size_t mapping_len(const struct mapping *m)
{
	return m->len;
}

const uint8_t *mapping_at(struct mapping *m, size_t at, size_t len)
{
	ASSERT(at <= m->len && len <= m->len - at);
	if (len == 0)
		return m->at + at;
	if (len > WIDE)
		atomic_store_explicit(&m->wide, true, memory_order_relaxed);
	for (size_t i = at / MAPPED_CHUNK; i <= (at + len - 1) / MAPPED_CHUNK; i++) {
		unsigned char state = atomic_load_explicit(&m->chunks[i], memory_order_relaxed);
		if (state == CHUNK_GONE)
			chunk_count(m, i);
		else if (state == CHUNK_RESIDENT)
			atomic_compare_exchange_strong(&m->chunks[i], &state, CHUNK_RECENT);
	}
	return m->at + at;
}

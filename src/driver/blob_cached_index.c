/* What lies in a cache's folder, by name and in the order of use; and what goes when it is over. */
#include "driver/blob_cached_parts.h"

#include "base/buf.h"

#include <stdlib.h>

/* How soon somebody who waits learns that his own time is over, in microseconds. */
enum { LOOK_AROUND = 20000, BUCKETS_FIRST = 256 };

static void *zeroed(size_t count, size_t size)
{
	void *memory = calloc(count, size);
	if (!memory)
		host_panic("out of memory");
	return memory;
}

static struct cached_node **bucket_of(const struct cached *s, const uint8_t *name)
{
	/* Names are hashes. */
	return &s->buckets[get_be32(name) & (s->bucket_count - 1)];
}

static void table_grow(struct cached *s)
{
	struct cached_node **old = s->buckets;
	size_t count = s->bucket_count;
	s->bucket_count = count ? count * 2 : BUCKETS_FIRST;
	s->buckets = zeroed(s->bucket_count, sizeof *s->buckets);
	for (size_t i = 0; i < count; i++) {
		for (struct cached_node *node = old[i], *next; node; node = next) {
			struct cached_node **at = bucket_of(s, node->name);
			next = node->chain;
			node->chain = *at;
			*at = node;
		}
	}
	free(old);
}

struct cached_node *cached_index_find(struct cached *s, const uint8_t name[CACHED_NAME])
{
	if (s->bucket_count == 0)
		return NULL;
	struct cached_node *node = *bucket_of(s, name);
	while (node && memcmp(node->name, name, CACHED_NAME) != 0)
		node = node->chain;
	return node;
}

static void list_leave(struct cached_node *node)
{
	node->older->newer = node->newer;
	node->newer->older = node->older;
}

static void list_enter(struct cached *s, struct cached_node *node)
{
	node->newer = &s->ends;
	node->older = s->ends.older;
	node->older->newer = node;
	s->ends.older = node;
}

struct cached_node *cached_index_add(struct cached *s, const uint8_t name[CACHED_NAME])
{
	if (s->node_count >= s->bucket_count)
		table_grow(s);
	if (!s->ends.newer)
		s->ends.newer = s->ends.older = &s->ends;
	struct cached_node *node = zeroed(1, sizeof *node);
	memcpy(node->name, name, CACHED_NAME);
	struct cached_node **at = bucket_of(s, name);
	node->chain = *at;
	*at = node;
	list_enter(s, node);
	s->node_count++;
	return node;
}

void cached_index_used(struct cached *s, struct cached_node *node)
{
	list_leave(node);
	list_enter(s, node);
}

void cached_index_set(struct cached *s, struct cached_node *node, uint64_t bytes)
{
	s->bytes += bytes - node->bytes;
	node->bytes = bytes;
}

void cached_index_remove(struct cached *s, struct cached_node *node)
{
	struct cached_node **at = bucket_of(s, node->name);
	while (*at != node)
		at = &(*at)->chain;
	*at = node->chain;
	list_leave(node);
	s->node_count--;
	cached_index_set(s, node, 0);
	node->gone = true;
	if (node->references == 0)
		free(node);
}

void cached_index_grow(struct cached *s, struct cached_node *node, uint64_t more)
{
	host_lock(&s->lock);
	if (!node->gone)
		cached_index_set(s, node, node->bytes + more);
	host_unlock(&s->lock);
	cached_index_evict(s);
}

/* The one to go next; NULL: all that is left is in use. */
static struct cached_node *oldest_idle(struct cached *s)
{
	struct cached_node *node = s->ends.newer;
	while (node && node != &s->ends && (node->references || node->busy || node->bytes == 0))
		node = node->newer;
	return node == &s->ends ? NULL : node;
}

/* Takes the file away, without the lock meanwhile: that of a large file takes its time. */
static void evict_one(struct cached *s, struct cached_node *node)
{
	node->busy = true;
	host_unlock(&s->lock);
	bool removed = cached_entry_unlink(s, node->name, false);
	host_lock(&s->lock);
	node->busy = false;
	if (removed) {
		atomic_fetch_add(&s->evictions, 1);
		cached_index_remove(s, node);
	} else {
		cached_index_used(s, node); /* by another process */
	}
	host_wake(&s->lock);
}

void cached_index_evict(struct cached *s)
{
	WITH_LOCK(&s->lock);
	if (s->evicting || (s->bytes <= s->max_bytes && !s->squeezed))
		return;
	uint64_t from = s->bytes < s->max_bytes ? s->bytes : s->max_bytes;
	uint64_t goal = from / 10 * 9;
	s->squeezed = false;
	s->evicting = true;
	for (size_t tries = s->node_count; tries && s->bytes > goal; tries--) {
		struct cached_node *node = oldest_idle(s);
		if (!node)
			break;
		evict_one(s, node);
	}
	s->evicting = false;
}

void cached_index_done(struct cached *s)
{
	for (size_t i = 0; i < s->bucket_count; i++) {
		for (struct cached_node *node = s->buckets[i], *next; node; node = next) {
			ASSERT(node->references == 0);
			next = node->chain;
			free(node);
		}
	}
	free(s->buckets);
}

enum err cached_wait(struct ctx *c, struct host_lock *lock)
{
	host_wait_for(lock, LOOK_AROUND);
	host_unlock(lock);
	enum err kind = ctx_check(c);
	host_lock(lock);
	return kind;
}

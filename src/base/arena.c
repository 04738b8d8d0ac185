#include "base/arena.h"

#include "base/err.h"
#include "base/host.h"

#include <stdint.h>
#include <string.h>

enum {
	ALIGN = 16,
	CHUNK_FIRST = 4 << 10,
	CHUNK_MOST =
		256 << 10, /* of chunks that grow by themselves; one big piece gets what it needs */
};

/*
 * No request and no handle needs this much: whoever comes here forgot to cap a size, or to call
 * ctx_check in a loop. The walks of a repository of ten million objects take about 1 GiB.
 */
#if SIZE_MAX > UINT32_MAX
static const size_t arena_cap = (size_t)4 << 30;
#else
static const size_t arena_cap = (size_t)1 << 30;
#endif

struct arena_chunk {
	struct arena_chunk *before;
	size_t size; /* with this header */
};

enum { HEADER = (sizeof(struct arena_chunk) + ALIGN - 1) / ALIGN * ALIGN };

/*
 * Under AddressSanitizer what the arena has not given out is poisoned, and a gap is left after each
 * piece, so that an overflow is found here as it would be with malloc.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISON 1
#endif

#ifdef ARENA_POISON
void __asan_poison_memory_region(const volatile void *at, size_t size);
void __asan_unpoison_memory_region(const volatile void *at, size_t size);
#define POISON(at, size) __asan_poison_memory_region((at), (size))
#define UNPOISON(at, size) __asan_unpoison_memory_region((at), (size))
enum { GAP = ALIGN };
#else
#define POISON(at, size) ((void)(at), (void)(size))
#define UNPOISON(at, size) ((void)(at), (void)(size))
enum { GAP = 0 };
#endif

static size_t room_for(size_t size)
{
	ASSERT(size <= arena_cap);
	return (size + ALIGN - 1) / ALIGN * ALIGN + GAP;
}

void arena_init(struct arena *a)
{
	*a = (struct arena){0};
}

static void chunk_drop(struct arena *a)
{
	struct arena_chunk *chunk = a->chunk;
	a->chunk = chunk->before;
	a->bytes -= chunk->size;
	UNPOISON(chunk, chunk->size);
	host_free(chunk, chunk->size);
}

static void spare_drop(struct arena *a)
{
	struct arena_chunk *spare = a->spare;
	a->spare = NULL;
	if (!spare)
		return;
	UNPOISON(spare, spare->size);
	host_free(spare, spare->size);
}

/* A loop that rewinds at the end of a chunk would ask for the next one again and again. */
static void chunk_spare(struct arena *a)
{
	struct arena_chunk *chunk = a->chunk;
	if (chunk->size > CHUNK_MOST) {
		chunk_drop(a);
		return;
	}
	spare_drop(a);
	a->chunk = chunk->before;
	a->bytes -= chunk->size;
	a->spare = chunk;
	POISON(chunk + 1, chunk->size - sizeof *chunk);
}

void arena_done(struct arena *a)
{
	while (a->chunk)
		chunk_drop(a);
	spare_drop(a);
	*a = (struct arena){0};
}

struct arena_mark arena_mark(const struct arena *a)
{
	return (struct arena_mark){a->chunk, a->at};
}

void arena_rewind(struct arena *a, struct arena_mark mark)
{
	while (a->chunk != mark.chunk) {
		ASSERT(a->chunk);
		chunk_spare(a);
	}
	a->at = mark.at;
	a->end = a->chunk ? (char *)a->chunk + a->chunk->size : NULL;
	if (a->at)
		POISON(a->at, (size_t)(a->end - a->at));
}

static void chunk_add(struct arena *a, size_t need)
{
	size_t size = CHUNK_FIRST;
	if (a->chunk)
		size = a->chunk->size < CHUNK_MOST / 2 ? a->chunk->size * 2 : CHUNK_MOST;
	if (size < need + HEADER)
		size = need + HEADER;
	ASSERT(size <= arena_cap && a->bytes <= arena_cap - size);
	struct arena_chunk *chunk = a->spare;
	if (chunk && chunk->size >= need + HEADER) {
		a->spare = NULL;
		size = chunk->size;
	} else {
		chunk = host_alloc(size);
	}
	*chunk = (struct arena_chunk){.before = a->chunk, .size = size};
	a->chunk = chunk;
	a->bytes += size;
	a->at = (char *)chunk + HEADER;
	a->end = (char *)chunk + size;
	POISON(a->at, (size_t)(a->end - a->at));
}

void *arena_raw(struct arena *a, size_t size)
{
	size_t room = room_for(size);
	if (room > (size_t)(a->end - a->at))
		chunk_add(a, room);
	char *piece = a->at;
	a->at += room;
	UNPOISON(piece, size);
	return piece;
}

void *arena_alloc(struct arena *a, size_t size)
{
	return memset(arena_raw(a, size), 0, size);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	size_t bytes = 0;
	bool wraps = __builtin_mul_overflow(count, size, &bytes);
	ASSERT(!wraps);
	return arena_alloc(a, bytes);
}

void *arena_grow(struct arena *a, void *old, size_t old_size, size_t new_size)
{
	ASSERT(new_size >= old_size);
	if (!old)
		return arena_raw(a, new_size);
	char *piece = old;
	bool newest = piece + room_for(old_size) == a->at;
	if (newest && room_for(new_size) <= (size_t)(a->end - piece)) {
		a->at = piece + room_for(new_size);
		UNPOISON(piece, new_size);
		return piece;
	}
	return memcpy(arena_raw(a, new_size), old, old_size);
}

char *arena_strdup(struct arena *a, const char *text)
{
	return arena_strndup(a, text, strlen(text));
}

char *arena_strndup(struct arena *a, const char *text, size_t len)
{
	ASSERT(len < arena_cap);
	char *copy = arena_raw(a, len + 1);
	if (len)
		memcpy(copy, text, len);
	copy[len] = 0;
	return copy;
}

/*
 * An arena: memory that is given out in pieces and freed all at once.
 *
 * A request owns one; what a request allocates, nobody frees. Long-lived handles own one each.
 * Not for use by two threads at a time. Sizes here are decided by code; a size that input decides
 * is capped by its caller first. An arena over its cap ends the process: caps exist to catch our
 * bugs.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunk; /* the one being filled; older ones hang off it */
	char *at, *end;            /* what is free in it */
	size_t bytes;              /* of these chunks */
	struct arena_chunk *spare; /* given back last, for whoever needs one next; may be NULL */
};

/* A point to rewind to: everything allocated since is given back. */
struct arena_mark {
	struct arena_chunk *chunk;
	char *at;
};

void arena_init(struct arena *a);
void arena_done(struct arena *a);

struct arena_mark arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark mark);

/* Zeroed memory, aligned to 16. Never NULL. arena_raw leaves it uninitialised. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_raw(struct arena *a, size_t size);

/* Zeroed memory for `count` elements; the product is checked. */
void *arena_array(struct arena *a, size_t count, size_t size);

/* Grows the newest allocation in place where it can, copies otherwise. */
void *arena_grow(struct arena *a, void *old, size_t old_size, size_t new_size);

char *arena_strdup(struct arena *a, const char *text);
char *arena_strndup(struct arena *a, const char *text, size_t len);

#define NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define NEW_ARRAY(arena, type, count) ((type *)arena_array((arena), (count), sizeof(type)))

#endif

/*
 * Objects that deltas were made from, kept for the next delta: a ring of bytes, oldest out first.
 *
 * One request's; it and all of its memory lie in the arena that it was opened with.
 */
#ifndef GIT_BASE_CACHE_H
#define GIT_BASE_CACHE_H

#include "git/pack.h"

struct base_cache;

/*
 * Objects over this are not kept. What is read together lies together, so that few bytes do; they
 * stay in a processor's cache, and their memory is soon used again by others (see main/serve.c).
 */
enum { BASE_CACHE_BYTES = 896 << 10, BASE_CACHE_OBJECT_MAX = BASE_CACHE_BYTES / 2 };

struct base_cache *base_cache_open(struct arena *a);

/* The object at `offset` of a pack; its bytes stay until the next base_cache_put. */
bool base_cache_get(const struct base_cache *cache, const struct pack *pack, uint64_t offset,
	struct object *out);

/* Keeps a copy of `o`, and points o->bytes at it. Leaves one that is too big as it is. */
void base_cache_put(
	struct base_cache *cache, const struct pack *pack, uint64_t offset, struct object *o);

#endif

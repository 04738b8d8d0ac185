/*
 * A hash map from bytes to pointers, in an arena: open addressing, seeded, never shrinking.
 *
 * Keys are not copied: they must live as long as the map. {.arena = a} is an empty map; `seed`
 * should be random where input chooses the keys.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/arena.h"
#include "base/str.h"

struct map_slot {
	struct str key; /* key.at NULL: free */
	void *value;
};

struct map {
	struct arena *arena;
	struct map_slot *slots;
	size_t count, cap;
	uint64_t seed;
};

/* The value, or NULL. */
void *map_get(const struct map *m, struct str key);
/* The place of the key's value, made (NULL) where it is new. Valid until the next map_put. */
void **map_put(struct map *m, struct str key);

/* Makes room for so many keys at once: of a map that grows each is hashed about twice. */
void map_reserve(struct map *m, size_t count);

uint64_t bytes_hash(uint64_t seed, const void *bytes, size_t len);

#endif

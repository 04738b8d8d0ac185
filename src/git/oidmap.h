/*
 * A set of object ids that numbers them 0, 1, 2 … in the order of their coming.
 *
 * Made for hundreds of thousands: 20 bytes for a SHA-1 id and about 8 for its slot. Lies in an
 * arena; never shrinks. One thread at a time.
 */
#ifndef GIT_OIDMAP_H
#define GIT_OIDMAP_H

#include "base/arena.h"
#include "base/oid.h"

enum { OIDMAP_NONE = 0xffffffff };

struct oidmap {
	struct arena *arena;
	enum hash_algo algo;
	uint32_t count;
	uint32_t cap;    /* of slots; a power of two */
	uint32_t *slots; /* number + 1; 0: free */
	uint8_t **blocks;
	uint32_t block_cap;
};

void oidmap_init(struct oidmap *m, struct arena *a, enum hash_algo algo);

/* The number of an id, or OIDMAP_NONE. */
uint32_t oidmap_find(const struct oidmap *m, const uint8_t *hash);
/* The number of an id, which is m->count as it was where the id is new. */
uint32_t oidmap_put(struct oidmap *m, const uint8_t *hash);

const uint8_t *oidmap_hash(const struct oidmap *m, uint32_t number);
struct oid oidmap_oid(const struct oidmap *m, uint32_t number);

#endif

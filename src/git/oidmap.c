#include "git/oidmap.h"

#include "base/err.h"

enum { BLOCK_BITS = 10, BLOCK_IDS = 1 << BLOCK_BITS, CAP_FIRST = 256 };

void oidmap_init(struct oidmap *m, struct arena *a, enum hash_algo algo)
{
	*m = (struct oidmap){.arena = a, .algo = algo, .cap = CAP_FIRST};
	m->slots = NEW_ARRAY(a, uint32_t, m->cap);
}

const uint8_t *oidmap_hash(const struct oidmap *m, uint32_t number)
{
	return m->blocks[number >> BLOCK_BITS] + (number & (BLOCK_IDS - 1)) * hash_size(m->algo);
}

struct oid oidmap_oid(const struct oidmap *m, uint32_t number)
{
	return oid_from_bytes(m->algo, oidmap_hash(m, number));
}

/* Ids are hashes already; the multiplication only spreads those that somebody searched for. */
static uint32_t slot_first(const struct oidmap *m, const uint8_t *hash)
{
	uint64_t word;
	memcpy(&word, hash, sizeof word);
	return (uint32_t)(word * 0x9e3779b97f4a7c15 >> 32) & (m->cap - 1);
}

/* The slot that holds the id, or the free one where it belongs. There is always a free one. */
static uint32_t *slot_of(const struct oidmap *m, const uint8_t *hash)
{
	uint32_t at = slot_first(m, hash);
	while (m->slots[at] &&
		memcmp(oidmap_hash(m, m->slots[at] - 1), hash, hash_size(m->algo)) != 0)
		at = (at + 1) & (m->cap - 1);
	return &m->slots[at];
}

uint32_t oidmap_find(const struct oidmap *m, const uint8_t *hash)
{
	return *slot_of(m, hash) - 1;
}

static void widen(struct oidmap *m)
{
	ASSERT(m->cap < 1u << 31);
	m->cap *= 2;
	m->slots = NEW_ARRAY(m->arena, uint32_t, m->cap);
	for (uint32_t i = 0; i < m->count; i++) {
		uint32_t at = slot_first(m, oidmap_hash(m, i));
		while (m->slots[at])
			at = (at + 1) & (m->cap - 1);
		m->slots[at] = i + 1;
	}
}

static void block_add(struct oidmap *m)
{
	uint32_t block = m->count >> BLOCK_BITS;
	if (block == m->block_cap) {
		uint32_t cap = m->block_cap ? m->block_cap * 2 : 16;
		m->blocks = arena_grow(m->arena, m->blocks, m->block_cap * sizeof *m->blocks,
			cap * sizeof *m->blocks);
		m->block_cap = cap;
	}
	m->blocks[block] = arena_raw(m->arena, BLOCK_IDS * hash_size(m->algo));
}

uint32_t oidmap_put(struct oidmap *m, const uint8_t *hash)
{
	uint32_t *slot = slot_of(m, hash);
	if (*slot)
		return *slot - 1;
	if (m->count >= m->cap / 3 * 2) {
		widen(m);
		slot = slot_of(m, hash);
	}
	if (m->count % BLOCK_IDS == 0)
		block_add(m);
	size_t size = hash_size(m->algo);
	memcpy(m->blocks[m->count >> BLOCK_BITS] + (m->count & (BLOCK_IDS - 1)) * size, hash, size);
	*slot = ++m->count;
	return m->count - 1;
}

#include "git/base_cache.h"

#include <string.h>

/*
 * The memory is reserved at once, since whoever puts may rewind the arena after. But what is not
 * touched costs nothing, and most requests put a few objects: they only use some of the slots.
 */
enum { SLOTS_BITS = 12, FIRST_SLOTS_BITS = 7 };

struct slot {
	const struct pack *pack;
	uint64_t offset;
	uint64_t at; /* counts all bytes ever put; at % BASE_CACHE_BYTES is the place in the ring */
	uint32_t size;
	uint32_t type;
};

struct base_cache {
	struct slot *slots;
	unsigned slot_bits;
	uint32_t puts; /* since the slots were emptied */
	uint64_t head;
	char *ring;
};

static void empty(struct base_cache *cache, unsigned slot_bits)
{
	cache->slot_bits = slot_bits;
	cache->puts = 0;
	memset(cache->slots, 0, sizeof *cache->slots << slot_bits);
}

struct base_cache *base_cache_open(struct arena *a)
{
	struct base_cache *cache = NEW(a, struct base_cache);
	cache->slots = arena_raw(a, sizeof *cache->slots << SLOTS_BITS);
	cache->ring = arena_raw(a, BASE_CACHE_BYTES);
	empty(cache, FIRST_SLOTS_BITS);
	return cache;
}

static struct slot *slot_of(
	const struct base_cache *cache, const struct pack *pack, uint64_t offset)
{
	uint64_t mixed = (offset ^ (uintptr_t)pack >> 4) * 0x9e3779b97f4a7c15;
	return &cache->slots[mixed >> (64 - cache->slot_bits)];
}

bool base_cache_get(const struct base_cache *cache, const struct pack *pack, uint64_t offset,
	struct object *out)
{
	const struct slot *s = slot_of(cache, pack, offset);
	if (s->pack != pack || s->offset != offset || cache->head - s->at > BASE_CACHE_BYTES)
		return false;
	out->type = (enum object_type)s->type;
	out->bytes = str_from(cache->ring + s->at % BASE_CACHE_BYTES, s->size);
	return true;
}

void base_cache_put(
	struct base_cache *cache, const struct pack *pack, uint64_t offset, struct object *o)
{
	if (o->bytes.len > BASE_CACHE_OBJECT_MAX)
		return;
	size_t place = (size_t)(cache->head % BASE_CACHE_BYTES);
	if (o->bytes.len > BASE_CACHE_BYTES - place) {
		cache->head += BASE_CACHE_BYTES - place;
		place = 0;
	}
	memmove(cache->ring + place, o->bytes.at, o->bytes.len);
	if (cache->slot_bits < SLOTS_BITS && cache->puts == 1u << (FIRST_SLOTS_BITS - 1))
		empty(cache, SLOTS_BITS);
	cache->puts++;
	*slot_of(cache, pack, offset) = (struct slot){.pack = pack,
		.offset = offset,
		.at = cache->head,
		.size = (uint32_t)o->bytes.len,
		.type = (uint32_t)o->type};
	cache->head += o->bytes.len;
	o->bytes.at = cache->ring + place;
}

#include "git/base_cache.h"

enum { SLOTS = 4096 };

struct slot {
	const struct pack *pack;
	uint64_t offset;
	uint64_t at; /* counts all bytes ever put; at % BASE_CACHE_BYTES is the place in the ring */
	uint32_t size;
	uint32_t type;
};

struct base_cache {
	struct slot slots[SLOTS];
	uint64_t head;
	char *ring;
};

struct base_cache *base_cache_open(struct arena *a)
{
	struct base_cache *cache = NEW(a, struct base_cache);
	cache->ring = arena_raw(a, BASE_CACHE_BYTES);
	return cache;
}

static size_t slot_index(const struct pack *pack, uint64_t offset)
{
	uint64_t mixed = (offset ^ (uintptr_t)pack >> 4) * 0x9e3779b97f4a7c15;
	return (size_t)(mixed >> 52);
}

bool base_cache_get(const struct base_cache *cache, const struct pack *pack, uint64_t offset,
	struct object *out)
{
	const struct slot *s = &cache->slots[slot_index(pack, offset)];
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
	cache->slots[slot_index(pack, offset)] = (struct slot){.pack = pack,
		.offset = offset,
		.at = cache->head,
		.size = (uint32_t)o->bytes.len,
		.type = (uint32_t)o->type};
	cache->head += o->bytes.len;
	o->bytes.at = cache->ring + place;
}

#include "core/made_cache.h"

#include "base/host.h"
#include "base/map.h"

enum { SETS = 1024, WAYS = 4, ALL_MAX = 24 << 20 };

/* The key and after it the value, in one piece of memory; NULL: nothing is here. */
struct slot {
	char *bytes;
	size_t key_len, value_len;
	uint64_t used; /* when, counted in uses of the cache */
};

struct made_cache {
	struct host_lock lock;
	struct slot slots[SETS][WAYS];
	size_t bytes;
	size_t hand; /* the next to go when there is no room */
	uint64_t now;
};

struct made_cache *made_cache_open(void)
{
	struct made_cache *cache = host_alloc(sizeof *cache);
	memset(cache, 0, sizeof *cache);
	return cache;
}

static void empty(struct made_cache *cache, struct slot *s)
{
	size_t size = s->key_len + s->value_len;
	if (s->bytes)
		host_free(s->bytes, size);
	cache->bytes -= size;
	*s = (struct slot){0};
}

/* The slots in turn. */
static struct slot *slot_at(struct made_cache *cache, size_t number)
{
	return &cache->slots[number / WAYS % SETS][number % WAYS];
}

void made_cache_close(struct made_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < SETS * WAYS; i++)
		empty(cache, slot_at(cache, i));
	host_free(cache, sizeof *cache);
}

/* The key's slot, or the one of its set that was used the longest ago. */
static struct slot *place_for(struct made_cache *cache, struct str key, bool *has)
{
	struct slot *set = cache->slots[bytes_hash(0, key.at, key.len) % SETS], *oldest = set;
	for (size_t i = 0; i < WAYS; i++) {
		*has = set[i].bytes && str_eq(str_from(set[i].bytes, set[i].key_len), key);
		if (*has)
			return &set[i];
		if (set[i].used < oldest->used)
			oldest = &set[i];
	}
	return oldest;
}

bool made_cache_get(struct ctx *c, struct made_cache *cache, struct str key, struct str *out)
{
	bool has;
	if (!cache)
		return false;
	WITH_LOCK(&cache->lock);
	struct slot *s = place_for(cache, key, &has);
	if (!has)
		return false;
	s->used = ++cache->now;
	char *copy = arena_raw(c->arena, s->value_len);
	memcpy(copy, s->bytes + s->key_len, s->value_len);
	*out = str_from(copy, s->value_len);
	return true;
}

void made_cache_put(struct made_cache *cache, struct str key, struct str value)
{
	bool has;
	if (!cache || key.len == 0 || value.len > MADE_VALUE_MAX)
		return;
	WITH_LOCK(&cache->lock);
	struct slot *s = place_for(cache, key, &has);
	empty(cache, s);
	while (cache->bytes + key.len + value.len > ALL_MAX)
		empty(cache, slot_at(cache, cache->hand++));
	*s = (struct slot){.bytes = host_alloc(key.len + value.len),
		.key_len = key.len,
		.value_len = value.len,
		.used = ++cache->now};
	memcpy(s->bytes, key.at, key.len);
	if (value.len)
		memcpy(s->bytes + key.len, value.at, value.len);
	cache->bytes += key.len + value.len;
}

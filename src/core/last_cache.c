#include "core/last_cache.h"

#include "base/host.h"
#include "base/map.h"

enum { SLOTS = 2048, VALUE_MAX = 40 << 10, ALL_MAX = 16 << 20 };

/* The key and after it the value, in one piece of memory. */
struct slot {
	char *bytes;
	size_t key_len, value_len;
};

struct last_cache {
	struct host_lock lock;
	struct slot slots[SLOTS];
	size_t bytes;
};

struct last_cache *last_cache_open(void)
{
	struct last_cache *cache = host_alloc(sizeof *cache);
	memset(cache, 0, sizeof *cache);
	return cache;
}

static void empty(struct last_cache *cache, struct slot *s)
{
	size_t size = s->key_len + s->value_len;
	if (s->bytes)
		host_free(s->bytes, size);
	cache->bytes -= size;
	*s = (struct slot){0};
}

void last_cache_close(struct last_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		empty(cache, &cache->slots[i]);
	host_free(cache, sizeof *cache);
}

static struct slot *slot_of(struct last_cache *cache, struct str key)
{
	return &cache->slots[bytes_hash(0, key.at, key.len) % SLOTS];
}

bool last_cache_get(struct ctx *c, struct last_cache *cache, struct str key, struct str *value)
{
	if (!cache)
		return false;
	WITH_LOCK(&cache->lock);
	const struct slot *s = slot_of(cache, key);
	if (!s->bytes || !str_eq(str_from(s->bytes, s->key_len), key))
		return false;
	*value = str_copy(c->arena, str_from(s->bytes + s->key_len, s->value_len));
	return true;
}

void last_cache_put(struct last_cache *cache, struct str key, struct str value)
{
	if (!cache || value.len > VALUE_MAX || key.len == 0)
		return;
	WITH_LOCK(&cache->lock);
	struct slot *s = slot_of(cache, key);
	empty(cache, s);
	if (cache->bytes + key.len + value.len > ALL_MAX)
		return;
	s->bytes = host_alloc(key.len + value.len);
	s->key_len = key.len;
	s->value_len = value.len;
	memcpy(s->bytes, key.at, key.len);
	memcpy(s->bytes + key.len, value.at ? value.at : "", value.len);
	cache->bytes += key.len + value.len;
}

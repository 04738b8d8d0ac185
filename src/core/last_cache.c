#include "core/last_cache.h"

#include "base/host.h"
#include "base/map.h"

enum { SETS = 512, VALUE_MAX = 96 << 10, ALL_MAX = 16 << 20 };

/* The folder and after it the value, in one piece of memory; NULL: nothing is here. */
struct slot {
	char *bytes;
	size_t folder_len, value_len;
	struct oid commit;
	uint64_t put, got; /* at what time, counted in uses of the cache */
};

/* A folder's answers all lie in one set. */
struct last_cache {
	struct host_lock lock;
	struct slot slots[SETS][LAST_CACHE_WAYS];
	size_t bytes;
	size_t hand; /* the next to go when there is no room */
	uint64_t now;
};

struct last_cache *last_cache_open(void)
{
	struct last_cache *cache = host_alloc(sizeof *cache);
	memset(cache, 0, sizeof *cache);
	return cache;
}

static void empty(struct last_cache *cache, struct slot *s)
{
	size_t size = s->folder_len + s->value_len;
	if (s->bytes)
		host_free(s->bytes, size);
	cache->bytes -= size;
	*s = (struct slot){0};
}

/* The slots in turn. */
static struct slot *slot_at(struct last_cache *cache, size_t number)
{
	return &cache->slots[number / LAST_CACHE_WAYS % SETS][number % LAST_CACHE_WAYS];
}

void last_cache_close(struct last_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < SETS * LAST_CACHE_WAYS; i++)
		empty(cache, slot_at(cache, i));
	host_free(cache, sizeof *cache);
}

static struct slot *set_of(struct last_cache *cache, struct str folder)
{
	return cache->slots[bytes_hash(0, folder.at, folder.len) % SETS];
}

static bool is_of(const struct slot *s, struct str folder)
{
	return s->bytes && str_eq(str_from(s->bytes, s->folder_len), folder);
}

size_t last_cache_get(struct ctx *c, struct last_cache *cache, struct str folder,
	struct last_answer out[LAST_CACHE_WAYS])
{
	size_t count = 0;
	if (!cache)
		return 0;
	WITH_LOCK(&cache->lock);
	struct slot *set = set_of(cache, folder);
	cache->now++;
	for (size_t i = 0; i < LAST_CACHE_WAYS; i++) {
		if (!is_of(&set[i], folder))
			continue;
		set[i].got = cache->now;
		struct str value = str_from(set[i].bytes + set[i].folder_len, set[i].value_len);
		out[count++] = (struct last_answer){set[i].commit, str_copy(c->arena, value)};
	}
	return count;
}

/* The folder's answer as of the same commit, else what was asked for the longest ago. */
static struct slot *place_for(struct last_cache *cache, struct str folder, const struct oid *commit)
{
	struct slot *set = set_of(cache, folder), *oldest = set;
	for (size_t i = 0; i < LAST_CACHE_WAYS; i++) {
		struct slot *s = &set[i];
		if (is_of(s, folder) && oid_eq(&s->commit, commit))
			return s;
		if (s->got < oldest->got || (s->got == oldest->got && s->put < oldest->put))
			oldest = s;
	}
	return oldest;
}

void last_cache_put(struct last_cache *cache, struct str folder, const struct last_answer *answer)
{
	struct str value = answer->value;
	if (!cache || value.len > VALUE_MAX || folder.len == 0)
		return;
	WITH_LOCK(&cache->lock);
	struct slot *s = place_for(cache, folder, &answer->commit);
	empty(cache, s);
	while (cache->bytes + folder.len + value.len > ALL_MAX)
		empty(cache, slot_at(cache, cache->hand++));
	cache->now++;
	*s = (struct slot){.bytes = host_alloc(folder.len + value.len),
		.folder_len = folder.len,
		.value_len = value.len,
		.commit = answer->commit,
		.put = cache->now,
		.got = cache->now};
	memcpy(s->bytes, folder.at, folder.len);
	if (value.len)
		memcpy(s->bytes + folder.len, value.at, value.len);
	cache->bytes += folder.len + value.len;
}

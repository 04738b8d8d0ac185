#include "git/bloom.h"

#include "base/map.h"
#include "base/vec.h"
#include "git/tree_diff.h"

static uint32_t rotate(uint32_t value, unsigned bits)
{
	return value << bits | value >> (32 - bits);
}

static uint32_t scramble(uint32_t word)
{
	return rotate(word * 0xcc9e2d51, 15) * 0x1b873593;
}

/* In version 1 a byte over 127 fills all bits above it. */
static uint32_t byte_of(uint32_t version, char byte)
{
	return version == 1 ? (uint32_t)(int32_t)(int8_t)byte : (uint8_t)byte;
}

static uint32_t murmur3(uint32_t version, uint32_t seed, struct str s)
{
	size_t whole = s.len / 4 * 4;
	for (size_t i = 0; i < whole; i += 4) {
		uint32_t word = byte_of(version, s.at[i]) | byte_of(version, s.at[i + 1]) << 8 |
				byte_of(version, s.at[i + 2]) << 16 |
				byte_of(version, s.at[i + 3]) << 24;
		seed = rotate(seed ^ scramble(word), 13) * 5 + 0xe6546b64;
	}
	uint32_t tail = 0;
	for (size_t i = s.len; i > whole; i--)
		tail ^= byte_of(version, s.at[i - 1]) << (8 * (i - 1 - whole));
	if (s.len > whole)
		seed ^= scramble(tail);
	seed ^= (uint32_t)s.len;
	seed = (seed ^ seed >> 16) * 0x85ebca6b;
	seed = (seed ^ seed >> 13) * 0xc2b2ae35;
	return seed ^ seed >> 16;
}

struct bloom_key bloom_key(uint32_t version, struct str path)
{
	return (struct bloom_key){
		murmur3(version, 0x293ae76f, path), murmur3(version, 0x7e646e2c, path)};
}

bool bloom_may_hold(
	const struct bloom_settings *settings, struct str filter, const struct bloom_key *key)
{
	uint64_t bits = (uint64_t)filter.len * 8;
	if (bits == 0)
		return true;
	for (uint32_t i = 0; i < settings->hashes; i++) {
		uint64_t at = (key->first + i * key->step) % bits;
		if (!((uint8_t)filter.at[at / 8] >> (at % 8) & 1))
			return false;
	}
	return true;
}

/* The folder that a path lies in: "" at the top. */
static struct str folder_of(struct str path)
{
	size_t slash = str_find_last(path, '/');
	return str_until(path, slash < path.len ? slash : 0);
}

uint64_t bloom_bits(const struct bloom_settings *settings, size_t len, const struct bloom_key *key)
{
	uint64_t bits = 0;
	for (uint32_t i = 0; i < settings->hashes && len; i++)
		bits |= (uint64_t)1 << (key->first + i * key->step) % (uint32_t)(len * 8);
	return bits;
}

struct bloom_path bloom_path(
	const struct bloom_settings *settings, struct str path, struct arena *a)
{
	VEC_OF(struct bloom_key) keys = {.arena = a};
	struct bloom_path out = {0};
	str_skip_end(&path, STR("/"));
	for (; path.len && keys.len < BLOOM_FOLDERS_MAX; path = folder_of(path))
		*vec_push(&keys) = bloom_key(settings->version, path);
	out.keys = keys.at;
	out.count = keys.len;
	for (size_t len = 1; len <= BLOOM_SHORT; len++)
		for (size_t i = 0; i < keys.len; i++)
			out.bits[len] |= bloom_bits(settings, len, &keys.at[i]);
	return out;
}

bool bloom_may_hold_path(
	const struct bloom_settings *settings, struct str filter, const struct bloom_path *path)
{
	if (filter.len <= BLOOM_SHORT)
		return (path->bits[filter.len] & ~bloom_word(filter)) == 0;
	for (size_t i = 0; i < path->count; i++)
		if (!bloom_may_hold(settings, filter, &path->keys[i]))
			return false;
	return true;
}

static void bits_set(const struct bloom_settings *settings, struct str filter, struct str path)
{
	/* The filter is being made: its bytes are ours to change. */
	uint8_t *bytes = (uint8_t *)(uintptr_t)filter.at;
	struct bloom_key key = bloom_key(settings->version, path);
	for (uint32_t i = 0; i < settings->hashes; i++) {
		uint64_t at = (key.first + i * key.step) % ((uint64_t)filter.len * 8);
		bytes[at / 8] |= (uint8_t)(1 << (at % 8));
	}
}

struct paths {
	struct map seen;
	VEC_OF(struct str) list;
};

/* Adds a path and the folders that it lies in; false when there are too many now. */
static bool paths_add(struct paths *p, struct str path)
{
	while (path.len) {
		void **slot = map_put(&p->seen, path);
		if (*slot)
			return true; /* then its folders are there too */
		*slot = p;
		*vec_push(&p->list) = path;
		if (p->list.len > BLOOM_PATHS_MAX)
			return false;
		path = folder_of(path);
	}
	return true;
}

static struct str filter_of(
	const struct bloom_settings *settings, const struct paths *p, struct arena *a)
{
	size_t len = (p->list.len * settings->bits_per_path + 7) / 8;
	struct str filter = {arena_alloc(a, len ? len : 1), len ? len : 1};
	for (size_t i = 0; i < p->list.len; i++)
		bits_set(settings, filter, p->list.at[i]);
	return filter;
}

struct str bloom_make(struct ctx *c, const struct bloom_settings *settings,
	const struct tree_changes *changes, struct arena *a)
{
	struct paths paths = {.seen.arena = c->arena, .list.arena = c->arena};
	bool few = changes->total <= BLOOM_PATHS_MAX;
	c->world->random(&paths.seen.seed, sizeof paths.seen.seed);
	for (size_t i = 0; i < changes->count && few; i++)
		few = paths_add(&paths, changes->at[i].path);
	return few ? filter_of(settings, &paths, a) : str_copy(a, STR("\xff"));
}

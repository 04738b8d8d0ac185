#include "git/base_cache.h"

#include "unit.h"

static const struct pack *pack_at(uintptr_t number)
{
	return (const struct pack *)(number << 8);
}

static void what_was_kept_is_given_back(void **state)
{
	struct ctx *c = *state;
	struct base_cache *cache = base_cache_open(c->arena);
	struct object o = {OBJECT_TREE, STR("some bytes")}, got;
	assert_false(base_cache_get(cache, pack_at(1), 12, &got));
	base_cache_put(cache, pack_at(1), 12, &o);
	assert_str(o.bytes, "some bytes");
	assert_true(base_cache_get(cache, pack_at(1), 12, &got));
	assert_int_equal(got.type, OBJECT_TREE);
	assert_str(got.bytes, "some bytes");
	assert_false(base_cache_get(cache, pack_at(2), 12, &got));
	assert_false(base_cache_get(cache, pack_at(1), 13, &got));
}

static void what_does_not_fit_stays_where_it_is(void **state)
{
	struct ctx *c = *state;
	struct base_cache *cache = base_cache_open(c->arena);
	size_t len = BASE_CACHE_OBJECT_MAX + 1;
	char *bytes = arena_alloc(c->arena, len);
	struct object o = {OBJECT_BLOB, str_from(bytes, len)}, got;
	base_cache_put(cache, pack_at(1), 12, &o);
	assert_ptr_equal(o.bytes.at, bytes);
	assert_false(base_cache_get(cache, pack_at(1), 12, &got));
}

static void the_oldest_go_first_and_nothing_is_ever_wrong(void **state)
{
	struct ctx *c = *state;
	struct base_cache *cache = base_cache_open(c->arena);
	size_t len = BASE_CACHE_OBJECT_MAX / 3;
	char *bytes = arena_alloc(c->arena, len);
	int there = 0;
	for (int i = 0; i < 100; i++) {
		struct object o = {OBJECT_BLOB, str_from(bytes, len - (size_t)i)};
		memset(bytes, i, len);
		base_cache_put(cache, pack_at(1), (uint64_t)i, &o);
	}
	for (int i = 0; i < 100; i++) {
		struct object got;
		if (!base_cache_get(cache, pack_at(1), (uint64_t)i, &got))
			continue;
		there++;
		assert_int_equal(got.bytes.len, len - (size_t)i);
		for (size_t at = 0; at < got.bytes.len; at += 997)
			assert_int_equal(got.bytes.at[at], i);
	}
	int room = (int)(BASE_CACHE_BYTES / len);
	assert_in_range(there, room - 2, room);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_was_kept_is_given_back),
		UNIT_TEST(what_does_not_fit_stays_where_it_is),
		UNIT_TEST(the_oldest_go_first_and_nothing_is_ever_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* core/last_cache.c */
#include "unit.h"

#include "base/buf.h"
#include "core/last_cache.h"

static void what_was_put_is_got_and_nothing_else(void **state)
{
	struct ctx *c = *state;
	struct last_cache *cache = last_cache_open();
	struct str value;
	assert_false(last_cache_get(c, cache, STR("a"), &value));
	last_cache_put(cache, STR("a"), STR("one"));
	assert_true(last_cache_get(c, cache, STR("a"), &value));
	assert_str(value, "one");
	last_cache_put(cache, STR("a"), STR("two"));
	assert_true(last_cache_get(c, cache, STR("a"), &value));
	assert_str(value, "two");
	assert_false(last_cache_get(c, cache, STR("b"), &value));
	last_cache_close(cache);
}

static void without_a_cache_nothing_is_known(void **state)
{
	struct ctx *c = *state;
	struct str value;
	last_cache_put(NULL, STR("a"), STR("one"));
	assert_false(last_cache_get(c, NULL, STR("a"), &value));
}

static void it_is_bounded_and_never_wrong(void **state)
{
	struct ctx *c = *state;
	struct last_cache *cache = last_cache_open();
	struct str value, big = str_from(arena_alloc(c->arena, 30000), 30000);
	size_t known = 0;
	for (int i = 0; i < 3000; i++) {
		struct arena_mark mark = arena_mark(c->arena);
		struct str key = str_of(arena_fmt(c->arena, "key %d", i));
		last_cache_put(cache, key, big);
		arena_rewind(c->arena, mark);
	}
	for (int i = 0; i < 3000; i++) {
		struct arena_mark mark = arena_mark(c->arena);
		struct str key = str_of(arena_fmt(c->arena, "key %d", i));
		if (last_cache_get(c, cache, key, &value)) {
			assert_true(str_eq(value, big));
			known++;
		}
		arena_rewind(c->arena, mark);
	}
	assert_in_range(known, 100, (16 << 20) / 30000);
	last_cache_put(cache, STR("huge"), str_from(arena_alloc(c->arena, 1 << 20), 1 << 20));
	assert_false(last_cache_get(c, cache, STR("huge"), &value));
	last_cache_close(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_was_put_is_got_and_nothing_else),
		UNIT_TEST(without_a_cache_nothing_is_known),
		UNIT_TEST(it_is_bounded_and_never_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* core/made_cache.c */
#include "unit.h"

#include "base/buf.h"
#include "core/made_cache.h"

static bool has(struct ctx *c, struct made_cache *cache, const char *key, struct str value)
{
	struct str got;
	return made_cache_get(c, cache, str_of(key), &got) && str_eq(got, value);
}

static void what_was_put_is_got_and_nothing_else(void **state)
{
	struct ctx *c = *state;
	struct made_cache *cache = made_cache_open();
	struct str got;
	assert_false(made_cache_get(c, cache, STR("a"), &got));
	made_cache_put(cache, STR("a"), STR("one"));
	made_cache_put(cache, STR("b"), STR(""));
	assert_true(has(c, cache, "a", STR("one")));
	assert_true(has(c, cache, "b", STR("")));
	made_cache_put(cache, STR("a"), STR("two"));
	assert_true(has(c, cache, "a", STR("two")));
	assert_false(made_cache_get(c, cache, STR(""), &got));
	assert_false(made_cache_get(c, NULL, STR("a"), &got));
	made_cache_close(cache);
}

static void it_is_bounded(void **state)
{
	struct ctx *c = *state;
	struct made_cache *cache = made_cache_open();
	struct str got,
		large = str_from(arena_alloc(c->arena, MADE_VALUE_MAX + 1), MADE_VALUE_MAX + 1);
	made_cache_put(cache, STR("too large"), large);
	assert_false(made_cache_get(c, cache, STR("too large"), &got));
	large.len = MADE_VALUE_MAX;
	int kept = 0;
	for (int i = 0; i < 100; i++)
		made_cache_put(cache, str_of(arena_fmt(c->arena, "%d", i)), large);
	for (int i = 0; i < 100; i++) {
		struct arena_mark mark = arena_mark(c->arena);
		kept += made_cache_get(c, cache, str_of(arena_fmt(c->arena, "%d", i)), &got);
		arena_rewind(c->arena, mark);
	}
	assert_in_range(kept, 1, 24);
	assert_true(has(c, cache, "99", large));
	made_cache_close(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_was_put_is_got_and_nothing_else),
		UNIT_TEST(it_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* core/last_cache.c */
#include "unit.h"

#include "base/buf.h"
#include "core/last_cache.h"

static struct last_answer answer(int commit, struct str value)
{
	struct last_answer a = {oid_zero(HASH_SHA1), value};
	memcpy(a.commit.hash, &commit, sizeof commit);
	return a;
}

static void put(struct last_cache *cache, const char *folder, int commit, struct str value)
{
	struct last_answer a = answer(commit, value);
	last_cache_put(cache, str_of(folder), &a);
}

/* Is that what is known of a folder as of a commit? */
static bool knows(
	struct ctx *c, struct last_cache *cache, const char *folder, int commit, struct str value)
{
	struct last_answer all[LAST_CACHE_WAYS], wanted = answer(commit, value);
	size_t count = last_cache_get(c, cache, str_of(folder), all);
	for (size_t i = 0; i < count; i++)
		if (oid_eq(&all[i].commit, &wanted.commit))
			return str_eq(all[i].value, value);
	return false;
}

static void what_was_put_is_got_and_nothing_else(void **state)
{
	struct ctx *c = *state;
	struct last_cache *cache = last_cache_open();
	struct last_answer all[LAST_CACHE_WAYS];
	assert_int_equal(last_cache_get(c, cache, STR("a"), all), 0);
	put(cache, "a", 1, STR("one"));
	put(cache, "a", 2, STR("two"));
	assert_true(knows(c, cache, "a", 1, STR("one")));
	assert_true(knows(c, cache, "a", 2, STR("two")));
	put(cache, "a", 1, STR("three"));
	assert_int_equal(last_cache_get(c, cache, STR("a"), all), 2);
	assert_true(knows(c, cache, "a", 1, STR("three")));
	assert_int_equal(last_cache_get(c, cache, STR("b"), all), 0);
	last_cache_close(cache);
}

static void a_folder_keeps_its_latest_answers(void **state)
{
	struct ctx *c = *state;
	struct last_cache *cache = last_cache_open();
	struct last_answer all[LAST_CACHE_WAYS];
	for (int i = 0; i < 100; i++) {
		put(cache, "a", i, STR("value"));
		last_cache_get(c, cache, STR("a"), all);
	}
	assert_int_equal(last_cache_get(c, cache, STR("a"), all), LAST_CACHE_WAYS);
	for (int i = 0; i < LAST_CACHE_WAYS; i++)
		assert_true(knows(c, cache, "a", 99 - i, STR("value")));
	last_cache_close(cache);
}

static void what_is_looked_at_stays(void **state)
{
	struct ctx *c = *state;
	struct last_cache *cache = last_cache_open();
	put(cache, "often", 1, STR("value"));
	for (int i = 0; i < 20000; i++) {
		struct arena_mark mark = arena_mark(c->arena);
		put(cache, arena_fmt(c->arena, "seldom %d", i), 1, STR("value"));
		assert_true(knows(c, cache, "often", 1, STR("value")));
		arena_rewind(c->arena, mark);
	}
	last_cache_close(cache);
}

static void without_a_cache_nothing_is_known(void **state)
{
	struct ctx *c = *state;
	struct last_answer all[LAST_CACHE_WAYS];
	put(NULL, "a", 1, STR("one"));
	assert_int_equal(last_cache_get(c, NULL, STR("a"), all), 0);
}

static void it_is_bounded_and_never_wrong(void **state)
{
	struct ctx *c = *state;
	struct last_cache *cache = last_cache_open();
	struct str big = str_from(arena_alloc(c->arena, 30000), 30000);
	size_t known = 0;
	for (int i = 0; i < 3000; i++) {
		struct arena_mark mark = arena_mark(c->arena);
		put(cache, arena_fmt(c->arena, "key %d", i), i, big);
		arena_rewind(c->arena, mark);
	}
	for (int i = 0; i < 3000; i++) {
		struct arena_mark mark = arena_mark(c->arena);
		known += knows(c, cache, arena_fmt(c->arena, "key %d", i), i, big);
		arena_rewind(c->arena, mark);
	}
	assert_in_range(known, 400, (16 << 20) / 30000);
	/* Full as it is, what is new has a place. */
	put(cache, "new", 1, big);
	assert_true(knows(c, cache, "new", 1, big));
	struct str huge = str_from(arena_alloc(c->arena, 1 << 20), 1 << 20);
	put(cache, "huge", 1, huge);
	assert_false(knows(c, cache, "huge", 1, huge));
	last_cache_close(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_was_put_is_got_and_nothing_else),
		UNIT_TEST(a_folder_keeps_its_latest_answers),
		UNIT_TEST(what_is_looked_at_stays),
		UNIT_TEST(without_a_cache_nothing_is_known),
		UNIT_TEST(it_is_bounded_and_never_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

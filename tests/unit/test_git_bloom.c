/* git/bloom.c: the numbers are those of git's own tests (t0095-bloom.sh). */
#include "unit.h"

#include "base/buf.h"
#include "git/bloom.h"
#include "git/tree_diff.h"

static void keys_are_those_of_git(void **state)
{
	(void)state;
	struct bloom_key key = bloom_key(1, STR(""));
	assert_int_equal(key.first, 0x5615800c);
	assert_int_equal(key.first + key.step, 0x5b966560);
	key = bloom_key(1, STR("Hello world!"));
	assert_int_equal(key.first, 0xb270de9b);
	assert_int_equal(key.first + key.step, 0x1bb6f26e);
	key = bloom_key(2, STR("Hello world!"));
	assert_int_equal(key.first, 0xb270de9b);
}

static void a_path_is_asked_about_with_its_folders(void **state)
{
	struct ctx *c = *state;
	struct bloom_path path = bloom_path(&BLOOM_SETTINGS, STR("a/b/c"), c->arena);
	struct tree_change list[] = {{.path = STR("a/x/c")}};
	struct tree_changes all = {.at = list, .count = 1, .total = 1};
	struct str filter = bloom_make(c, &BLOOM_SETTINGS, &all, c->arena);
	struct bloom_key want = bloom_key(1, STR("a/b"));
	assert_int_equal(path.count, 3);
	assert_int_equal(path.keys[1].first, want.first);
	assert_false(bloom_may_hold_path(&BLOOM_SETTINGS, filter, &path));
	path = bloom_path(&BLOOM_SETTINGS, STR("a/x"), c->arena);
	assert_true(bloom_may_hold_path(&BLOOM_SETTINGS, filter, &path));
	/* The same folder, however it is written. */
	path = bloom_path(&BLOOM_SETTINGS, STR("a/x/"), c->arena);
	assert_int_equal(path.count, 2);
	assert_true(bloom_may_hold_path(&BLOOM_SETTINGS, filter, &path));
	/* Everything changes the top. */
	path = bloom_path(&BLOOM_SETTINGS, STR(""), c->arena);
	assert_true(bloom_may_hold_path(&BLOOM_SETTINGS, filter, &path));
}

static void versions_differ_only_in_bytes_over_127(void **state)
{
	(void)state;
	struct bloom_key one = bloom_key(1, STR("a/\xc3\xa4.c")),
			 two = bloom_key(2, STR("a/\xc3\xa4.c"));
	assert_true(one.first != two.first);
	one = bloom_key(1, STR("a/b.c")), two = bloom_key(2, STR("a/b.c"));
	assert_int_equal(one.first, two.first);
	assert_int_equal(one.step, two.step);
}

static struct tree_changes changes_of(struct ctx *c, size_t count, const char *format)
{
	struct tree_changes all = {.count = count, .total = count};
	all.at = NEW_ARRAY(c->arena, struct tree_change, count);
	for (size_t i = 0; i < count; i++)
		all.at[i].path =
			str_of(arena_fmt(c->arena, format[0] == 'd' ? "d%zu/f" : "f%zu", i));
	return all;
}

static void a_filter_holds_what_changed_and_its_folders(void **state)
{
	struct ctx *c = *state;
	struct tree_change list[] = {
		{.path = STR("src/git/walk.c")}, {.path = STR("src/git/walk.h")}};
	struct tree_changes all = {.at = list, .count = 2, .total = 2};
	struct str filter = bloom_make(c, &BLOOM_SETTINGS, &all, c->arena);
	assert_int_equal(filter.len, 5); /* 4 paths, 10 bits each */
	const char *held[] = {"src", "src/git", "src/git/walk.c", "src/git/walk.h"};
	for (size_t i = 0; i < 4; i++) {
		struct bloom_key key = bloom_key(1, str_of(held[i]));
		assert_true(bloom_may_hold(&BLOOM_SETTINGS, filter, &key));
	}
	size_t wrong = 0;
	for (int i = 0; i < 1000; i++) {
		struct bloom_key key = bloom_key(1, str_of(arena_fmt(c->arena, "other/%d", i)));
		wrong += bloom_may_hold(&BLOOM_SETTINGS, filter, &key);
	}
	assert_true(wrong < 50);
}

static void no_change_makes_one_byte_that_holds_nothing(void **state)
{
	struct ctx *c = *state;
	struct tree_changes none = {0};
	struct str filter = bloom_make(c, &BLOOM_SETTINGS, &none, c->arena);
	struct bloom_key key = bloom_key(1, STR("a"));
	assert_int_equal(filter.len, 1);
	assert_int_equal(filter.at[0], 0);
	assert_false(bloom_may_hold(&BLOOM_SETTINGS, filter, &key));
}

static void too_many_paths_make_a_filter_that_says_maybe(void **state)
{
	struct ctx *c = *state;
	struct tree_changes most = changes_of(c, 512, "f"), more = changes_of(c, 513, "f");
	struct tree_changes folders = changes_of(c, 257, "d"); /* 514 paths */
	assert_int_equal(bloom_make(c, &BLOOM_SETTINGS, &most, c->arena).len, 640);
	assert_str(bloom_make(c, &BLOOM_SETTINGS, &more, c->arena), "\xff");
	assert_str(bloom_make(c, &BLOOM_SETTINGS, &folders, c->arena), "\xff");
}

static void an_empty_filter_says_maybe(void **state)
{
	(void)state;
	struct bloom_key key = bloom_key(1, STR("a"));
	assert_true(bloom_may_hold(&BLOOM_SETTINGS, STR(""), &key));
}

static void a_word_says_of_a_short_filter_what_its_bits_do(void **state)
{
	struct ctx *c = *state;
	uint32_t seed = 1, held = 0;
	for (int round = 0; round < 20000; round++) {
		char bytes[BLOOM_SHORT];
		struct bloom_settings settings = BLOOM_SETTINGS;
		struct str filter = {bytes, 1 + (size_t)round % BLOOM_SHORT};
		struct bloom_key key = bloom_key(1, str_of(arena_fmt(c->arena, "f%d", round)));
		settings.hashes = 1 + (uint32_t)round % BLOOM_HASHES_MAX;
		for (size_t i = 0; i < filter.len; i++) {
			seed = seed * 1664525u + 1013904223u;
			bytes[i] = (char)(seed >> 24 | seed >> 16 | seed >> 8);
		}
		bool want = bloom_may_hold(&settings, filter, &key);
		uint64_t bits = bloom_bits(&settings, filter.len, &key);
		assert_int_equal((bits & ~bloom_word(filter)) == 0, want);
		held += want;
	}
	assert_true(held > 1000 && held < 19000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(keys_are_those_of_git),
		UNIT_TEST(a_path_is_asked_about_with_its_folders),
		UNIT_TEST(versions_differ_only_in_bytes_over_127),
		UNIT_TEST(a_filter_holds_what_changed_and_its_folders),
		UNIT_TEST(no_change_makes_one_byte_that_holds_nothing),
		UNIT_TEST(too_many_paths_make_a_filter_that_says_maybe),
		UNIT_TEST(an_empty_filter_says_maybe),
		UNIT_TEST(a_word_says_of_a_short_filter_what_its_bits_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "view/finder.h"

#include "unit.h"

static struct finder_hit hits[FINDER_HITS_MAX];

static const char *best(struct ctx *c, const char *query)
{
	static const char paths[] =
		"README.md\0src/core/browse_compare.c\0src/core/browse.c\0src/view/browse.tmpl\0"
		"docs/abcdefgh/xbrowsexcx.md\0src/base/BufferCase.c\0tests/unit/test_core_browse.c";
	size_t count = finder_find(str_from(paths, sizeof paths), str_of(query), hits);
	return count ? arena_strndup(c->arena, hits[0].path.at, hits[0].path.len) : NULL;
}

static void the_name_and_the_beginnings_of_words_count_most(void **state)
{
	struct ctx *c = *state;
	assert_string_equal(best(c, "browse.c"), "src/core/browse.c");
	assert_string_equal(best(c, "bufc"), "src/base/BufferCase.c");
	assert_string_equal(best(c, "cmp"), "src/core/browse_compare.c");
	assert_string_equal(best(c, "core browse c"), "tests/unit/test_core_browse.c");
	assert_string_equal(best(c, "readme"), "README.md");
	assert_string_equal(best(c, "TEST"), "tests/unit/test_core_browse.c");
	assert_null(best(c, "zzz"));
}

static void nothing_asked_for_finds_the_first(void **state)
{
	struct ctx *c = *state;
	assert_string_equal(best(c, ""), "README.md");
	assert_int_equal(finder_find(STR(""), STR("x"), hits), 0);
	struct buf many = {.arena = c->arena};
	for (int i = 0; i < 100; i++)
		buf_bytes(&many, i % 2 ? "ab" : "a", i % 2 ? 3 : 2);
	assert_int_equal(finder_find(buf_view(&many), STR("a"), hits), FINDER_HITS_MAX);
	assert_int_equal(hits[0].path.len, 1);
	assert_int_equal(hits[FINDER_HITS_MAX - 1].path.len, 1);
}

static void hits_are_drawn_with_what_matched(void **state)
{
	struct ctx *c = *state;
	struct buf out = {.arena = c->arena};
	size_t count = finder_find(STR("a <b>/c.js\0"), STR("bc"), hits);
	view_finder(&out, STR("/r/blob/x/"), hits, count);
	assert_string_equal(buf_text(&out),
		"<a role=\"option\" id=\"@hit0\" tabindex=\"-1\" aria-selected=\"true\" "
		"href=\"/r/blob/x/a%20%3Cb%3E/c.js\">"
		"a &lt;<b>b</b>&gt;/<b>c</b>.js</a>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(the_name_and_the_beginnings_of_words_count_most),
		UNIT_TEST(nothing_asked_for_finds_the_first),
		UNIT_TEST(hits_are_drawn_with_what_matched),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

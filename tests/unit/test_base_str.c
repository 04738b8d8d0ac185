#include "base/str.h"

#include "unit.h"

static void order_is_by_bytes_then_length(void **state)
{
	(void)state;
	assert_true(str_cmp(STR("a"), STR("b")) < 0);
	assert_true(str_cmp(STR("a"), STR("a")) == 0);
	assert_true(str_cmp(STR("a"), STR("aa")) < 0);
	assert_true(str_cmp(STR("\xff"), STR("a")) > 0);
	assert_true(str_cmp((struct str){0}, STR("a")) < 0);
	assert_true(str_cmp((struct str){0}, (struct str){0}) == 0);
}

static void prefixes_and_suffixes(void **state)
{
	struct str s = STR("refs/heads/main");
	(void)state;
	assert_true(str_starts(s, STR("refs/")) && str_starts(s, s) && str_starts(s, STR("")));
	assert_false(str_starts(STR("ref"), STR("refs")));
	assert_true(str_ends(s, STR("main")) && str_ends(s, STR("")));
	assert_false(str_ends(STR("ain"), STR("main")));
	assert_true(str_skip(&s, STR("refs/heads/")));
	assert_str(s, "main");
	assert_false(str_skip(&s, STR("x")));
	assert_true(str_skip_end(&s, STR("in")));
	assert_str(s, "ma");
	assert_false(str_skip_end(&s, STR("in")));
}

static void case_is_ignored_for_ascii_only(void **state)
{
	(void)state;
	assert_true(str_eq_nocase(STR("Content-Length"), STR("content-LENGTH")));
	assert_false(str_eq_nocase(STR("[a"), STR("{a")));
	assert_false(str_eq_nocase(STR("@"), STR("`")));
	assert_false(str_eq_nocase(STR("\xc3\xa4"), STR("\xc3\x84")));
	assert_false(str_eq_nocase(STR("a"), STR("ab")));
}

static void finding_gives_the_length_where_there_is_none(void **state)
{
	(void)state;
	assert_int_equal(str_find(STR("a/b/c"), '/'), 1);
	assert_int_equal(str_find_last(STR("a/b/c"), '/'), 3);
	assert_int_equal(str_find(STR("abc"), '/'), 3);
	assert_int_equal(str_find_last(STR("abc"), '/'), 3);
	assert_int_equal(str_find((struct str){0}, '/'), 0);
	assert_int_equal(str_find_str(STR("aab"), STR("ab")), 1);
	assert_int_equal(str_find_str(STR("ababac"), STR("abac")), 2);
	assert_int_equal(str_find_str(STR("abc"), STR("abcd")), 3);
	assert_int_equal(str_find_str(STR("abc"), STR("cd")), 3);
	assert_int_equal(str_find_str(STR("abc"), STR("")), 0);
	assert_int_equal(str_find_str((struct str){0}, STR("a")), 0);
}

static void parts_are_clamped(void **state)
{
	(void)state;
	assert_str(str_from_index(STR("abc"), 1), "bc");
	assert_str(str_from_index(STR("abc"), 9), "");
	assert_str(str_until(STR("abc"), 2), "ab");
	assert_str(str_until(STR("abc"), 9), "abc");
	assert_int_equal(str_from_index((struct str){0}, 3).len, 0);
}

static void cutting_walks_over_the_parts(void **state)
{
	struct str rest = STR("a,,b");
	(void)state;
	assert_str(str_cut(&rest, ','), "a");
	assert_str(str_cut(&rest, ','), "");
	assert_str(str_cut(&rest, ','), "b");
	assert_int_equal(rest.len, 0);
	assert_str(str_cut(&rest, ','), "");
}

static void lines_end_with_or_without_a_newline(void **state)
{
	struct str rest = STR("one\n\nthree"), line;
	(void)state;
	assert_true(str_line(&rest, &line));
	assert_str(line, "one");
	assert_true(str_line(&rest, &line));
	assert_str(line, "");
	assert_true(str_line(&rest, &line));
	assert_str(line, "three");
	assert_false(str_line(&rest, &line));
	rest = STR("end\n");
	assert_true(str_line(&rest, &line));
	assert_false(str_line(&rest, &line));
}

static void trimming_takes_ascii_space(void **state)
{
	(void)state;
	assert_str(str_trim(STR(" \t\r\n\v\f a b \n")), "a b");
	assert_str(str_trim(STR("  ")), "");
	assert_str(str_trim((struct str){0}), "");
}

static void numbers_are_whole_and_fit(void **state)
{
	static const char *const bad[] = {"", "+1", "-1", " 1", "1 ", "0x1", "1a", "1.",
		"18446744073709551616", "99999999999999999999"};
	uint64_t n = 7;
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(str_to_u64(str_of(bad[i]), &n));
	assert_int_equal(n, 7);
	assert_true(str_to_u64(STR("18446744073709551615"), &n) && n == UINT64_MAX);
	assert_true(str_to_u64(STR("007"), &n) && n == 7);
	assert_true(str_hex_to_u64(STR("fFfFfFfFfFfFfFfF"), &n) && n == UINT64_MAX);
	assert_false(str_hex_to_u64(STR("10000000000000000"), &n));
	assert_false(str_hex_to_u64(STR("g"), &n));
	assert_false(str_hex_to_u64(STR(""), &n));
}

static void utf8_is_judged_by_the_standard(void **state)
{
	static const char *const good[] = {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
		"\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf", "a\xc3\xa4z"};
	static const char *const bad[] = {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2z",
		"\xe0\x80\x80", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xe2\x82",
		"\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
		"\xf0\x90\x80", "\xfe", "\xff", "\xe2\x28\xa1", "ok\xe2\x82", "\xf0\x90\x80z"};
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(str_is_utf8(str_of(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(str_is_utf8(str_of(bad[i])));
	assert_int_equal(str_utf8_len(STR("\xf0\x90\x80\x80z")), 4);
	assert_int_equal(str_utf8_len((struct str){0}), 0);
}

static void copies_are_terminated(void **state)
{
	struct ctx *c = *state;
	struct str copy = str_copy(c->arena, str_until(STR("abcdef"), 3));
	assert_int_equal(copy.len, 3);
	assert_string_equal(copy.at, "abc");
	assert_string_equal(str_dup(c->arena, (struct str){0}), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(order_is_by_bytes_then_length),
		UNIT_TEST(prefixes_and_suffixes),
		UNIT_TEST(case_is_ignored_for_ascii_only),
		UNIT_TEST(finding_gives_the_length_where_there_is_none),
		UNIT_TEST(parts_are_clamped),
		UNIT_TEST(cutting_walks_over_the_parts),
		UNIT_TEST(lines_end_with_or_without_a_newline),
		UNIT_TEST(trimming_takes_ascii_space),
		UNIT_TEST(numbers_are_whole_and_fit),
		UNIT_TEST(utf8_is_judged_by_the_standard),
		UNIT_TEST(copies_are_terminated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/wildmatch.h"

#include "unit.h"

#include "base/buf.h"

enum { LONG = 4000 };

static bool matches_in(struct ctx *c, struct str pattern, struct str text, size_t pieces)
{
	struct wildmatch m = wildmatch_make(c->arena, pattern, 0);
	struct wild_run run = {.at = bits_make(c->arena, wildmatch_bits(&m)),
		.next = bits_make(c->arena, wildmatch_bits(&m))};
	bool alive = true;
	wildmatch_begin(&m, &run.at);
	while (text.len && alive) {
		alive = wildmatch_take(&m, &run, str_until(text, pieces));
		text = str_from_index(text, pieces);
	}
	return alive && wildmatch_ends(&m, &run);
}

static bool matches(struct ctx *c, const char *pattern, const char *text)
{
	bool whole = matches_in(c, str_of(pattern), str_of(text), LONG);
	assert_int_equal(matches_in(c, str_of(pattern), str_of(text), 1), whole);
	return whole;
}

struct row {
	const char *pattern, *yes[5], *no[5];
};

static void assert_rows(struct ctx *c, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *r = &rows[i];
		for (size_t k = 0; k < 5 && r->yes[k]; k++)
			if (!matches(c, r->pattern, r->yes[k]))
				fail_msg("'%s' does not match '%s'", r->pattern, r->yes[k]);
		for (size_t k = 0; k < 5 && r->no[k]; k++)
			if (matches(c, r->pattern, r->no[k]))
				fail_msg("'%s' matches '%s'", r->pattern, r->no[k]);
	}
}

static void wildcards_match_what_git_says(void **state)
{
	static const struct row rows[] = {
		{"", {""}, {"a"}},
		{"a/b", {"a/b"}, {"a", "a/", "a/bc", "xa/b"}},
		{"*", {"", "abc"}, {"a/b"}},
		{"a*c", {"ac", "abc", "acc"}, {"a/c", "acb", "a"}},
		{"*.c", {".c", "x.c", "x.c.c"}, {"x.cc", "d/x.c"}},
		{"a/*", {"a/b", "a/"}, {"a/b/c", "a"}},
		{"?", {"a", "*"}, {"", "/", "ab"}},
		{"a?b", {"axb"}, {"a/b", "ab"}},
		{"\\*", {"*"}, {"a", "\\*"}},
		{"\\a\\/b", {"a/b"}, {"\\a/b"}},
		{"a\\", {NULL}, {"a", "a\\"}},
	};
	assert_rows(*state, rows, sizeof rows / sizeof *rows);
}

static void two_stars_between_slashes_match_folders(void **state)
{
	static const struct row rows[] = {
		{"**", {"", "a", "a/b/c"}, {NULL}},
		{"**/a", {"a", "b/a", "b/c/a"}, {"ba", "a/b", "b/ca"}},
		{"a/**", {"a/", "a/b", "a/b/c"}, {"a", "ab"}},
		{"a/**/b", {"a/b", "a/x/b", "a/x/y/b"}, {"ab", "a/xb", "xa/b"}},
		{"a/***/b", {"a/b", "a/x/y/b"}, {"ab"}},
		{"a**b", {"ab", "axxb"}, {"a/b"}},
		{"a/b**", {"a/bcd"}, {"a/b/c"}},
		{"a/**b", {"a/xb"}, {"a/x/b"}},
		{"a/**\\/b", {"a//b", "a/x/b"}, {"a/b"}},
		{"**/**/a/**/**", {"a/", "x/a/b", "a/b/c"}, {"a", "b/c"}},
	};
	assert_rows(*state, rows, sizeof rows / sizeof *rows);
}

static void classes_are_of_bytes_names_and_ranges(void **state)
{
	static const struct row rows[] = {
		{"[abc]", {"a", "c"}, {"d", "", "ab", "/"}},
		{"[a-c0-2]", {"b", "1"}, {"-", "3"}},
		{"[!a]", {"b", "!", "]"}, {"a", "/", ""}},
		{"[^a]", {"b"}, {"a"}},
		{"[]]", {"]"}, {"["}},
		{"[!]-]", {"a"}, {"]", "-"}},
		{"[]-a]", {"]", "^", "a"}, {"-", "b"}},
		{"[a-]", {"a", "-"}, {"b"}},
		{"[-a]", {"a", "-"}, {"b"}},
		{"[--/]", {"-", "."}, {"/", ","}},
		{"[c-a]", {"c"}, {"a", "b", "-"}},
		{"[a-c-e]", {"a", "c", "-", "e"}, {"d"}},
		{"[\\]\\-]", {"]", "-"}, {"\\"}},
		{"[a\\-c]", {"a", "-", "c"}, {"b", "\\"}},
		{"[\\a-\\c]", {"b"}, {"\\"}},
		{"[[:digit:]x]", {"7", "x"}, {"d", ":"}},
		{"[![:upper:]]", {"a", "["}, {"A"}},
		{"[[:digit:]-a]", {"1", "-", "a"}, {"B"}},
		{"[[:space:]]", {" ", "\t", "\n", "\r"}, {"\v", "\f", "a"}},
		{"[[:punct:]]", {"!", "~", "_"}, {"a", " ", "\x7f"}},
		{"[[:cntrl:]]", {"\x01", "\x7f"}, {" ", "\x80"}},
		{"[[:alpha:]]", {"z"}, {"\xc3", "1"}},
		{"[[a]", {"[", "a"}, {"]"}},
		{"[[:a]", {"[", ":", "a"}, {"]"}},
		{"[[:]", {"[", ":"}, {"]"}},
	};
	assert_rows(*state, rows, sizeof rows / sizeof *rows);
}

static void every_named_class_is_known(void **state)
{
	static const char *const names[] = {"alnum", "alpha", "blank", "cntrl", "digit", "graph",
		"lower", "print", "punct", "space", "upper", "xdigit"};
	static const int counts[] = {62, 52, 2, 33, 10, 94, 26, 95, 32, 4, 26, 22};
	struct ctx *c = *state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *pattern = arena_fmt(c->arena, "[[:%s:]]", names[i]);
		int count = 0;
		for (int byte = 0; byte < 256; byte++)
			count +=
				matches_in(c, str_of(pattern), str_from(&(char){(char)byte}, 1), 1);
		/* A slash is none. */
		bool slash = str_is(str_of(names[i]), "graph") ||
			     str_is(str_of(names[i]), "print") || str_is(str_of(names[i]), "punct");
		if (count != counts[i] - slash)
			fail_msg("%s has %d bytes", names[i], count);
	}
}

static void what_cannot_be_read_matches_nothing(void **state)
{
	static const struct row rows[] = {
		{"[", {NULL}, {"[", ""}},
		{"[]", {NULL}, {"[]", "]"}},
		{"[!", {NULL}, {"!", "a"}},
		{"[a-", {NULL}, {"a", "-"}},
		{"[\\", {NULL}, {"\\", "[\\"}},
		{"[a-\\", {NULL}, {"a"}},
		{"[[:nope:]]", {NULL}, {"n", ":", "["}},
		{"[[::]]", {NULL}, {":", "["}},
		{"[[:alpha", {NULL}, {"a", "[[:alpha"}},
		{"**/a[", {NULL}, {"a[", "x/a["}},
	};
	assert_rows(*state, rows, sizeof rows / sizeof *rows);
}

static void a_literal_beginning_counts_as_a_slash(void **state)
{
	struct ctx *c = *state;
	struct str pattern = STR("foo**/bar");
	struct wildmatch m = wildmatch_make(c->arena, pattern, 3);
	struct wild_run run = {.at = bits_make(c->arena, wildmatch_bits(&m)),
		.next = bits_make(c->arena, wildmatch_bits(&m))};
	wildmatch_begin(&m, &run.at);
	assert_true(wildmatch_take(&m, &run, STR("foobar")) && wildmatch_ends(&m, &run));
	assert_false(matches(c, "foo**/bar", "foobar"));
}

/* Backtracking would take longer than the sun has. */
static void no_pattern_takes_more_than_both_lengths_multiplied(void **state)
{
	static const char *const parts[] = {"*a", "a*", "**/a/", "*?", "[ab]*", "**/", "a**/*"};
	struct ctx *c = *state;
	struct buf text = {.arena = c->arena};
	while (text.len < LONG)
		buf_cstr(&text, "aa/a");
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		struct buf pattern = {.arena = c->arena};
		while (pattern.len < LONG)
			buf_cstr(&pattern, parts[i]);
		buf_cstr(&pattern, "x");
		struct wildmatch m = wildmatch_make(c->arena, buf_view(&pattern), 0);
		assert_true(m.count <= pattern.len);
		struct wild_run run = {.at = bits_make(c->arena, wildmatch_bits(&m)),
			.next = bits_make(c->arena, wildmatch_bits(&m))};
		wildmatch_begin(&m, &run.at);
		wildmatch_take(&m, &run, buf_view(&text));
		assert_false(wildmatch_ends(&m, &run));
		assert_true(run.work <= (uint64_t)text.len * (m.count + 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(wildcards_match_what_git_says),
		UNIT_TEST(two_stars_between_slashes_match_folders),
		UNIT_TEST(classes_are_of_bytes_names_and_ranges),
		UNIT_TEST(every_named_class_is_known),
		UNIT_TEST(what_cannot_be_read_matches_nothing),
		UNIT_TEST(a_literal_beginning_counts_as_a_slash),
		UNIT_TEST(no_pattern_takes_more_than_both_lengths_multiplied),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

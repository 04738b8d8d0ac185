/* git/word_diff.c: what is not marked is the same on both sides. */
#include "unit.h"

#include "base/buf.h"
#include "git/word_diff.h"

/* "a [b] c": the line with its marks. */
static struct str shown(struct ctx *c, struct str line, const struct word_spans *marks)
{
	struct buf out = {.arena = c->arena};
	size_t at = 0;
	for (size_t i = 0; i < marks->count; i++) {
		const struct word_span *m = &marks->at[i];
		assert_true(m->len && m->at >= at && m->at + m->len <= line.len);
		buf_bytes(&out, line.at + at, m->at - at);
		buf_fmt(&out, "[%.*s]", (int)m->len, line.at + m->at);
		at = m->at + m->len;
	}
	buf_str(&out, str_from_index(line, at));
	return buf_view(&out);
}

static void check(
	struct ctx *c, const char *old, const char *new, const char *want_old, const char *want_new)
{
	struct word_spans a, b;
	assert_ok(c, word_diff(c, str_of(old), str_of(new), &a, &b));
	assert_str(shown(c, str_of(old), &a), want_old);
	assert_str(shown(c, str_of(new), &b), want_new);
}

static void a_changed_word_is_marked_and_nothing_else(void **state)
{
	struct ctx *c = *state;
	check(c, "int count = 0;", "int total = 0;", "int [count] = 0;", "int [total] = 0;");
	check(c, "f(a, b)", "f(a, b, c)", "f(a, b)", "f(a, b[, c])");
	check(c, "\treturn x;", "return x;", "[\t]return x;", "return x;");
	check(c, "size_t größe = 1;", "size_t länge = 1;", "size_t [größe] = 1;",
		"size_t [länge] = 1;");
}

static void neighbours_become_one_mark(void **state)
{
	struct ctx *c = *state;
	check(c, "the old slow way to go", "the new fast way to go", "the [old slow] way to go",
		"the [new fast] way to go");
}

static void other_lines_are_not_marked(void **state)
{
	struct ctx *c = *state;
	check(c, "something", "entirely different", "something", "entirely different");
	check(c, "same", "same", "same", "same");
	check(c, "", "new", "", "new");
}

static void long_lines_are_not_looked_at(void **state)
{
	struct ctx *c = *state;
	struct word_spans a, b;
	struct buf old = {.arena = c->arena}, many = {.arena = c->arena};
	for (int i = 0; i <= WORD_LINE_MAX; i++)
		buf_byte(&old, 'x');
	for (int i = 0; i <= WORDS_MAX; i++)
		buf_byte(&many, '.');
	assert_ok(c, word_diff(c, buf_view(&old), STR("xx"), &a, &b));
	assert_int_equal(a.count + b.count, 0);
	assert_ok(c, word_diff(c, buf_view(&many), STR("...."), &a, &b));
	assert_int_equal(a.count + b.count, 0);
}

static struct str unmarked(struct ctx *c, struct str line, const struct word_spans *marks)
{
	struct buf out = {.arena = c->arena};
	size_t at = 0;
	for (size_t i = 0; i < marks->count; i++) {
		buf_bytes(&out, line.at + at, marks->at[i].at - at);
		at = marks->at[i].at + marks->at[i].len;
	}
	buf_str(&out, str_from_index(line, at));
	return buf_view(&out);
}

/* But for the single spaces that joining two marks swallows. */
static struct str without_spaces(struct ctx *c, struct str s)
{
	struct buf out = {.arena = c->arena};
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] != ' ')
			buf_byte(&out, s.at[i]);
	return buf_view(&out);
}

static void what_is_not_marked_is_the_same_in_both(void **state)
{
	struct ctx *c = *state;
	uint32_t seed = 1;
	int marked = 0;
	for (int round = 0; round < 2000; round++) {
		char lines[2][40];
		struct word_spans spans[2];
		for (int k = 0; k < 2; k++)
			for (size_t i = 0; i < sizeof lines[k]; i++) {
				seed = seed * 1664525u + 1013904223u;
				lines[k][i] = "ab (,"[(seed >> 16) % 5];
			}
		struct str old = str_from(lines[0], sizeof lines[0]),
			   new = str_from(lines[1], sizeof lines[1]);
		assert_ok(c, word_diff(c, old, new, &spans[0], &spans[1]));
		if (spans[0].count + spans[1].count == 0)
			continue;
		marked++;
		struct str a = without_spaces(c, unmarked(c, old, &spans[0]));
		struct str b = without_spaces(c, unmarked(c, new, &spans[1]));
		assert_int_equal(a.len, b.len);
		assert_memory_equal(a.at ? a.at : "", b.at ? b.at : "", a.len);
	}
	assert_true(marked > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_changed_word_is_marked_and_nothing_else),
		UNIT_TEST(neighbours_become_one_mark),
		UNIT_TEST(other_lines_are_not_marked),
		UNIT_TEST(long_lines_are_not_looked_at),
		UNIT_TEST(what_is_not_marked_is_the_same_in_both),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

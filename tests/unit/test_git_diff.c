/* git/diff.c: every script turns the old text into the new one; on small texts it is the shortest. */
#include "unit.h"

#include "base/buf.h"
#include "git/diff.h"

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static struct str text_of(struct ctx *c, uint32_t *seed, uint32_t lines, uint32_t words, bool end)
{
	struct buf out = {.arena = c->arena};
	for (uint32_t i = 0; i < lines; i++)
		buf_fmt(&out, "line %u\n", next(seed) % words);
	if (out.len && !end)
		out.len--;
	return buf_view(&out);
}

/* What the script makes of the old text. */
static struct str apply(struct ctx *c, const struct diff_script *s)
{
	struct buf out = {.arena = c->arena};
	uint32_t at = 0;
	for (size_t i = 0; i < s->count; i++) {
		const struct diff_edit *e = &s->edits[i];
		assert_true(e->old_at >= at && e->old_count + e->new_count > 0);
		while (at < e->old_at)
			buf_str(&out, s->old.at[at++]);
		at += e->old_count;
		for (uint32_t k = 0; k < e->new_count; k++)
			buf_str(&out, s->new.at[e->new_at + k]);
	}
	while (at < s->old.count)
		buf_str(&out, s->old.at[at++]);
	return buf_view(&out);
}

static uint32_t cost(const struct diff_script *s)
{
	uint32_t all = 0;
	for (size_t i = 0; i < s->count; i++)
		all += s->edits[i].old_count + s->edits[i].new_count;
	return all;
}

/* Edits of the shortest script, by the table that anybody can check. */
static uint32_t shortest(struct ctx *c, const struct diff_script *s)
{
	uint32_t n = s->old.count, m = s->new.count, width = m + 1;
	uint32_t *t = NEW_ARRAY(c->arena, uint32_t, (size_t)(n + 1) * width);
	for (uint32_t i = n; i-- > 0;)
		for (uint32_t k = m; k-- > 0;) {
			uint32_t down = t[(i + 1) * width + k], right = t[i * width + k + 1];
			uint32_t best = down > right ? down : right;
			if (str_eq(s->old.at[i], s->new.at[k]))
				best = t[(i + 1) * width + k + 1] + 1;
			t[i * width + k] = best;
		}
	return n + m - 2 * t[0];
}

static void check(struct ctx *c, struct str old, struct str new, struct diff_script *s)
{
	assert_ok(c, diff_lines(c, old, new, s));
	struct str made = apply(c, s);
	assert_int_equal(made.len, new.len);
	assert_memory_equal(made.at ? made.at : "", new.at ? new.at : "", new.len);
}

static void equal_texts_have_no_edits(void **state)
{
	struct ctx *c = *state;
	struct diff_script s;
	check(c, STR("a\nb\n"), STR("a\nb\n"), &s);
	assert_int_equal(s.count, 0);
	check(c, STR(""), STR(""), &s);
	assert_int_equal(s.count, 0);
}

static void a_text_may_come_from_nothing_and_go_to_nothing(void **state)
{
	struct ctx *c = *state;
	struct diff_script s;
	check(c, STR(""), STR("a\nb"), &s);
	assert_int_equal(s.edits[0].new_count, 2);
	check(c, STR("a\nb\n"), STR(""), &s);
	assert_int_equal(s.edits[0].old_count, 2);
}

static void a_missing_newline_at_the_end_is_a_change(void **state)
{
	struct ctx *c = *state;
	struct diff_script s;
	check(c, STR("a\nb\n"), STR("a\nb"), &s);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.edits[0].old_at, 1);
}

/* Every line once, in any order. */
static struct str shuffled(struct ctx *c, uint32_t *seed, uint32_t lines)
{
	struct buf out = {.arena = c->arena};
	uint32_t used = 0;
	while (lines) {
		uint32_t word = next(seed) % 20;
		if (used >> word & 1)
			continue;
		used |= 1u << word;
		buf_fmt(&out, "line %u\n", word);
		lines--;
	}
	return buf_view(&out);
}

static void scripts_between_small_texts_without_repetitions_are_the_shortest(void **state)
{
	struct ctx *c = *state;
	uint32_t seed = 7;
	for (int round = 0; round < 4000; round++) {
		struct diff_script s;
		struct str old = shuffled(c, &seed, next(&seed) % 14);
		struct str new = shuffled(c, &seed, next(&seed) % 14);
		check(c, old, new, &s);
		assert_int_equal(cost(&s), shortest(c, &s));
	}
}

/* A line that is there often is no good guide: the search may leave it out. */
static void lines_that_repeat_cost_little_more_than_the_shortest(void **state)
{
	struct ctx *c = *state;
	uint32_t seed = 7, all = 0, least = 0;
	for (int round = 0; round < 4000; round++) {
		struct diff_script s;
		uint32_t words = 1 + next(&seed) % 8;
		struct str old = text_of(c, &seed, next(&seed) % 14, words, next(&seed) % 2);
		struct str new = text_of(c, &seed, next(&seed) % 14, words, next(&seed) % 2);
		check(c, old, new, &s);
		all += cost(&s);
		least += shortest(c, &s);
	}
	assert_true(all >= least && all - least < least / 50);
}

static void texts_with_little_in_common_are_still_right(void **state)
{
	struct ctx *c = *state;
	uint32_t seed = 11;
	for (int round = 0; round < 6; round++) {
		struct diff_script s;
		struct str old = text_of(c, &seed, 5000, 1500, true);
		struct str new = text_of(c, &seed, 5000, 1500, true);
		check(c, old, new, &s);
	}
}

static void a_whole_function_is_inserted_not_its_neighbours_brace(void **state)
{
	struct ctx *c = *state;
	struct diff_script s;
	check(c, STR("a()\n{\n}\n\nb()\n{\n}\n"), STR("a()\n{\n}\n\nx()\n{\n}\n\nb()\n{\n}\n"), &s);
	assert_int_equal(s.count, 1);
	assert_str(s.new.at[s.edits[0].new_at], "x()\n");
}

static void white_space_counts_as_is_wished(void **state)
{
	struct ctx *c = *state;
	struct diff_script s;
	const struct str old = STR("a b\nc\nd\n"), new = STR("ab\nc \t\r\nd");
	assert_ok(c, diff_texts(c, old, new, 0, &s));
	assert_int_equal(cost(&s), 6);
	assert_ok(c, diff_texts(c, old, new, DIFF_NO_SPACE_AT_END, &s));
	assert_int_equal(cost(&s), 2);
	assert_int_equal(s.edits[0].old_at, 0);
	assert_ok(c, diff_texts(c, old, new, DIFF_NO_SPACE, &s));
	assert_int_equal(s.count, 0);
}

/* Who looks past white space looks at every line; else those that both texts begin and end with are left out. */
static void equal_ends_change_nothing_of_what_is_between(void **state)
{
	struct ctx *c = *state;
	uint32_t seed = 11;
	for (int round = 0; round < 3000; round++) {
		struct diff_script some, all;
		struct buf old = {.arena = c->arena}, new = {.arena = c->arena};
		uint32_t words = 1 + next(&seed) % 12;
		for (int part = 0; part < 3; part++) {
			struct str one = text_of(c, &seed, next(&seed) % 20, words, true);
			struct str other = text_of(c, &seed, next(&seed) % 20, words, true);
			buf_str(&old, one);
			buf_str(&new, part == 1 ? other : one);
		}
		check(c, buf_view(&old), buf_view(&new), &some);
		assert_ok(c, diff_texts(c, buf_view(&old), buf_view(&new),
				     DIFF_BY_INDENT | DIFF_NO_SPACE_AT_END, &all));
		assert_int_equal(some.count, all.count);
		for (size_t i = 0; i < all.count; i++)
			assert_memory_equal(&some.edits[i], &all.edits[i], sizeof all.edits[i]);
	}
}

static void too_many_lines_are_refused(void **state)
{
	struct ctx *c = *state;
	struct diff_script s;
	char *many = arena_alloc(c->arena, DIFF_LINES_MAX + 1);
	memset(many, '\n', DIFF_LINES_MAX + 1);
	assert_err(c, diff_lines(c, str_from(many, DIFF_LINES_MAX + 1), STR(""), &s), ERR_TOO_BIG);
}

static void hunks_join_where_their_context_meets(void **state)
{
	struct ctx *c = *state;
	struct diff_script s;
	struct diff_span span;
	size_t at = 0;
	check(c, STR("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n"),
		STR("1\nx\n3\n4\n5\n6\n7\n8\ny\n10\n11\n12\n13\n14\n15\n16\nz\n18\n"), &s);
	assert_int_equal(s.count, 3);
	assert_true(diff_next_span(&s, 3, &at, &span));
	assert_int_equal(span.count, 2);
	assert_int_equal(span.old_at, 0);
	assert_int_equal(span.old_count, 12);
	assert_true(diff_next_span(&s, 3, &at, &span));
	assert_int_equal(span.old_at, 13);
	assert_int_equal(span.old_count, 5);
	assert_int_equal(span.new_at, 13);
	assert_false(diff_next_span(&s, 3, &at, &span));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(equal_texts_have_no_edits),
		UNIT_TEST(a_text_may_come_from_nothing_and_go_to_nothing),
		UNIT_TEST(a_missing_newline_at_the_end_is_a_change),
		UNIT_TEST(scripts_between_small_texts_without_repetitions_are_the_shortest),
		UNIT_TEST(lines_that_repeat_cost_little_more_than_the_shortest),
		UNIT_TEST(texts_with_little_in_common_are_still_right),
		UNIT_TEST(a_whole_function_is_inserted_not_its_neighbours_brace),
		UNIT_TEST(white_space_counts_as_is_wished),
		UNIT_TEST(equal_ends_change_nothing_of_what_is_between),
		UNIT_TEST(too_many_lines_are_refused),
		UNIT_TEST(hunks_join_where_their_context_meets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

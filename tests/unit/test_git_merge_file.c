/* git/merge_file.c: what a person expects; tests/tools/test_reading.py holds it beside git. */
#include "unit.h"

#include "base/buf.h"
#include "git/diff.h"
#include "git/merge_file.h"

static struct merged_text merged(
	struct ctx *c, const char *base, const char *ours, const char *theirs)
{
	struct merge_texts in = {.base = str_of(base),
		.ours = str_of(ours),
		.theirs = str_of(theirs),
		.our_name = "main",
		.their_name = "topic"};
	struct merged_text out;
	assert_ok(c, merge_texts(c, &in, &out));
	return out;
}

static void changes_apart_from_each_other_are_both_made(void **state)
{
	struct ctx *c = *state;
	struct merged_text out = merged(c, "a\nb\nc\nd\ne\n", "A\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n");
	assert_int_equal(out.conflicts, 0);
	assert_str(out.text, "A\nb\nc\nd\nE\n");
}

static void the_same_change_on_both_sides_is_made_once(void **state)
{
	struct ctx *c = *state;
	struct merged_text out = merged(c, "a\nb\nc\n", "a\nX\nc\n", "a\nX\nc\n");
	assert_int_equal(out.conflicts, 0);
	assert_str(out.text, "a\nX\nc\n");
}

static void different_changes_of_one_line_stand_between_markers(void **state)
{
	struct ctx *c = *state;
	struct merged_text out = merged(c, "a\nb\nc\n", "a\nX\nc\n", "a\nY\nc\n");
	assert_int_equal(out.conflicts, 1);
	assert_str(out.text, "a\n<<<<<<< main\nX\n=======\nY\n>>>>>>> topic\nc\n");
}

static void an_unchanged_side_leaves_the_other_as_it_is(void **state)
{
	struct ctx *c = *state;
	assert_str(merged(c, "a", "a", "b\r\nc").text, "b\r\nc");
	assert_str(merged(c, "a", "", "a").text, "");
	assert_str(merged(c, "", "", "").text, "");
}

static void markers_end_as_the_lines_do(void **state)
{
	struct ctx *c = *state;
	struct merged_text out = merged(c, "a\r\nb\r\n", "a\r\nX\r\n", "a\r\nY\r\n");
	assert_str(out.text, "a\r\n<<<<<<< main\r\nX\r\n=======\r\nY\r\n>>>>>>> topic\r\n");
}

static void too_many_lines_are_refused(void **state)
{
	struct ctx *c = *state;
	struct buf many = {.arena = c->arena};
	for (int i = 0; i <= DIFF_LINES_MAX; i++)
		buf_byte(&many, '\n');
	struct merge_texts in = {.base = STR(""), .ours = buf_view(&many), .theirs = STR("x")};
	struct merged_text out;
	assert_err(c, merge_texts(c, &in, &out), ERR_TOO_BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(changes_apart_from_each_other_are_both_made),
		UNIT_TEST(the_same_change_on_both_sides_is_made_once),
		UNIT_TEST(different_changes_of_one_line_stand_between_markers),
		UNIT_TEST(an_unchanged_side_leaves_the_other_as_it_is),
		UNIT_TEST(markers_end_as_the_lines_do),
		UNIT_TEST(too_many_lines_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

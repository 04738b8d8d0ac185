/* core/tracks.c: the lines beside a list of commits. */
#include "unit.h"

#include "core/tracks.h"

/* Is there that line? */
static bool has_line(const struct lane_row *row, unsigned from, unsigned to, enum lane_part part)
{
	for (size_t i = 0; i < row->count; i++) {
		const struct lane_line *line = &row->lines[i];
		if (line->from == from && line->to == to && line->part == part)
			return true;
	}
	return false;
}

static void one_line_stays_in_its_lane(void **state)
{
	struct ctx *c = *state;
	struct tracks t;
	struct lane_row row;
	tracks_init(&t, c->arena);
	for (uint32_t i = 0; i < 5; i++) {
		const uint32_t parent = i + 1;
		tracks_next(&t, i, &parent, i < 4, &row);
		assert_int_equal(row.lane, 0);
		assert_int_equal(has_line(&row, 0, 0, LANE_IN), i > 0);
		assert_int_equal(has_line(&row, 0, 0, LANE_OUT), i < 4);
		assert_int_equal(row.count, (i > 0) + (i < 4));
	}
	assert_int_equal(t.waits.len, 0);
}

static void a_merge_parts_and_its_lines_meet_again(void **state)
{
	struct ctx *c = *state;
	struct tracks t;
	struct lane_row row;
	const uint32_t both[] = {1, 2}, last = 3;
	tracks_init(&t, c->arena);
	tracks_next(&t, 0, both, 2, &row);
	assert_true(has_line(&row, 0, 0, LANE_OUT) && has_line(&row, 0, 1, LANE_OUT));
	tracks_next(&t, 2, &last, 1, &row);
	assert_int_equal(row.lane, 1);
	assert_true(has_line(&row, 0, 0, LANE_BY) && has_line(&row, 1, 1, LANE_IN));
	tracks_next(&t, 1, &last, 1, &row);
	assert_int_equal(row.lane, 0);
	/* The other line leads there already. */
	assert_true(has_line(&row, 0, 1, LANE_OUT) && has_line(&row, 1, 1, LANE_BY));
	tracks_next(&t, 3, NULL, 0, &row);
	assert_true(has_line(&row, 1, 1, LANE_IN));
	assert_int_equal(t.waits.len, 0);
}

static void a_lane_that_is_free_is_taken_again(void **state)
{
	struct ctx *c = *state;
	struct tracks t;
	struct lane_row row;
	tracks_init(&t, c->arena);
	for (uint32_t i = 0; i < 3; i++)
		tracks_open(&t, i);
	tracks_next(&t, 1, NULL, 0, &row);
	assert_int_equal(row.lane, 1);
	tracks_next(&t, 9, &(const uint32_t){10}, 1, &row);
	assert_int_equal(row.lane, 1);
	assert_int_equal(t.waits.len, 3);
}

static void lanes_beyond_the_last_are_drawn_as_one(void **state)
{
	struct ctx *c = *state;
	struct tracks t;
	struct lane_row row;
	tracks_init(&t, c->arena);
	for (uint32_t i = 0; i < 3 * LANE_MAX; i++)
		tracks_open(&t, i);
	tracks_next(&t, 3 * LANE_MAX - 1, NULL, 0, &row);
	assert_int_equal(row.lane, LANE_MAX);
	for (size_t i = 0; i < row.count; i++)
		assert_true(row.lines[i].from <= LANE_MAX && row.lines[i].to <= LANE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(one_line_stays_in_its_lane),
		UNIT_TEST(a_merge_parts_and_its_lines_meet_again),
		UNIT_TEST(a_lane_that_is_free_is_taken_again),
		UNIT_TEST(lanes_beyond_the_last_are_drawn_as_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

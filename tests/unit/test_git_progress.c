#include "git/progress.h"

#include "unit.h"

#include "odb_make.h"

static int64_t now;

static int64_t clock_of_the_test(void)
{
	return now;
}

static void a_line_comes_twice_a_second_and_at_the_end(void **state)
{
	struct ctx *c = *state;
	struct world world = *c->world;
	struct memory_sink to = memory_sink(c->arena);
	struct progress p = {.to = &to.sink};
	world.monotonic = clock_of_the_test;
	c->world = &world;
	progress_begin(c, &p, "Counting", 0);
	for (now = 0; now < 1100000; now += 1000)
		assert_ok(c, progress_tick(c, &p, (uint64_t)now / 1000));
	assert_ok(c, progress_end(c, &p, 2000));
	assert_str(buf_view(&to.bytes), "Counting: 500\rCounting: 1000\rCounting: 2000, done.\n");
	to.bytes.len = 0;
	progress_begin(c, &p, "Writing", 200);
	assert_ok(c, progress_end(c, &p, 50));
	assert_str(buf_view(&to.bytes), "Writing:  25% (50/200), done.\n");
}

static void nobody_is_told_who_does_not_want_to_know(void **state)
{
	struct ctx *c = *state;
	struct progress p = {0};
	progress_begin(c, &p, "x", 0);
	assert_ok(c, progress_tick(c, &p, 5));
	assert_ok(c, progress_end(c, &p, 7));
	assert_int_equal(p.count, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_line_comes_twice_a_second_and_at_the_end),
		UNIT_TEST(nobody_is_told_who_does_not_want_to_know),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/ctx.h"

#include "unit.h"

static int64_t now;

static int64_t told(void)
{
	return now;
}

static bool gone(void *arg)
{
	return *(bool *)arg;
}

static void a_context_without_limits_goes_on(void **state)
{
	struct ctx *c = *state;
	assert_ok(c, ctx_check(c));
}

static void a_deadline_passes(void **state)
{
	struct ctx *c = *state;
	const struct world world = {.clock = told, .monotonic = told};
	c->world = &world;
	c->deadline = 1000;
	now = 999;
	assert_ok(c, ctx_check(c));
	now = 1000;
	assert_err(c, ctx_check(c), ERR_TIMEOUT);
}

static void the_other_side_goes(void **state)
{
	struct ctx *c = *state;
	bool is_gone = false;
	c->canceled = gone;
	c->canceled_arg = &is_gone;
	assert_ok(c, ctx_check(c));
	is_gone = true;
	assert_err(c, ctx_check(c), ERR_CANCELED);
}

static enum err count(struct ctx *c, void *arg)
{
	return ++*(int *)arg > 2 ? fail(c, ERR_IO, "that is enough") : OK;
}

static void whoever_waits_hears_of_the_work(void **state)
{
	struct ctx *c = *state;
	bool is_gone = false;
	int heard = 0;
	c->canceled = gone;
	c->canceled_arg = &is_gone;
	c->working = count;
	c->working_arg = &heard;
	assert_ok(c, ctx_check(c));
	assert_ok(c, ctx_check(c));
	assert_int_equal(heard, 2);
	assert_err(c, ctx_check(c), ERR_IO);
	is_gone = true;
	assert_err(c, ctx_check(c), ERR_CANCELED);
	assert_int_equal(heard, 3);
}

static void an_arena_takes_too_much(void **state)
{
	struct ctx *c = *state;
	struct arena beside;
	arena_init(&beside);
	c->memory_max = 1 << 20;
	assert_ok(c, ctx_check(c));
	arena_alloc(&beside, 2 << 20);
	assert_ok(c, ctx_check(c));
	assert_err(c, ctx_check_with(c, &beside), ERR_TOO_BIG);
	arena_done(&beside);
	assert_ok(c, ctx_check_with(c, &beside));
	struct arena_mark mark = arena_mark(c->arena);
	arena_alloc(c->arena, 2 << 20);
	assert_int_equal(ctx_check(c), ERR_TOO_BIG);
	assert_non_null(strstr(c->error.text, "NIMBUS_REQUEST_MEMORY_MAX (1048576 bytes)"));
	ctx_clear(c);
	arena_rewind(c->arena, mark);
	assert_ok(c, ctx_check_with(c, &beside));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_context_without_limits_goes_on),
		UNIT_TEST(a_deadline_passes),
		UNIT_TEST(the_other_side_goes),
		UNIT_TEST(whoever_waits_hears_of_the_work),
		UNIT_TEST(an_arena_takes_too_much),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

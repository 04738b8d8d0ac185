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
	const struct world world = {told, told, NULL};
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_context_without_limits_goes_on),
		UNIT_TEST(a_deadline_passes),
		UNIT_TEST(the_other_side_goes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

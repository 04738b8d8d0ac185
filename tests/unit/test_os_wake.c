/* os/wake.c */
#include "unit.h"

#include "os/wake.h"
#include "os/world.h"

enum { ONE = 1 << 0, OTHER = 1 << 1, LOOKS = 1000000, MICROSECONDS = 20000000 };

static void bits_stay_until_they_are_cleared(void **state)
{
	struct wake w = {.bits = 0};
	(void)state;
	wake_init(&w);
	assert_int_equal(wake_look(&w, ONE | OTHER), 0);
	assert_int_equal(wake_wait(&w, ONE, 1), 0);
	wake_set(&w, OTHER);
	assert_int_equal(wake_wait(&w, ONE, 1), 0);
	assert_int_equal(wake_wait(&w, ONE | OTHER, 60000), OTHER);
	assert_int_equal(wake_look(&w, ONE | OTHER), OTHER);
	wake_clear(&w, OTHER);
	assert_int_equal(wake_look(&w, OTHER), 0);
	wake_done(&w);
}

/* Loops that look at each step must not sleep at each: the shortest sleep, so often, takes a minute. */
static void a_look_does_not_sleep(void **state)
{
	struct ctx *c = *state;
	struct wake w;
	wake_init(&w);
	int64_t begin = os_world()->monotonic();
	for (int i = 0; i < LOOKS; i++)
		assert_true(wake_look(&w, ONE) == 0);
	assert_true(os_world()->monotonic() - begin < MICROSECONDS);
	assert_int_equal(c->error.kind, OK);
	wake_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(bits_stay_until_they_are_cleared),
		UNIT_TEST(a_look_does_not_sleep),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "os/world.h"

#include "unit.h"

#include <time.h>

static void the_clock_tells_the_time_of_day(void **state)
{
	(void)state;
	int64_t now = os_world()->clock() / 1000000;
	assert_in_range(now, (uintmax_t)time(NULL) - 2, (uintmax_t)time(NULL) + 2);
}

static void monotonic_time_does_not_go_back(void **state)
{
	int64_t before = os_world()->monotonic();
	(void)state;
	for (int i = 0; i < 1000; i++) {
		int64_t now = os_world()->monotonic();
		assert_true(now >= before);
		before = now;
	}
}

static void random_bytes_differ_and_fill_all(void **state)
{
	uint8_t a[1000] = {0}, b[1000] = {0};
	int zeros = 0;
	(void)state;
	os_world()->random(a, sizeof a);
	os_world()->random(b, sizeof b);
	assert_memory_not_equal(a, b, sizeof a);
	for (size_t i = 0; i < sizeof a; i++)
		zeros += a[i] == 0;
	assert_in_range(zeros, 0, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(the_clock_tells_the_time_of_day),
		UNIT_TEST(monotonic_time_does_not_go_back),
		UNIT_TEST(random_bytes_differ_and_fill_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

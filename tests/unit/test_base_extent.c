#include "base/extent.h"

#include "unit.h"

static void windows_lie_within_the_bytes(void **state)
{
	struct ctx *c = *state;
	struct extent_bytes e;
	const uint8_t *at;
	extent_bytes_init(&e, "hello", 5);
	assert_ok(c, extent_window(c, &e.extent, 0, 5, &at));
	assert_memory_equal(at, "hello", 5);
	assert_ok(c, extent_window(c, &e.extent, 4, 1, &at));
	assert_int_equal(*at, 'o');
	assert_ok(c, extent_window(c, &e.extent, 5, 0, &at));
	extent_close(&e.extent);
	extent_close(NULL);
}

static void windows_past_the_end_are_corrupt(void **state)
{
	struct ctx *c = *state;
	struct extent_bytes e;
	const uint8_t *at;
	extent_bytes_init(&e, "hello", 5);
	assert_err(c, extent_window(c, &e.extent, 0, 6, &at), ERR_CORRUPT);
	assert_err(c, extent_window(c, &e.extent, 5, 1, &at), ERR_CORRUPT);
	assert_err(c, extent_window(c, &e.extent, 6, 0, &at), ERR_CORRUPT);
	assert_err(c, extent_window(c, &e.extent, UINT64_MAX, 1, &at), ERR_CORRUPT);
	assert_err(c, extent_window(c, &e.extent, 1, SIZE_MAX, &at), ERR_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(windows_lie_within_the_bytes),
		UNIT_TEST(windows_past_the_end_are_corrupt),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "net/range.h"

#include "unit.h"

enum { SIZE = 100 };

static void assert_part(const char *value, uint64_t at, uint64_t len)
{
	uint64_t got_at, got_len;
	assert_int_equal(http_range(str_of(value), SIZE, &got_at, &got_len), HTTP_RANGE_PART);
	assert_int_equal(got_at, at);
	assert_int_equal(got_len, len);
}

static void one_range_is_a_part(void **state)
{
	(void)state;
	assert_part("bytes=0-", 0, 100);
	assert_part("bytes=7-", 7, 93);
	assert_part("bytes=99-", 99, 1);
	assert_part("bytes=0-0", 0, 1);
	assert_part("bytes=10-19", 10, 10);
	assert_part("bytes=10-99", 10, 90);
	assert_part("bytes=10-100", 10, 90);
	assert_part("bytes=10-18446744073709551615", 10, 90);
	assert_part("Bytes=-1", 99, 1);
	assert_part("bytes=-100", 0, 100);
	assert_part("bytes=-18446744073709551615", 0, 100);
}

static void what_is_no_range_of_bytes_means_all(void **state)
{
	static const char *const values[] = {"", "bytes", "bytes=", "bytes=-", "bytes=5",
		"bytes=9-8", "bytes=0-1,3-4", "bytes=0-1,", "bytes= 0-1", "bytes=0-1 ",
		"bytes=+1-2", "bytes=a-b", "bytes=--1", "bytes=1--2", "bytes=0x1-2", "lines=0-1",
		"bytes=18446744073709551616-", "bytes=-18446744073709551616", "=0-1"};
	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		uint64_t at, len;
		if (http_range(str_of(values[i]), SIZE, &at, &len) != HTTP_RANGE_ALL)
			fail_msg("\"%s\" was taken for a range", values[i]);
		assert_true(at == 0 && len == SIZE);
	}
}

static void a_range_past_the_end_has_nothing(void **state)
{
	static const char *const values[] = {
		"bytes=100-", "bytes=100-200", "bytes=18446744073709551615-", "bytes=-0"};
	uint64_t at, len;
	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		assert_int_equal(
			http_range(str_of(values[i]), SIZE, &at, &len), HTTP_RANGE_OUTSIDE);
	assert_int_equal(http_range(STR("bytes=0-"), 0, &at, &len), HTTP_RANGE_OUTSIDE);
	assert_int_equal(http_range(STR("bytes=-5"), 0, &at, &len), HTTP_RANGE_OUTSIDE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(one_range_is_a_part),
		UNIT_TEST(what_is_no_range_of_bytes_means_all),
		UNIT_TEST(a_range_past_the_end_has_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/date.h"

#include "unit.h"

#include <time.h>

static void known_moments(void **state)
{
	char out[32];
	(void)state;
	date_rfc3339(0, out);
	assert_string_equal(out, "1970-01-01T00:00:00Z");
	date_rfc3339(951782400, out);
	assert_string_equal(out, "2000-02-29T00:00:00Z");
	date_rfc3339(-1, out);
	assert_string_equal(out, "1969-12-31T23:59:59Z");
	date_http(784111777, out);
	assert_string_equal(out, "Sun, 06 Nov 1994 08:49:37 GMT");
	date_git(1700000000, 60, out);
	assert_string_equal(out, "2023-11-14 23:13:20 +0100");
	date_git(1700000000, -210, out);
	assert_string_equal(out, "2023-11-14 18:43:20 -0330");
}

static void the_calendar_is_that_of_libc(void **state)
{
	(void)state;
	for (int64_t t = -62135596800; t <= 253402300799; t += 86400 * 97 + 3607) {
		char got[32], want[32];
		time_t when = (time_t)t;
		struct tm tm;
		gmtime_r(&when, &tm);
		tm.tm_year += 8000; /* strftime does not pad years with zeros */
		strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%SZ", &tm);
		date_rfc3339(t, got);
		assert_string_equal(got + 4, want + strcspn(want, "-"));
		tm.tm_year -= 8000;
		assert_int_equal(atoi(got), tm.tm_year + 1900);
		strftime(want, sizeof want, "%a, %d %b", &tm);
		date_http(t, got);
		assert_memory_equal(got, want, strlen(want));
	}
}

static void any_number_gives_a_date_that_fits(void **state)
{
	static const int64_t wild[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1};
	char out[32];
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		date_rfc3339(wild[i], out);
		assert_string_equal(
			out, wild[i] < 0 ? "0001-01-01T00:00:00Z" : "9999-12-31T23:59:59Z");
		date_http(wild[i], out);
		assert_int_equal(strlen(out), 29);
		date_git(wild[i], i % 2 ? INT32_MAX : INT32_MIN, out);
		assert_int_equal(strlen(out), 25);
		date_relative(wild[i], 0, out);
		date_relative(wild[i], wild[3 - i], out);
		assert_true(strlen(out) < 32);
	}
}

static void ages_are_told_in_one_unit(void **state)
{
	static const struct {
		int64_t apart;
		const char *text;
	} rows[] = {{0, "just now"}, {59, "just now"}, {-59, "just now"}, {60, "1 minute ago"},
		{300, "5 minutes ago"}, {3599, "59 minutes ago"}, {3600, "1 hour ago"},
		{86400, "1 day ago"}, {6 * 86400, "6 days ago"}, {21 * 86400, "3 weeks ago"},
		{60 * 86400, "2 months ago"}, {365 * 86400, "1 year ago"},
		{-2 * 86400, "in 2 days"}, {-3600, "in 1 hour"}};
	char out[32];
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		date_relative(1700000000 - rows[i].apart, 1700000000, out);
		assert_string_equal(out, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(known_moments),
		UNIT_TEST(the_calendar_is_that_of_libc),
		UNIT_TEST(any_number_gives_a_date_that_fits),
		UNIT_TEST(ages_are_told_in_one_unit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

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

static void what_was_written_is_read_again(void **state)
{
	(void)state;
	for (int64_t t = -62135596800; t <= 253402300799; t += 86400 * 97 + 3607) {
		char text[24];
		int64_t got = 0;
		date_rfc3339(t, text);
		assert_true(date_parse(str_of(text), &got));
		assert_int_equal(got, t);
	}
}

static void a_time_is_rfc_3339_or_a_number(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} good[] = {
		{"0", 0},
		{"1795448072", 1795448072},
		{"253402300799", 253402300799},
		{"1970-01-01T00:00:00Z", 0},
		{"1969-12-31t23:59:59z", -1},
		{"1970-01-01 01:00:00+01:00", 0},
		{"2023-11-14T18:43:20.999-03:30", 1700000000},
		{"2000-02-29T00:00:00-00:00", 951782400},
		{"2016-12-31T23:59:60Z", 1483228800},
	};
	static const char *const bad[] = {"", "-1", "+5", "253402300800", "99999999999999999999",
		"yesterday", "2026-11-20", "2026-11-20T10:00Z", "2026-11-20T10:00:00",
		"2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z",
		"2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-00T00:00:00Z",
		"0000-01-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
		"2026-01-01T00:00:61Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+24:00",
		"2026-01-01T00:00:00+0100", "2026-01-01T00:00:00Zx", "2026-1-1T0:0:0Z",
		"2026-01-01T00:00:00+01:6", "3 days ago"};
	int64_t got;
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_true(date_parse(str_of(good[i].text), &got));
		assert_int_equal(got, good[i].seconds);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (date_parse(str_of(bad[i]), &got))
			fail_msg("\"%s\" is no time", bad[i]);
}

static void the_date_of_http_is_read_as_it_is_written(void **state)
{
	static const char *const bad[] = {"", "Mon", "Mon, 23 Nov", "Tue, 23 Nov 2026 15:34:32 GMT",
		"Mon, 23 nov 2026 15:34:32 GMT", "Mon, 23 Nox 2026 15:34:32 GMT",
		"Mon, 23 Nov 2026 15:34:32", "Mon, 23 Nov 2026 15:34:32 +0000",
		"Mon, 23 Nov 2026 15:34:60 GMT", "Mon, 31 Nov 2026 15:34:32 GMT",
		"Mon, 23 Nov 2026 15:34:32 GMT ", "Monday, 23-Nov-26 15:34:32 GMT"};
	int64_t got;
	(void)state;
	for (int64_t t = -62135596800; t <= 253402300799; t += 86400 * 97 + 3607) {
		char text[32];
		date_http(t, text);
		assert_true(date_http_parse(str_of(text), &got));
		assert_int_equal(got, t);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (date_http_parse(str_of(bad[i]), &got))
			fail_msg("\"%s\" is no date", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(known_moments),
		UNIT_TEST(the_calendar_is_that_of_libc),
		UNIT_TEST(any_number_gives_a_date_that_fits),
		UNIT_TEST(ages_are_told_in_one_unit),
		UNIT_TEST(what_was_written_is_read_again),
		UNIT_TEST(a_time_is_rfc_3339_or_a_number),
		UNIT_TEST(the_date_of_http_is_read_as_it_is_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

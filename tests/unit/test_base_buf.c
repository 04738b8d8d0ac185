#include "base/buf.h"

#include "unit.h"

#include <limits.h>
#include <stdio.h>

/* Both ways of formatting must say what libc's printf says. */
#define SAME(...)                                                              \
	do {                                                                   \
		char want[512], got[512];                                      \
		int len = snprintf(want, sizeof want, __VA_ARGS__);            \
		assert_int_equal(fmt_into(got, sizeof got, __VA_ARGS__), len); \
		assert_string_equal(got, want);                                \
		assert_string_equal(arena_fmt(c->arena, __VA_ARGS__), want);   \
	} while (0)

static void numbers_are_written_as_printf_does(void **state)
{
	struct ctx *c = *state;
	static const long long values[] = {
		0, 1, -1, 9, 10, -10, 12345, INT_MAX, INT_MIN, UINT_MAX, LLONG_MAX, LLONG_MIN};
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		long long v = values[i];
		SAME("%d %i %u %x %o", (int)v, (int)v, (unsigned)v, (unsigned)v, (unsigned)v);
		SAME("%ld %lu %lx", (long)v, (unsigned long)v, (unsigned long)v);
		SAME("%lld %llu %llx", v, (unsigned long long)v, (unsigned long long)v);
		SAME("%zu %zx %jd %ju", (size_t)v, (size_t)v, (intmax_t)v, (uintmax_t)v);
		SAME("[%5d] [%05d] [%-5d] [%2x] [%016llx]", (int)v, (int)v, (int)v, (unsigned)v,
			(unsigned long long)v);
		SAME("%06o|%*d|%-*d|", (unsigned)v, 7, (int)v, 30, (int)v);
	}
	SAME("%hu %hhu", (unsigned short)65535, (unsigned char)255);
}

static void texts_are_written_as_printf_does(void **state)
{
	struct ctx *c = *state;
	SAME("plain");
	SAME("100%% of %s", "it");
	SAME("[%10s] [%-10s] [%.2s] [%5.1s] [%.0s]", "abc", "abc", "abc", "abc", "abc");
	SAME("%.*s|%c|%3c|%-3c|", 2, "abc", 'x', 'y', 'z');
	SAME("%.*s", 10, "short");
}

static void an_empty_view_writes_nothing(void **state)
{
	struct ctx *c = *state;
	struct str none = {0};
	assert_string_equal(arena_fmt(c->arena, "[%.*s]", STR_FMT(none)), "[]");
}

static void text_is_cut_to_fit_and_terminated(void **state)
{
	char small[6];
	(void)state;
	memset(small, 'x', sizeof small);
	assert_int_equal(fmt_into(small, 5, "%s", "123456789"), 4);
	assert_memory_equal(small, "1234\0x", 6);
	assert_int_equal(fmt_into(small, 1, "%d", 12), 0);
	assert_int_equal(small[0], 0);
}

static void a_buffer_grows_and_keeps_its_content(void **state)
{
	struct ctx *c = *state;
	struct buf b = {.arena = c->arena};
	for (int i = 0; i < 10000; i++) {
		buf_fmt(&b, "%d,", i);
		if (i % 1000 == 0)
			arena_alloc(c->arena, 1);
	}
	assert_true(str_starts(buf_view(&b), STR("0,1,2,")));
	assert_true(str_ends(buf_view(&b), STR(",9998,9999,")));
	assert_int_equal(b.len, 10 * 2 + 90 * 3 + 900 * 4 + 9000 * 5);
	assert_int_equal(buf_text(&b)[b.len], 0);
}

static void an_empty_buffer_is_an_empty_text(void **state)
{
	struct ctx *c = *state;
	struct buf b = {.arena = c->arena};
	buf_bytes(&b, NULL, 0);
	buf_str(&b, (struct str){0});
	assert_int_equal(buf_view(&b).len, 0);
	assert_string_equal(buf_text(&b), "");
}

static void big_endian_round_trips(void **state)
{
	struct ctx *c = *state;
	struct buf b = {.arena = c->arena};
	uint8_t eight[8];
	buf_be32(&b, 0x01fe80ff);
	assert_memory_equal(b.at, "\x01\xfe\x80\xff", 4);
	assert_int_equal(get_be32(b.at), 0x01fe80ff);
	put_be64(eight, 0xfedcba9876543210);
	assert_memory_equal(eight, "\xfe\xdc\xba\x98\x76\x54\x32\x10", 8);
	assert_true(get_be64(eight) == 0xfedcba9876543210);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(numbers_are_written_as_printf_does),
		UNIT_TEST(texts_are_written_as_printf_does),
		UNIT_TEST(an_empty_view_writes_nothing),
		UNIT_TEST(text_is_cut_to_fit_and_terminated),
		UNIT_TEST(a_buffer_grows_and_keeps_its_content),
		UNIT_TEST(an_empty_buffer_is_an_empty_text),
		UNIT_TEST(big_endian_round_trips),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

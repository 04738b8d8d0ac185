#include "wire/lines.h"

#include "unit.h"

#include "odb_make.h"

static void lines_become_packets_in_large_pieces(void **state)
{
	struct ctx *c = *state;
	struct memory_sink to = memory_sink(c->arena);
	struct lines l;
	lines_init(c, &l, &to.sink);
	assert_ok(c, lines_fmt(c, &l, "%s %d\n", "line", 7));
	assert_int_equal(to.bytes.len, 0);
	lines_delim(&l);
	assert_ok(c, lines_flush(c, &l));
	assert_str(buf_view(&to.bytes), "000bline 7\n00010000");
	to.bytes.len = 0;
	for (int i = 0; i < 20000; i++)
		assert_ok(c, lines_fmt(c, &l, "%05d\n", i));
	assert_true(to.bytes.len > 100000 && l.buf.cap < 200000);
	assert_ok(c, lines_send(c, &l));
	assert_int_equal(to.bytes.len, 200000);
	assert_memory_equal(to.bytes.at + 199990, "000a19999\n", 10);
}

static void banded_lines_carry_their_band(void **state)
{
	struct ctx *c = *state;
	struct memory_sink to = memory_sink(c->arena);
	struct lines l;
	lines_init(c, &l, &to.sink);
	l.banded = true;
	assert_ok(c, lines_fmt(c, &l, "x\n"));
	assert_ok(c, lines_flush(c, &l));
	assert_str(buf_view(&to.bytes), "0007\1x\n0000");
}

static void a_line_too_long_for_a_packet_is_refused(void **state)
{
	struct ctx *c = *state;
	struct memory_sink to = memory_sink(c->arena);
	struct lines l;
	char *text = arena_alloc(c->arena, PKT_DATA_MAX + 2);
	memset(text, 'x', PKT_DATA_MAX);
	lines_init(c, &l, &to.sink);
	assert_ok(c, lines_fmt(c, &l, "%s", text));
	text[PKT_DATA_MAX] = 'x';
	assert_err(c, lines_fmt(c, &l, "%s", text), ERR_TOO_BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(lines_become_packets_in_large_pieces),
		UNIT_TEST(banded_lines_carry_their_band),
		UNIT_TEST(a_line_too_long_for_a_packet_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

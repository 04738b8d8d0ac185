#include "unit.h"

#include "net/http_parse.h"

struct decoded {
	bool good, done;
	size_t taken, given;
	char data[256];
};

/* Decodes in pieces of `in_step` bytes, with room for `out_step` at a time. */
static struct decoded decode(struct str bytes, size_t in_step, size_t out_step)
{
	struct http_chunks k = {0};
	struct decoded d = {.good = true};
	while (d.good && d.taken < bytes.len && !http_chunks_done(&k)) {
		size_t in = bytes.len - d.taken < in_step ? bytes.len - d.taken : in_step;
		size_t out = out_step;
		d.good = http_chunks_decode(&k, bytes.at + d.taken, &in, d.data + d.given, &out);
		if (d.good) {
			d.taken += in;
			d.given += out;
		}
	}
	d.done = http_chunks_done(&k);
	return d;
}

static void a_body_is_the_same_however_it_is_cut(void **state)
{
	(void)state;
	struct str body = STR(
		"5;a=\"b c\"\r\nhello\r\n1\r\n \r\n00005\r\nworld\r\n0\r\nX: y\r\nZ:\r\n\r\nnext");
	for (size_t in = 1; in <= body.len; in++) {
		for (size_t out = 1; out < 12; out++) {
			struct decoded d = decode(body, in, out);
			assert_true(d.good && d.done);
			assert_int_equal(d.taken, body.len - 4);
			assert_int_equal(d.given, 11);
			assert_memory_equal(d.data, "hello world", 11);
		}
	}
}

static void what_is_not_chunked_is_refused(void **state)
{
	(void)state;
	const char *bad[] = {"g\r\n", "\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", " 1\r\n", "1 \r\n",
		"1\n", "1\rx", "1\r\nab", "1\r\na\n", "1\r\na\rx", "ffffffffffffffff\r\n",
		"0000000000000001\r\n", "1;\n", "1;\x01\r\n", "1;\x7f\r\n", "0\r\n \r\n",
		"0\r\n:\r\n", "0\r\na b:\r\n", "0\r\na\r\n", "0\r\na:\x01\r\n", "0\r\na:\n",
		"0\r\n\rx"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct decoded d = decode(str_of(bad[i]), 1000, 100);
		assert_false(d.good);
		d = decode(str_of(bad[i]), 1, 1);
		assert_false(d.good);
	}
}

static void what_nobody_reads_is_capped(void **state)
{
	(void)state;
	struct http_chunks k = {0};
	size_t in = 2, out = 0, lines = 0;
	assert_true(http_chunks_decode(&k, "1;", &in, NULL, &out));
	for (in = 1; in < 1000 && http_chunks_decode(&k, "x", &(size_t){1}, NULL, &out); in++)
		out = 0;
	assert_in_range(in, 200, 300);

	k = (struct http_chunks){0};
	in = 3;
	assert_true(http_chunks_decode(&k, "0\r\n", &in, NULL, &out));
	do
		in = 6;
	while (http_chunks_decode(&k, "a: b\r\n", &in, NULL, &out) && ++lines < 100000);
	assert_in_range(lines, 1000, 5000);
}

static void framing_is_taken_without_data(void **state)
{
	(void)state;
	struct http_chunks k = {0};
	size_t in = 10, out = 0;
	assert_true(http_chunks_decode(&k, "3\r\nabc\r\n0\r", &in, NULL, &out));
	assert_int_equal(in, 3);
	assert_int_equal(http_chunks_ahead(&k), 3);
	http_chunks_skip(&k, 3);
	assert_int_equal(http_chunks_ahead(&k), 0);
	in = 9;
	assert_true(http_chunks_decode(&k, "\r\n0\r\n\r\nGE", &in, NULL, &out));
	assert_int_equal(in, 7);
	assert_true(http_chunks_done(&k));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_body_is_the_same_however_it_is_cut),
		UNIT_TEST(what_is_not_chunked_is_refused),
		UNIT_TEST(what_nobody_reads_is_capped),
		UNIT_TEST(framing_is_taken_without_data),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "git/delta.h"

#include "base/buf.h"
#include "unit.h"

#define BYTES(...) str_from((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* A sink that keeps what it gets, and a source that gives `piece` bytes at a time. */
struct kept {
	struct sink sink;
	struct buf bytes;
};

static enum err keep(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	(void)c;
	buf_bytes(&((struct kept *)self)->bytes, bytes, len);
	return OK;
}

struct dripping {
	struct source source;
	struct str left;
	size_t piece;
};

static enum err drip(struct ctx *c, struct source *self, void *into, size_t cap, size_t *got)
{
	(void)c;
	struct dripping *d = (struct dripping *)self;
	size_t n = d->piece < cap ? d->piece : cap;
	*got = n < d->left.len ? n : d->left.len;
	if (*got)
		memcpy(into, d->left.at, *got);
	d->left = str_from_index(d->left, *got);
	return OK;
}

static enum err stream(struct ctx *c, struct str base, struct str delta, size_t piece, uint64_t max,
	struct str *out)
{
	struct extent_bytes extent;
	extent_bytes_init(&extent, base.at, base.len);
	struct dripping from = {{drip}, delta, piece};
	struct kept to = {{.write = keep}, {.arena = c->arena}};
	enum err err = delta_stream(c, &extent.extent, &from.source, max, &to.sink);
	*out = buf_view(&to.bytes);
	return err;
}

/* In memory and streamed, whatever the pieces, the result is `want`. */
static void assert_result(struct ctx *c, struct str base, struct str delta, struct str want)
{
	uint64_t base_size, result_size;
	struct str rest = delta;
	assert_ok(c, delta_sizes(c, &rest, &base_size, &result_size));
	assert_int_equal(base_size, base.len);
	assert_int_equal(result_size, want.len);
	char *result = malloc(want.len + 1);
	assert_non_null(result);
	assert_ok(c, delta_apply(c, base, delta, result, want.len));
	assert_true(str_eq(str_from(result, want.len), want));
	free(result);
	static const size_t pieces[] = {1, 2, 3, 7, 100, 8191, 1 << 20};
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		struct str out;
		assert_ok(c, stream(c, base, delta, pieces[i], want.len, &out));
		assert_true(str_eq(out, want));
	}
}

/* Both ways find it corrupt. The memory is exactly as big as said, so that ASan sees a byte more.
 */
static void assert_corrupt(struct ctx *c, struct str base, struct str delta, size_t result_len)
{
	char *result = malloc(result_len ? result_len : 1);
	assert_non_null(result);
	assert_err(c, delta_apply(c, base, delta, result, result_len), ERR_CORRUPT);
	free(result);
	for (size_t piece = 1; piece < 4; piece++) {
		struct str out;
		ctx_clear(c);
		assert_err(c, stream(c, base, delta, piece, result_len, &out), ERR_CORRUPT);
		assert_true(out.len <= result_len);
	}
	ctx_clear(c);
}

static void copies_and_inserts(void **state)
{
	assert_result(*state, STR("hello world"),
		BYTES(11, 12, 0x90, 6, 3, 'n', 'e', 'w', 0x91, 5, 3), STR("hello new wo"));
}

static void an_empty_result_is_a_result(void **state)
{
	assert_result(*state, STR("base"), BYTES(4, 0), STR(""));
	assert_result(*state, STR(""), BYTES(0, 0), STR(""));
}

static void a_base_may_be_empty(void **state)
{
	assert_result(*state, STR(""), BYTES(0, 2, 2, 'o', 'k'), STR("ok"));
}

static void an_insert_may_have_127_bytes(void **state)
{
	char delta[3 + 127] = {0, 127, 127}, want[127];
	memset(want, 'x', sizeof want);
	memcpy(delta + 3, want, sizeof want);
	assert_result(*state, STR(""), str_from(delta, sizeof delta), str_from(want, sizeof want));
}

static struct str big_base(struct ctx *c, size_t len)
{
	char *at = arena_raw(c->arena, len);
	for (size_t i = 0; i < len; i++)
		at[i] = (char)(i * 2654435761u >> 16);
	return str_from(at, len);
}

static void a_copy_of_size_0_copies_65536(void **state)
{
	struct ctx *c = *state;
	struct str base = big_base(c, 0x10005);
	assert_result(c, base, BYTES(0x85, 0x80, 0x04, 0x80, 0x80, 0x04, 0x81, 5),
		str_from(base.at + 5, 0x10000));
	assert_result(
		c, base, BYTES(0x85, 0x80, 0x04, 0x80, 0x80, 0x04, 0x80), str_until(base, 0x10000));
	assert_result(c, base, BYTES(0x85, 0x80, 0x04, 0x80, 0x80, 0x04, 0xf1, 5, 0, 0, 0),
		str_from(base.at + 5, 0x10000));
	assert_corrupt(c, base, BYTES(0x85, 0x80, 0x04, 0x80, 0x80, 0x04, 0x81, 6), 0x10000);
}

static void every_operand_byte_has_its_place(void **state)
{
	struct ctx *c = *state;
	struct str base = big_base(c, 0x01040000);
	assert_result(c, base,
		BYTES(0x80, 0x80, 0x90, 0x08, 0x83, 0x84, 0x04, 0xff, 0x04, 0x03, 0x02, 0x01, 0x03,
			0x02, 0x01),
		str_from(base.at + 0x01020304, 0x010203));
}

static void sizes_up_to_64_bits_are_read(void **state)
{
	struct ctx *c = *state;
	uint64_t base_size, result_size;
	struct str delta =
		BYTES(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0x80, 1, 9);
	assert_ok(c, delta_sizes(c, &delta, &base_size, &result_size));
	assert_true(base_size == UINT64_MAX);
	assert_int_equal(result_size, 128);
	assert_str(delta, "\x09");
}

static void sizes_over_64_bits_are_corrupt(void **state)
{
	struct ctx *c = *state;
	uint64_t base_size, result_size;
	struct str row[] = {
		BYTES(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 1),
		BYTES(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 1),
		BYTES(0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1),
	};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		assert_err(c, delta_sizes(c, &row[i], &base_size, &result_size), ERR_CORRUPT);
}

static void a_delta_cut_anywhere_is_corrupt(void **state)
{
	struct ctx *c = *state;
	struct str delta = BYTES(11, 12, 0x91, 0, 6, 3, 'n', 'e', 'w', 0x91, 5, 3);
	assert_result(c, STR("hello world"), delta, STR("hello new wo"));
	for (size_t len = 0; len < delta.len; len++)
		assert_corrupt(c, STR("hello world"), str_until(delta, len), 12);
}

static void a_copy_past_the_base_is_corrupt(void **state)
{
	struct ctx *c = *state;
	assert_corrupt(c, STR("base"), BYTES(4, 1, 0x91, 4, 1), 1);
	assert_corrupt(c, STR("base"), BYTES(4, 2, 0x91, 3, 2), 2);
	assert_corrupt(c, STR("base"), BYTES(4, 4, 0x9f, 0xff, 0xff, 0xff, 0xff, 4), 4);
	assert_corrupt(c, STR("base"), BYTES(4, 5, 0x90, 5), 5);
	assert_corrupt(c, STR(""), BYTES(0, 1, 0x90, 1), 1);
}

static void more_or_less_than_promised_is_corrupt(void **state)
{
	struct ctx *c = *state;
	assert_corrupt(c, STR("base"), BYTES(4, 3, 0x90, 4), 3);
	assert_corrupt(c, STR("base"), BYTES(4, 3, 0x90, 2), 3);
	assert_corrupt(c, STR("base"), BYTES(4, 3, 0x90, 3, 1, 'x'), 3);
	assert_corrupt(c, STR("base"), BYTES(4, 0, 1, 'x'), 0);
	assert_corrupt(c, STR("base"), BYTES(4, 3), 3);
}

static void another_base_is_corrupt(void **state)
{
	struct ctx *c = *state;
	assert_corrupt(c, STR("base"), BYTES(5, 1, 0x90, 1), 1);
	assert_corrupt(c, STR("base"), BYTES(3, 1, 0x90, 1), 1);
}

static void a_result_of_another_size_than_asked_is_corrupt(void **state)
{
	struct ctx *c = *state;
	char result[8];
	assert_err(c, delta_apply(c, STR("base"), BYTES(4, 3, 0x90, 3), result, 4), ERR_CORRUPT);
	assert_err(c, delta_apply(c, STR("base"), BYTES(4, 3, 0x90, 3), result, 2), ERR_CORRUPT);
}

static void instruction_0_is_corrupt(void **state)
{
	assert_corrupt(*state, STR("base"), BYTES(4, 3, 0, 0x90, 3), 3);
	assert_corrupt(*state, STR("base"), BYTES(4, 3, 0x90, 3, 0), 3);
}

static void a_stream_over_the_limit_writes_nothing(void **state)
{
	struct ctx *c = *state;
	struct str out;
	assert_err(c, stream(c, STR("base"), BYTES(4, 4, 0x90, 4), 100, 3, &out), ERR_TOO_BIG);
	assert_int_equal(out.len, 0);
}

static enum err refuse(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	(void)self, (void)bytes, (void)len;
	return fail(c, ERR_CANCELED, "the peer has gone");
}

static enum err fail_to_read(
	struct ctx *c, struct source *self, void *into, size_t cap, size_t *got)
{
	(void)self, (void)into, (void)cap, (void)got;
	return fail(c, ERR_TIMEOUT, "the peer is too slow");
}

static void the_errors_of_the_streams_come_through(void **state)
{
	struct ctx *c = *state;
	struct extent_bytes base;
	extent_bytes_init(&base, "base", 4);
	struct source_bytes delta;
	source_bytes_init(&delta, "\x04\x04\x90\x04", 4);
	struct sink sink = {.write = refuse};
	struct source source = {fail_to_read};
	assert_err(c, delta_stream(c, &base.extent, &delta.source, 9, &sink), ERR_CANCELED);
	ctx_clear(c);
	assert_err(c, delta_stream(c, &base.extent, &source, 9, &sink), ERR_TIMEOUT);
}

/* More instructions than the stream's buffer holds, cut at all places by the pieces. */
static void a_long_delta_streams_as_it_applies(void **state)
{
	struct ctx *c = *state;
	struct str base = big_base(c, 200000);
	struct buf body = {.arena = c->arena}, want = {.arena = c->arena};
	uint32_t random = 1;
	for (int i = 0; i < 3000; i++) {
		random = random * 1664525u + 1013904223u;
		if (random >> 30) {
			uint32_t at = random >> 8 & 0x1ffff, len = 1 + (random >> 16 & 0x1ff);
			const uint8_t copy[] = {0xb7, (uint8_t)at, (uint8_t)(at >> 8),
				(uint8_t)(at >> 16), (uint8_t)len, (uint8_t)(len >> 8)};
			buf_bytes(&body, copy, sizeof copy);
			buf_bytes(&want, base.at + at, len);
		} else {
			uint32_t len = 1 + (random >> 8) % 127;
			buf_byte(&body, (char)len);
			buf_bytes(&body, base.at + i, len);
			buf_bytes(&want, base.at + i, len);
		}
	}
	struct buf delta = {.arena = c->arena};
	uint64_t sizes[2] = {base.len, want.len};
	for (int i = 0; i < 2; i++) {
		for (; sizes[i] > 127; sizes[i] >>= 7)
			buf_byte(&delta, (char)(0x80 | (sizes[i] & 0x7f)));
		buf_byte(&delta, (char)sizes[i]);
	}
	buf_str(&delta, buf_view(&body));
	assert_result(c, base, buf_view(&delta), buf_view(&want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(copies_and_inserts),
		UNIT_TEST(an_empty_result_is_a_result),
		UNIT_TEST(a_base_may_be_empty),
		UNIT_TEST(an_insert_may_have_127_bytes),
		UNIT_TEST(a_copy_of_size_0_copies_65536),
		UNIT_TEST(every_operand_byte_has_its_place),
		UNIT_TEST(sizes_up_to_64_bits_are_read),
		UNIT_TEST(sizes_over_64_bits_are_corrupt),
		UNIT_TEST(a_delta_cut_anywhere_is_corrupt),
		UNIT_TEST(a_copy_past_the_base_is_corrupt),
		UNIT_TEST(more_or_less_than_promised_is_corrupt),
		UNIT_TEST(another_base_is_corrupt),
		UNIT_TEST(a_result_of_another_size_than_asked_is_corrupt),
		UNIT_TEST(instruction_0_is_corrupt),
		UNIT_TEST(a_stream_over_the_limit_writes_nothing),
		UNIT_TEST(the_errors_of_the_streams_come_through),
		UNIT_TEST(a_long_delta_streams_as_it_applies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

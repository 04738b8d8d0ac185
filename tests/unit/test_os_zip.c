#include "base/zip.h"

#include "base/buf.h"
#include "unit.h"

#include <pthread.h>

/* Text that compresses a little, the same each time. */
static struct str sample(struct ctx *c, size_t len)
{
	struct buf b = {.arena = c->arena};
	uint32_t x = 1;
	while (b.len < len) {
		x = x * 1664525 + 1013904223;
		buf_fmt(&b, "%u line\n", x >> 16);
	}
	return str_until(buf_view(&b), len);
}

static struct str deflated(struct ctx *c, struct str text, int level)
{
	size_t cap = zip_deflate_bound(text.len);
	char *out = arena_raw(c->arena, cap);
	return str_from(out, zip_deflate(text.at, text.len, out, cap, level));
}

static void what_is_deflated_inflates(void **state)
{
	struct ctx *c = *state;
	static const size_t sizes[] = {0, 1, 10, 1000, 100000, 3 << 20};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct str text = sample(c, sizes[i]);
		for (int level = 1; level <= 9; level += 4) {
			struct str small = deflated(c, text, level);
			char *back = arena_raw(c->arena, text.len + 1);
			size_t used = 0;
			assert_ok(c, zip_inflate(c, small.at, small.len, back, text.len, &used));
			assert_int_equal(used, small.len);
			assert_true(str_eq(str_from(back, text.len), text));
		}
	}
}

static void bytes_after_the_stream_are_left(void **state)
{
	struct ctx *c = *state;
	struct buf b = {.arena = c->arena};
	struct str small = deflated(c, STR("hello"), 6);
	char back[5];
	size_t used = 0;
	buf_str(&b, small);
	buf_cstr(&b, "what follows in the pack");
	assert_ok(c, zip_inflate(c, b.at, b.len, back, 5, &used));
	assert_int_equal(used, small.len);
}

static void a_wrong_length_is_corrupt(void **state)
{
	struct ctx *c = *state;
	struct str small = deflated(c, STR("hello"), 6);
	char back[16];
	size_t used = 0;
	assert_err(c, zip_inflate(c, small.at, small.len, back, 4, &used), ERR_CORRUPT);
	assert_err(c, zip_inflate(c, small.at, small.len, back, 6, &used), ERR_CORRUPT);
	assert_err(c, zip_inflate(c, small.at, small.len, back, 0, &used), ERR_CORRUPT);
}

static void every_damaged_byte_or_cut_is_corrupt(void **state)
{
	struct ctx *c = *state;
	struct str text = sample(c, 300), small = deflated(c, text, 6);
	char back[300];
	size_t used = 0;
	for (size_t len = 0; len < small.len; len++)
		assert_err(c, zip_inflate(c, small.at, len, back, 300, &used), ERR_CORRUPT);
	char *copy = str_dup(c->arena, small);
	for (size_t i = 0; i < small.len; i++) {
		copy[i] = (char)(copy[i] ^ 0x10);
		enum err kind = zip_inflate(c, copy, small.len, back, 300, &used);
		/* a bit may be one that means nothing; then the content is still the same */
		assert_true(kind == ERR_CORRUPT || memcmp(back, text.at, 300) == 0);
		copy[i] = (char)(copy[i] ^ 0x10);
	}
}

/* Inflates in steps of `in_step` and `out_step` bytes; returns what came out. */
static enum err inflate_all(
	struct ctx *c, struct inflate *z, struct str in, const size_t steps[2], struct buf *out)
{
	bool done = false;
	while (!done) {
		char piece[4096];
		struct zip_io io = {in.at, in.len < steps[0] ? in.len : steps[0], piece, steps[1]};
		TRY(inflate_step(c, z, &io, &done));
		buf_bytes(out, piece, io.out_len);
		in = str_from_index(in, io.in_len);
		if (!done && io.in_len == 0 && io.out_len == 0)
			return fail(c, ERR_INVALID, "no progress with %zu bytes left", in.len);
	}
	return in.len ? fail(c, ERR_INVALID, "%zu bytes left", in.len) : OK;
}

static void streams_inflate_in_pieces_of_any_size(void **state)
{
	struct ctx *c = *state;
	static const size_t steps[][2] = {{1, 1}, {1, 4096}, {4096, 1}, {7, 5}, {4096, 4096}};
	struct str text = sample(c, 20000), small = deflated(c, text, 6);
	struct inflate *z;
	assert_ok(c, inflate_open(c, ZIP_ZLIB, &z));
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		struct buf out = {.arena = c->arena};
		assert_ok(c, inflate_all(c, z, small, steps[i], &out));
		assert_true(str_eq(buf_view(&out), text));
		inflate_reset(z);
	}
	struct buf out = {.arena = c->arena};
	struct str cut = str_until(small, small.len - 1);
	assert_err(c, inflate_all(c, z, cut, steps[4], &out), ERR_INVALID);
	inflate_reset(z);
	assert_err(
		c, inflate_all(c, z, STR("this is no zlib stream"), steps[4], &out), ERR_CORRUPT);
	inflate_reset(z);
	out.len = 0;
	assert_ok(c, inflate_all(c, z, small, steps[4], &out));
	assert_true(str_eq(buf_view(&out), text));
	inflate_close(z);
	inflate_close(NULL);
}

static void deflate_all(
	struct ctx *c, struct deflate *z, struct str in, size_t step, struct buf *out)
{
	bool done = false;
	while (!done) {
		char piece[512];
		struct zip_io io = {in.at, in.len < step ? in.len : step, piece, sizeof piece};
		bool last = io.in_len == in.len;
		assert_ok(c, deflate_step(c, z, &io, last, &done));
		buf_bytes(out, piece, io.out_len);
		in = str_from_index(in, io.in_len);
	}
	assert_int_equal(in.len, 0);
}

static void gzip_written_in_pieces_is_read_back(void **state)
{
	struct ctx *c = *state;
	static const enum zip_format formats[] = {ZIP_GZIP, ZIP_ZLIB};
	struct str text = sample(c, 50000);
	for (size_t i = 0; i < 2; i++) {
		struct buf small = {.arena = c->arena}, back = {.arena = c->arena};
		struct deflate *d;
		struct inflate *z;
		assert_ok(c, deflate_open(c, formats[i], 6, &d));
		deflate_all(c, d, text, 1000, &small);
		deflate_close(d);
		assert_true(small.len < text.len / 2);
		assert_int_equal((uint8_t)small.at[0], formats[i] == ZIP_GZIP ? 0x1f : 0x78);
		assert_ok(c, inflate_open(c, formats[i], &z));
		assert_ok(c, inflate_all(c, z, buf_view(&small), (size_t[]){4096, 4096}, &back));
		inflate_close(z);
		assert_true(str_eq(buf_view(&back), text));
	}
	deflate_close(NULL);
}

static void *round_trip(void *arg)
{
	struct arena arena;
	struct ctx c;
	(void)arg;
	arena_init(&arena);
	ctx_init(&c, &arena, os_world());
	struct str text = sample(&c, 10000), small = deflated(&c, text, 6);
	char *back = arena_raw(&arena, text.len);
	size_t used = 0;
	bool good = zip_inflate(&c, small.at, small.len, back, text.len, &used) == OK &&
		    str_eq(text, str_from(back, text.len));
	arena_done(&arena);
	return good ? (void *)(uintptr_t)1 : NULL;
}

static void threads_have_tables_of_their_own(void **state)
{
	pthread_t threads[8];
	(void)state;
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, round_trip, NULL), 0);
	for (size_t i = 0; i < 8; i++) {
		void *good = NULL;
		pthread_join(threads[i], &good);
		assert_non_null(good);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_is_deflated_inflates),
		UNIT_TEST(bytes_after_the_stream_are_left),
		UNIT_TEST(a_wrong_length_is_corrupt),
		UNIT_TEST(every_damaged_byte_or_cut_is_corrupt),
		UNIT_TEST(streams_inflate_in_pieces_of_any_size),
		UNIT_TEST(gzip_written_in_pieces_is_read_back),
		UNIT_TEST(threads_have_tables_of_their_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The portable inflater gives what zlib gives, in pieces of any size, and refuses what zlib refuses. */
#include "base/inflater.h"

#include "base/buf.h"
#include "unit.h"

static struct inflater z;

/* Text that compresses well, then badly, then not at all: blocks of all kinds. */
static struct str sample(struct ctx *c, size_t len)
{
	struct buf b = {.arena = c->arena};
	uint32_t x = 7;
	while (b.len < len) {
		x = x * 1664525 + 1013904223;
		if (b.len > len / 2)
			buf_byte(&b, (char)(x >> 24));
		else
			buf_fmt(&b, "%u line %s\n", x >> 20, x >> 31 ? "of text" : "");
	}
	return str_until(buf_view(&b), len);
}

static struct str deflated(struct ctx *c, struct str text, int level)
{
	size_t cap = zip_deflate_bound(text.len);
	char *out = arena_raw(c->arena, cap);
	return str_from(out, zip_deflate(text.at, text.len, out, cap, level));
}

/* In steps of so many bytes of input and of output. */
static enum err inflate_by(
	struct ctx *c, struct str in, size_t in_step, size_t out_step, struct buf *out)
{
	char piece[300];
	inflater_init(&z);
	for (bool done = false; !done;) {
		struct zip_io io = {in.at, in.len < in_step ? in.len : in_step, piece, out_step};
		size_t given = io.in_len;
		TRY(inflater_step(c, &z, &io, &done));
		buf_bytes(out, piece, io.out_len);
		in = str_from_index(in, io.in_len);
		if (!done && !io.out_len && io.in_len == given && !in.len)
			return fail(c, ERR_INVALID, "it ends too early");
	}
	return in.len ? fail(c, ERR_EXISTS, "bytes are left") : OK;
}

static void what_is_deflated_inflates(void **state)
{
	struct ctx *c = *state;
	static const size_t sizes[] = {0, 1, 10, 1000, 100000, 300000};
	static const size_t steps[][2] = {{1, 1}, {1, 300}, {7, 3}, {4096, 300}, {1 << 20, 299}};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (int level = 1; level <= 9; level += 4)
			for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
				struct arena_mark mark = arena_mark(c->arena);
				struct str text = sample(c, sizes[i]);
				struct buf out = {.arena = c->arena};
				assert_ok(c, inflate_by(c, deflated(c, text, level), steps[k][0],
						     steps[k][1], &out));
				assert_true(str_eq(buf_view(&out), text));
				arena_rewind(c->arena, mark);
			}
}

static void bytes_after_the_stream_are_left(void **state)
{
	struct ctx *c = *state;
	struct buf b = {.arena = c->arena};
	char back[5];
	bool done = false;
	struct str small = deflated(c, STR("hello"), 6);
	buf_str(&b, small);
	buf_cstr(&b, "what follows in the pack");
	struct zip_io io = {b.at, b.len, back, sizeof back};
	inflater_init(&z);
	assert_ok(c, inflater_step(c, &z, &io, &done));
	assert_true(done);
	assert_int_equal(io.in_len, small.len);
	assert_memory_equal(back, "hello", 5);
}

static void what_is_damaged_is_refused_as_zlib_does(void **state)
{
	struct ctx *c = *state;
	struct str text = sample(c, 3000), good = deflated(c, text, 6);
	char *bad = arena_raw(c->arena, good.len), mine[6000], theirs[6000];
	struct inflate *zlib = NULL;
	size_t refused = 0;
	assert_ok(c, inflate_open(c, ZIP_ZLIB, &zlib));
	for (size_t bit = 0; bit < good.len * 8; bit += bit < 2000 ? 1 : 37) {
		bool my_end = false, their_end = false;
		memcpy(bad, good.at, good.len);
		bad[bit / 8] ^= (char)(1 << bit % 8);
		struct zip_io a = {bad, good.len, mine, sizeof mine}, b = a;
		b.out = theirs;
		inflater_init(&z);
		inflate_reset(zlib);
		enum err my = inflater_step(c, &z, &a, &my_end);
		enum err their = inflate_step(c, zlib, &b, &their_end);
		assert_int_equal(my, their);
		refused += my == ERR_CORRUPT;
		if (my)
			continue;
		assert_int_equal(my_end, their_end);
		assert_int_equal(a.out_len, b.out_len);
		assert_memory_equal(mine, theirs, a.out_len);
	}
	inflate_close(zlib);
	assert_true(refused > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_is_deflated_inflates),
		UNIT_TEST(bytes_after_the_stream_are_left),
		UNIT_TEST(what_is_damaged_is_refused_as_zlib_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

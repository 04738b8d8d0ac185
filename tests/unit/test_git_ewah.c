/* base/bits.h and git/ewah.c */
#include "unit.h"

#include "git/ewah.h"

static struct ewah cut(struct ctx *c, struct buf *b)
{
	struct str rest = buf_view(b);
	struct ewah e;
	assert_ok(c, ewah_cut(c, &rest, &e));
	assert_int_equal(rest.len, 0);
	return e;
}

static void check_round_trip(struct ctx *c, const struct bits *b, size_t most)
{
	struct buf out = {.arena = c->arena};
	struct bits got = bits_make(c->arena, b->count);
	ewah_append(&out, b, NULL);
	struct ewah e = cut(c, &out);
	assert_true(e.words <= most);
	assert_ok(c, ewah_or(c, &e, &got));
	assert_memory_equal(got.words, b->words, bits_words(b->count) * 8);
	assert_ok(c, ewah_xor(c, &e, &got));
	assert_int_equal(bits_count(&got), 0);
}

static void runs_take_one_word(void **state)
{
	struct ctx *c = *state;
	struct bits b = bits_make(c->arena, 64 * 1000);
	check_round_trip(c, &b, 1);
	memset(b.words, 0xff, 8000);
	check_round_trip(c, &b, 1);
	memset(b.words, 0, 4000);
	check_round_trip(c, &b, 2);
	b.words[0] = 5;
	check_round_trip(c, &b, 4);
}

static void sets_of_all_sizes_and_kinds_come_back(void **state)
{
	struct ctx *c = *state;
	unsigned seed = 7;
	for (uint32_t count = 0; count < 400; count++) {
		struct bits b = bits_make(c->arena, count);
		unsigned density = 1 + count % 5;
		for (uint32_t i = 0; i < count; i++) {
			seed = seed * 1103515245 + 12345;
			/* long runs of one kind, then of the other, then noise */
			bool on = (i / 130) % 3 == 0 ? seed >> 16 & 1 : (i / 130 + density) % 2;
			if (on)
				bits_add(&b, i);
		}
		check_round_trip(c, &b, 10);
	}
}

static void a_difference_is_as_short_as_what_differs(void **state)
{
	struct ctx *c = *state;
	struct bits a = bits_make(c->arena, 64 * 100), b = bits_make(c->arena, 64 * 100);
	struct buf out = {.arena = c->arena};
	for (uint32_t i = 0; i < a.count; i += 3)
		bits_add(&a, i);
	bits_copy(&b, &a);
	bits_add(&b, 3200);
	ewah_append(&out, &b, &a);
	struct ewah e = cut(c, &out);
	assert_int_equal(e.words, 3);
	assert_ok(c, ewah_xor(c, &e, &a));
	assert_memory_equal(a.words, b.words, 800);
}

static void what_git_writes_is_read(void **state)
{
	struct ctx *c = *state;
	/* 2 words of ones and a literal word, of a set of 130 */
	static const char bytes[] = "\0\0\0\x82\0\0\0\2\0\0\0\2\0\0\0\5\0\0\0\0\0\0\0\3\0\0\0\0";
	struct str rest = {bytes, sizeof bytes - 1};
	struct ewah e;
	struct bits got = bits_make(c->arena, 130);
	assert_ok(c, ewah_cut(c, &rest, &e));
	assert_ok(c, ewah_or(c, &e, &got));
	assert_int_equal(bits_count(&got), 130);
}

static void what_does_not_fit_is_refused(void **state)
{
	struct ctx *c = *state;
	struct bits b = bits_make(c->arena, 200);
	struct buf out = {.arena = c->arena};
	bits_add(&b, 199);
	ewah_append(&out, &b, NULL);
	struct ewah e = cut(c, &out);
	for (uint32_t count = 0; count < 199; count++) {
		struct bits small = bits_make(c->arena, count);
		assert_err(c, ewah_or(c, &e, &small), ERR_CORRUPT);
		small = bits_make(c->arena, count);
		assert_err(c, ewah_xor(c, &e, &small), ERR_CORRUPT);
	}
	struct ewah short_one = {e.at, e.words - 1};
	assert_err(c, ewah_or(c, &short_one, &b), ERR_CORRUPT);
	for (size_t len = 0; len < out.len; len++) {
		struct str rest = {out.at, len};
		assert_err(c, ewah_cut(c, &rest, &e), ERR_CORRUPT);
	}
}

static void sets_are_walked_in_order(void **state)
{
	struct ctx *c = *state;
	struct bits b = bits_make(c->arena, 300);
	const uint32_t want[] = {0, 63, 64, 65, 191, 256, 299};
	size_t i = 0;
	for (size_t k = 0; k < 7; k++)
		assert_true(bits_add(&b, want[k]));
	assert_false(bits_add(&b, 64));
	BITS_EACH(bit, &b)
	assert_int_equal(bit, want[i++]);
	assert_int_equal(i, 7);
	assert_int_equal(bits_count(&b), 7);
	struct bits none = {0};
	assert_int_equal(bits_next(&none, 0), BITS_NONE);
}

static void sets_are_combined(void **state)
{
	struct ctx *c = *state;
	struct bits a = bits_make(c->arena, 70), b = bits_make(c->arena, 70);
	bits_add(&a, 1), bits_add(&a, 69), bits_add(&b, 69), bits_add(&b, 3);
	bits_or(&a, &b);
	assert_int_equal(bits_count(&a), 3);
	bits_andnot(&a, &b);
	assert_int_equal(bits_count(&a), 1);
	assert_true(bits_has(&a, 1));
	bits_and(&a, &b);
	assert_int_equal(bits_count(&a), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(runs_take_one_word),
		UNIT_TEST(sets_of_all_sizes_and_kinds_come_back),
		UNIT_TEST(a_difference_is_as_short_as_what_differs),
		UNIT_TEST(what_git_writes_is_read),
		UNIT_TEST(what_does_not_fit_is_refused),
		UNIT_TEST(sets_are_walked_in_order),
		UNIT_TEST(sets_are_combined),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

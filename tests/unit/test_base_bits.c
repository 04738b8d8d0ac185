#include "base/bits.h"

#include "unit.h"

enum { COUNT = 200 };

/* Every range of a set that has all numbers, or all but one. */
static void a_range_is_looked_at_and_removed_as_a_whole(void **state)
{
	struct ctx *c = *state;
	struct bits b = bits_make(c->arena, COUNT);
	for (uint32_t from = 0; from < COUNT; from += 7) {
		for (uint32_t end = from; end <= COUNT; end++) {
			for (uint32_t i = 0; i < COUNT; i++)
				bits_add(&b, i);
			assert_true(bits_has_all(&b, from, end));
			bits_remove_all(&b, from, end);
			assert_int_equal(bits_count(&b), COUNT - (end - from));
			for (uint32_t i = from; i < end; i++)
				assert_false(bits_has(&b, i));
			assert_int_equal(bits_has_all(&b, from, end), from == end);
		}
	}
}

static void one_number_that_lacks_is_seen(void **state)
{
	struct ctx *c = *state;
	for (uint32_t gone = 0; gone < COUNT; gone++) {
		struct bits b = bits_make(c->arena, COUNT);
		for (uint32_t i = 0; i < COUNT; i++)
			if (i != gone)
				bits_add(&b, i);
		assert_false(bits_has_all(&b, 0, COUNT));
		assert_false(bits_has_all(&b, gone, gone + 1));
		assert_true(bits_has_all(&b, 0, gone));
		assert_true(bits_has_all(&b, gone + 1, COUNT));
		for (uint32_t from = 0; from < COUNT; from++)
			assert_int_equal(bits_next_gap(&b, from), from <= gone ? gone : COUNT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_range_is_looked_at_and_removed_as_a_whole),
		UNIT_TEST(one_number_that_lacks_is_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

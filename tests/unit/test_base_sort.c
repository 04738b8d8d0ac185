#include "base/sort.h"

#include "unit.h"

struct item {
	uint32_t key, place;
	char rest[5]; /* so that the size is no power of two */
};

static size_t compared;

static int by_key(const void *a, const void *b, const void *arg)
{
	const struct item *x = a, *y = b;
	compared++;
	assert_string_equal(arg, "arg");
	return (x->key > y->key) - (x->key < y->key);
}

/* Fills with keys below `range`, sorts, and checks order, stability and that nothing was lost. */
static void check(struct ctx *c, size_t count, uint32_t (*key)(size_t i, size_t count))
{
	struct item *items = NEW_ARRAY(c->arena, struct item, count);
	uint64_t sum = 0;
	for (size_t i = 0; i < count; i++) {
		items[i] = (struct item){key(i, count), (uint32_t)i, "rest"};
		sum += items[i].key;
	}
	size_t bytes = c->arena->bytes;
	compared = 0;
	sort_array(c->arena, items, count, sizeof *items, by_key, "arg");
	assert_int_equal(c->arena->bytes, bytes);
	for (size_t i = 0; i < count; i++) {
		sum -= items[i].key;
		assert_string_equal(items[i].rest, "rest");
		if (i > 0 && items[i - 1].key == items[i].key)
			assert_true(items[i - 1].place < items[i].place);
		else if (i > 0)
			assert_true(items[i - 1].key < items[i].key);
	}
	assert_int_equal(sum, 0);
}

static uint32_t same(size_t i, size_t count)
{
	(void)i, (void)count;
	return 7;
}

static uint32_t rising(size_t i, size_t count)
{
	(void)count;
	return (uint32_t)i;
}

static uint32_t falling(size_t i, size_t count)
{
	return (uint32_t)(count - i);
}

static uint32_t mixed(size_t i, size_t count)
{
	(void)count;
	return (uint32_t)i * 2654435761u >> 24;
}

static void every_size_is_sorted_stably(void **state)
{
	struct ctx *c = *state;
	for (size_t count = 0; count < 70; count++) {
		check(c, count, same);
		check(c, count, rising);
		check(c, count, falling);
		check(c, count, mixed);
	}
	check(c, 1000, mixed);
	check(c, 4096, falling);
}

static void no_order_of_the_input_makes_it_slow(void **state)
{
	struct ctx *c = *state;
	static uint32_t (*const keys[])(size_t, size_t) = {same, rising, falling, mixed};
	for (size_t i = 0; i < 4; i++) {
		check(c, 1 << 15, keys[i]);
		assert_in_range(compared, 1, (size_t)(1 << 15) * 19);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(every_size_is_sorted_stably),
		UNIT_TEST(no_order_of_the_input_makes_it_slow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

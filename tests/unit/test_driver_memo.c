#include "unit.h"

#include "driver/memo.h"

static int64_t moved;

static int64_t later(void)
{
	return os_world()->monotonic() + moved;
}

static struct world world;

static void begin(struct ctx *c)
{
	moved = 0;
	world = *os_world();
	world.monotonic = later;
	c->world = &world;
}

static void key_of(size_t number, uint8_t key[MEMO_KEY])
{
	memset(key, 0, MEMO_KEY);
	memcpy(key, &number, sizeof number);
	key[MEMO_KEY - 1] = (uint8_t)number;
}

static void what_is_put_is_there_until_its_time(void **state)
{
	struct ctx *c = *state;
	struct memo *m = memo_open(10);
	uint8_t key[MEMO_KEY], other[MEMO_KEY];
	struct str got;
	begin(c);
	key_of(1, key);
	key_of(2, other);
	assert_false(memo_get(c, m, key, &got));
	memo_put(c, m, key, STR("yes"), 50);
	memo_put(c, m, other, STR(""), 50);
	assert_true(memo_get(c, m, key, &got));
	assert_str(got, "yes");
	assert_true(memo_get(c, m, other, &got));
	assert_int_equal(got.len, 0);
	memo_put(c, m, key, STR("no"), 5000);
	moved = 60000;
	assert_true(memo_get(c, m, key, &got));
	assert_str(got, "no");
	assert_false(memo_get(c, m, other, &got));
	memo_clear(m);
	assert_false(memo_get(c, m, key, &got));
	memo_put(c, m, key, STR("never"), 0);
	assert_false(memo_get(c, m, key, &got));
	memo_close(m);
}

static void it_is_bounded(void **state)
{
	struct ctx *c = *state;
	struct memo *m = memo_open(100);
	uint8_t key[MEMO_KEY];
	struct str got;
	size_t there = 0;
	begin(c);
	for (size_t i = 0; i < 1000; i++) {
		key_of(i, key);
		memo_put(c, m, key, STR("x"), 1000 + (int64_t)i);
	}
	for (size_t i = 0; i < 1000; i++) {
		key_of(i, key);
		there += memo_get(c, m, key, &got);
	}
	assert_in_range(there, 100, 104);
	assert_true(memo_get(c, m, key, &got)); /* the last stays */
	char *much = arena_alloc(c->arena, MEMO_VALUE_MAX + 1);
	key_of(5000, key);
	memo_put(c, m, key, str_from(much, MEMO_VALUE_MAX + 1), 1000);
	assert_false(memo_get(c, m, key, &got));
	memo_close(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_is_put_is_there_until_its_time),
		UNIT_TEST(it_is_bounded),
	};
	return cmocka_run_group_tests_name("driver/memo", tests, NULL, NULL);
}

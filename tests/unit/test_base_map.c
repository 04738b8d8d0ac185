#include "base/map.h"

#include "base/buf.h"
#include "unit.h"

static void what_is_put_is_found(void **state)
{
	struct ctx *c = *state;
	struct map m = {.arena = c->arena, .seed = 42};
	static int values[5000];
	assert_null(map_get(&m, STR("nothing yet")));
	for (int i = 0; i < 5000; i++)
		*map_put(&m, str_of(arena_fmt(c->arena, "key %d", i))) = &values[i];
	assert_int_equal(m.count, 5000);
	for (int i = 0; i < 5000; i++)
		assert_ptr_equal(map_get(&m, str_of(arena_fmt(c->arena, "key %d", i))), &values[i]);
	assert_null(map_get(&m, STR("key 5000")));
	assert_null(map_get(&m, STR("key")));
}

static void putting_again_gives_the_same_place(void **state)
{
	struct ctx *c = *state;
	struct map m = {.arena = c->arena};
	void **place = map_put(&m, STR("a"));
	assert_null(*place);
	*place = c;
	assert_ptr_equal(*map_put(&m, STR("a")), c);
	assert_int_equal(m.count, 1);
}

static void the_empty_key_is_a_key(void **state)
{
	struct ctx *c = *state;
	struct map m = {.arena = c->arena};
	assert_null(map_get(&m, (struct str){0}));
	*map_put(&m, (struct str){0}) = c;
	assert_ptr_equal(map_get(&m, STR("")), c);
	assert_ptr_equal(map_get(&m, (struct str){0}), c);
	assert_int_equal(m.count, 1);
}

static void the_hash_depends_on_seed_length_and_every_byte(void **state)
{
	uint8_t bytes[40] = {0};
	(void)state;
	for (size_t len = 0; len < sizeof bytes; len++) {
		uint64_t plain = bytes_hash(1, bytes, len);
		assert_true(plain == bytes_hash(1, bytes, len));
		assert_true(plain != bytes_hash(2, bytes, len));
		assert_true(plain != bytes_hash(1, bytes, len + 1));
		for (size_t i = 0; i < len; i++) {
			bytes[i] = 1;
			assert_true(plain != bytes_hash(1, bytes, len));
			bytes[i] = 0;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_is_put_is_found),
		UNIT_TEST(putting_again_gives_the_same_place),
		UNIT_TEST(the_empty_key_is_a_key),
		UNIT_TEST(the_hash_depends_on_seed_length_and_every_byte),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

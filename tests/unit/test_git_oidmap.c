#include "git/oidmap.h"

#include "unit.h"

static void ids_are_numbered_in_their_order(void **state)
{
	struct ctx *c = *state;
	for (enum hash_algo algo = HASH_SHA1; algo <= HASH_SHA256; algo++) {
		struct oidmap m;
		struct oid id = oid_zero(algo);
		oidmap_init(&m, c->arena, algo);
		assert_int_equal(oidmap_find(&m, id.hash), OIDMAP_NONE);
		for (uint32_t i = 0; i < 20000; i++) {
			hash_once(algo, &i, sizeof i, id.hash);
			assert_int_equal(oidmap_put(&m, id.hash), i);
		}
		for (uint32_t i = 0; i < 20000; i++) {
			hash_once(algo, &i, sizeof i, id.hash);
			assert_int_equal(oidmap_put(&m, id.hash), i);
			assert_int_equal(oidmap_find(&m, id.hash), i);
			struct oid back = oidmap_oid(&m, i);
			assert_true(oid_eq(&back, &id));
		}
		assert_int_equal(m.count, 20000);
	}
}

static void ids_that_begin_alike_are_told_apart(void **state)
{
	struct ctx *c = *state;
	struct oidmap m;
	struct oid id = oid_zero(HASH_SHA1);
	oidmap_init(&m, c->arena, HASH_SHA1);
	for (uint32_t i = 0; i < 1000; i++) {
		memcpy(id.hash + 16, &i, sizeof i);
		assert_int_equal(oidmap_put(&m, id.hash), i);
	}
	id.hash[0] = 1;
	assert_int_equal(oidmap_find(&m, id.hash), OIDMAP_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(ids_are_numbered_in_their_order),
		UNIT_TEST(ids_that_begin_alike_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

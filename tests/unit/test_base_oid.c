#include "base/oid.h"

#include "unit.h"

static const char sha1[] = "a9993e364706816aba3e25717850c26c9cd0d89d";
static const char sha256[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static void ids_round_trip_through_hex(void **state)
{
	struct oid id;
	char hex[OID_HEX_MAX];
	(void)state;
	assert_true(oid_parse(HASH_SHA1, str_of(sha1), &id));
	assert_int_equal(id.algo, HASH_SHA1);
	assert_string_equal(oid_hex(&id, hex), sha1);
	assert_true(oid_parse(HASH_SHA256, str_of(sha256), &id));
	assert_int_equal(id.algo, HASH_SHA256);
	assert_string_equal(oid_hex(&id, hex), sha256);
	assert_true(oid_parse(HASH_SHA1, STR("A9993E364706816ABA3E25717850C26C9CD0D89D"), &id));
	assert_string_equal(oid_hex(&id, hex), sha1);
}

static void only_the_algorithms_length_is_an_id(void **state)
{
	struct oid id;
	(void)state;
	assert_false(oid_parse(HASH_SHA1, str_until(str_of(sha1), 39), &id));
	assert_false(oid_parse(HASH_SHA1, str_of(sha256), &id));
	assert_false(oid_parse(HASH_SHA256, str_of(sha1), &id));
	assert_false(oid_parse(HASH_SHA1, STR(""), &id));
	assert_false(oid_parse(HASH_SHA1, STR("g9993e364706816aba3e25717850c26c9cd0d89d"), &id));
	assert_false(oid_parse(HASH_SHA1, STR(" 9993e364706816aba3e25717850c26c9cd0d89d"), &id));
}

static void the_zero_id_is_known(void **state)
{
	struct oid zero = oid_zero(HASH_SHA1), id;
	char hex[OID_HEX_MAX];
	(void)state;
	assert_true(oid_is_zero(&zero));
	assert_string_equal(oid_hex(&zero, hex), "0000000000000000000000000000000000000000");
	assert_true(oid_parse(HASH_SHA1, str_of(hex), &id));
	assert_true(oid_is_zero(&id) && oid_eq(&id, &zero));
	assert_true(oid_parse(HASH_SHA1, str_of(sha1), &id));
	assert_false(oid_is_zero(&id));
}

static void order_is_by_hash_then_algorithm(void **state)
{
	uint8_t bytes[HASH_MAX] = {0};
	(void)state;
	struct oid a = oid_from_bytes(HASH_SHA1, bytes), b = oid_from_bytes(HASH_SHA256, bytes);
	assert_true(oid_cmp(&a, &b) < 0 && !oid_eq(&a, &b));
	bytes[19] = 1;
	b = oid_from_bytes(HASH_SHA1, bytes);
	assert_true(oid_cmp(&a, &b) < 0);
	assert_true(oid_cmp(&b, &a) > 0);
	memset(bytes + 20, 0xff, 12);
	a = oid_from_bytes(HASH_SHA1, bytes);
	assert_true(oid_eq(&a, &b)); /* what lies behind a SHA-1 is no part of it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(ids_round_trip_through_hex),
		UNIT_TEST(only_the_algorithms_length_is_an_id),
		UNIT_TEST(the_zero_id_is_known),
		UNIT_TEST(order_is_by_hash_then_algorithm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

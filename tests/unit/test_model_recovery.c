#include "model/recovery.h"

#include "unit.h"

static void a_set_has_ten_codes_of_their_own(void **state)
{
	struct ctx *c = *state;
	struct recovery_code codes[RECOVERY_CODES];
	recovery_make(c, codes);
	for (size_t i = 0; i < RECOVERY_CODES; i++) {
		char hash[RECOVERY_HASH];
		assert_int_equal(strlen(codes[i].text), 19);
		for (size_t k = 0; k < 19; k++)
			assert_non_null(
				strchr(k % 5 == 4 ? "-" : "0123456789ABCDEFGHJKMNPQRSTVWXYZ",
					codes[i].text[k]));
		assert_true(recovery_hash(str_of(codes[i].text), hash));
		assert_string_equal(hash, codes[i].hash);
		assert_int_equal(strlen(hash), RECOVERY_HASH - 1);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(codes[k].hash, codes[i].hash);
	}
}

/* What is stored must be found by later versions too. */
static void a_hash_stays_what_it_is(void **state)
{
	(void)state;
	char hash[RECOVERY_HASH];
	assert_true(recovery_hash(STR("0123-4567-89AB-CDEF"), hash));
	assert_string_equal(
		hash, "e68b8e72c705acd8ed1a76a02b48003070cd3ee50702a2ed23bd5058c621d4d5");
}

static void people_type_as_they_like(void **state)
{
	(void)state;
	char want[RECOVERY_HASH], got[RECOVERY_HASH];
	assert_true(recovery_hash(STR("01AB-CDEF-GHJK-MNPQ"), want));
	static const char *const same[] = {"01abcdefghjkmnpq", "OIab cdef ghjk mnpq",
		"ol-ab-cd-ef-gh-jk-mn-pq", " 01AB-CDEF-GHJK-MNPQ\r\n"};
	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		assert_true(recovery_hash(str_of(same[i]), got));
		assert_string_equal(got, want);
	}
	static const char *const bad[] = {"", "01AB-CDEF-GHJK-MNP", "01AB-CDEF-GHJK-MNPQR",
		"01AB-CDEF-GHJK-MNPU", "01AB\nCDEF-GHJK-MNPQ", "123456"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(recovery_hash(str_of(bad[i]), got));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_set_has_ten_codes_of_their_own),
		UNIT_TEST(a_hash_stays_what_it_is),
		UNIT_TEST(people_type_as_they_like),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/base32.h"

#include "unit.h"

/* RFC 4648, 10; without the padding. */
static void base32_is_that_of_rfc_4648(void **state)
{
	struct ctx *c = *state;
	assert_str(base32_encode(c->arena, STR("")), "");
	assert_str(base32_encode(c->arena, STR("f")), "MY");
	assert_str(base32_encode(c->arena, STR("fo")), "MZXQ");
	assert_str(base32_encode(c->arena, STR("foo")), "MZXW6");
	assert_str(base32_encode(c->arena, STR("foob")), "MZXW6YQ");
	assert_str(base32_encode(c->arena, STR("fooba")), "MZXW6YTB");
	assert_str(base32_encode(c->arena, STR("foobar")), "MZXW6YTBOI");
}

static void crockford_gives_back_what_it_wrote(void **state)
{
	struct ctx *c = *state;
	for (size_t len = 0; len < 40; len++) {
		char bytes[40], back[40] = {0};
		c->world->random(bytes, sizeof bytes);
		struct str text = crockford_encode(c->arena, str_from(bytes, len));
		assert_int_equal(text.len, (len * 8 + 4) / 5);
		assert_true(crockford_decode(text, back, len));
		assert_memory_equal(bytes, back, len);
		assert_false(crockford_decode(text, back, len + 1));
		if (len)
			assert_false(crockford_decode(text, back, len - 1));
	}
}

static void crockford_takes_what_people_type(void **state)
{
	struct ctx *c = *state;
	char want[5], got[5];
	assert_str(crockford_encode(c->arena, STR("\x08\x61\x02\x9b\x4a")), "11GG56TA");
	assert_true(crockford_decode(STR("11GG56TA"), want, 5));
	static const char *const same[] = {
		"11gg56ta", "il-gg 56-ta", "LIGG56TA", " 1-1-G-G-5-6-T-A--"};
	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		assert_true(crockford_decode(str_of(same[i]), got, 5));
		assert_memory_equal(want, got, 5);
	}
	assert_true(crockford_decode(STR("oO00oooo"), got, 5));
	assert_memory_equal(got, "\0\0\0\0\0", 5);
}

static void crockford_refuses_the_rest(void **state)
{
	(void)state;
	char out[5];
	static const char *const bad[] = {"", "11GG56T", "11GG56TAA", "U1GG56TA", "11GG56T!",
		"11GG_56TA", "11GG56T\xc3\xa4", "11GG.56TA"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(crockford_decode(str_of(bad[i]), out, 5));
	assert_false(crockford_decode(str_from("11GG\00056TA", 9), out, 5));
	/* One byte is two letters, of which two bits are over: they are zero. */
	assert_true(crockford_decode(STR("ZW"), out, 1));
	assert_false(crockford_decode(STR("ZX"), out, 1));
	assert_false(crockford_decode(STR("ZZ"), out, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(base32_is_that_of_rfc_4648),
		UNIT_TEST(crockford_gives_back_what_it_wrote),
		UNIT_TEST(crockford_takes_what_people_type),
		UNIT_TEST(crockford_refuses_the_rest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/aead.h"

#include "base/hex.h"
#include "unit.h"

static const uint8_t *hex(struct ctx *c, const char *digits)
{
	size_t len = strlen(digits) / 2;
	uint8_t *bytes = arena_raw(c->arena, len);
	assert_true(hex_decode(digits, len, bytes));
	return bytes;
}

/* draft-irtf-cfrg-xchacha-03, A.3.1. */
static void it_gives_the_vector_of_the_draft(void **state)
{
	struct ctx *c = *state;
	const uint8_t *key =
		hex(c, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
	const uint8_t *nonce = hex(c, "404142434445464748494a4b4c4d4e4f5051525354555657");
	struct str bound = str_from(hex(c, "50515253c0c1c2c3c4c5c6c7"), 12);
	struct str plain = STR("Ladies and Gentlemen of the class of '99: If I could offer you "
			       "only one tip for the future, sunscreen would be it.");
	static const char want[] =
		"bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
		"731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
		"2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
		"21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780a"
		"cf49";
	uint8_t closed[114 + AEAD_TAG], open[114];
	assert_int_equal(plain.len, 114);
	aead_close(key, nonce, bound, plain, closed);
	assert_memory_equal(closed, hex(c, want), sizeof closed);
	assert_true(aead_open(key, nonce, bound, str_from(closed, sizeof closed), open));
	assert_true(str_eq(str_from(open, sizeof open), plain));
}

static void nothing_else_opens_it(void **state)
{
	static const uint8_t key[AEAD_KEY] = {1}, other[AEAD_KEY] = {2};
	static const uint8_t nonce[AEAD_NONCE] = {3}, later[AEAD_NONCE] = {4};
	uint8_t closed[5 + AEAD_TAG], open[5];
	struct str all = str_from(closed, sizeof closed);
	(void)state;
	aead_close(key, nonce, STR("of me"), STR("plain"), closed);
	assert_true(aead_open(key, nonce, STR("of me"), all, open));
	assert_false(aead_open(other, nonce, STR("of me"), all, open));
	assert_false(aead_open(key, later, STR("of me"), all, open));
	assert_false(aead_open(key, nonce, STR("of you"), all, open));
	assert_false(aead_open(key, nonce, STR("of me"), str_until(all, all.len - 1), open));
	assert_false(aead_open(key, nonce, STR("of me"), str_until(all, 3), open));
	closed[0] ^= 1;
	assert_false(aead_open(key, nonce, STR("of me"), all, open));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(it_gives_the_vector_of_the_draft),
		UNIT_TEST(nothing_else_opens_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

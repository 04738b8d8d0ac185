#include "base/hmac.h"

#include "base/hex.h"

#include "unit.h"

static void assert_mac(struct str key, struct str message, const char *want)
{
	uint8_t digest[HASH_MAX];
	char hex[65] = {0};
	hmac_sha256(key, message, digest);
	hex_encode(digest, 32, hex);
	assert_string_equal(hex, want);
}

static void it_gives_the_vectors_of_rfc_4231(void **state)
{
	char key[131], data[50];
	(void)state;
	memset(key, 0x0b, 20);
	assert_mac(str_from(key, 20), STR("Hi There"),
		"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	assert_mac(STR("Jefe"), STR("what do ya want for nothing?"),
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	memset(data, 0xdd, sizeof data);
	assert_mac(str_from(key, 20), str_from(data, sizeof data),
		"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
	assert_mac(str_from(key, sizeof key),
		STR("Test Using Larger Than Block-Size Key - Hash Key First"),
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void assert_sha1_mac(struct str key, struct str message, const char *want)
{
	uint8_t digest[HASH_MAX];
	char hex[41] = {0};
	hmac(HASH_SHA1, key, message, digest);
	hex_encode(digest, 20, hex);
	assert_string_equal(hex, want);
}

static void it_gives_the_vectors_of_rfc_2202(void **state)
{
	char key[80], data[50];
	(void)state;
	memset(key, 0x0b, 20);
	assert_sha1_mac(
		str_from(key, 20), STR("Hi There"), "b617318655057264e28bc0b6fb378c8ef146be00");
	assert_sha1_mac(STR("Jefe"), STR("what do ya want for nothing?"),
		"effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
	memset(key, 0xaa, sizeof key);
	memset(data, 0xdd, sizeof data);
	assert_sha1_mac(str_from(key, 20), str_from(data, sizeof data),
		"125d7342b9ac11cd91a39af48aa17b4f63f175d3");
	assert_sha1_mac(str_from(key, sizeof key),
		STR("Test Using Larger Than Block-Size Key - Hash Key First"),
		"aa4ae5e15272d00e95705637ce8a3b55ed402112");
}

int main(void)
{
	const struct CMUnitTest tests[] = {UNIT_TEST(it_gives_the_vectors_of_rfc_4231),
		UNIT_TEST(it_gives_the_vectors_of_rfc_2202)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

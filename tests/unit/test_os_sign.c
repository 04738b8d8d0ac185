#include "base/sign.h"

#include "base/hex.h"
#include "unit.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

static struct str hex(struct ctx *c, const char *digits)
{
	size_t len = strlen(digits) / 2;
	char *bytes = arena_raw(c->arena, len);
	assert_true(hex_decode(digits, len, bytes));
	return str_from(bytes, len);
}

/* The same with its last bit turned. */
static struct str turned(struct ctx *c, struct str s)
{
	char *bytes = arena_raw(c->arena, s.len);
	memcpy(bytes, s.at, s.len);
	bytes[s.len - 1] ^= 1;
	return str_from(bytes, s.len);
}

static struct str openssl_sign(
	struct ctx *c, EVP_PKEY *key, const EVP_MD *hash, const char *message)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = 1024;
	uint8_t *bytes = arena_raw(c->arena, len);
	assert_int_equal(EVP_DigestSignInit(ctx, NULL, hash, NULL, key), 1);
	assert_int_equal(
		EVP_DigestSign(ctx, bytes, &len, (const uint8_t *)message, strlen(message)), 1);
	EVP_MD_CTX_free(ctx);
	return str_from(bytes, len);
}

static struct str bytes_of(struct ctx *c, const BIGNUM *n)
{
	uint8_t *bytes = arena_raw(c->arena, (size_t)BN_num_bytes(n));
	return str_from(bytes, (size_t)BN_bn2bin(n, bytes));
}

/* FIPS 180-4's example. */
static void sha512_is_sha512(void **state)
{
	struct ctx *c = *state;
	uint8_t digest[SHA512_BYTES];
	sign_sha512(STR("abc"), digest);
	assert_true(str_eq(str_from(digest, sizeof digest),
		hex(c, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		       "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")));
}

/* RFC 8032, 7.1, TEST 2. */
static void ed25519_of_the_specification_is_verified(void **state)
{
	struct ctx *c = *state;
	struct str key = hex(c, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
	struct str signature =
		hex(c, "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
		       "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
	const uint8_t *k = (const uint8_t *)key.at, *s = (const uint8_t *)signature.at;
	assert_true(sign_ed25519_ok(k, s, STR("\x72")));
	assert_false(sign_ed25519_ok(k, s, STR("\x73")));
	assert_false(sign_ed25519_ok(k, s, STR("")));
	assert_false(sign_ed25519_ok((const uint8_t *)turned(c, key).at, s, STR("\x72")));
	assert_false(sign_ed25519_ok(k, (const uint8_t *)turned(c, signature).at, STR("\x72")));
}

/* RFC 6979, A.2.5. */
static void ecdsa_of_the_specification_is_verified(void **state)
{
	struct ctx *c = *state;
	struct sign_ecdsa ecdsa = {.bits = 256,
		.point = hex(c, "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
				"7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"),
		.r = hex(c, "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"),
		.s = hex(c, "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8")};
	assert_true(sign_ecdsa_ok(&ecdsa, STR("sample")));
	assert_false(sign_ecdsa_ok(&ecdsa, STR("Sample")));
}

static const struct {
	const char *curve;
	const char *hash;
	int bits;
} curves[] = {{"P-256", "SHA256", 256}, {"P-384", "SHA384", 384}, {"P-521", "SHA512", 521}};

/* A new key's signature over "message". */
static struct sign_ecdsa sign_with_new_key(struct ctx *c, size_t which)
{
	struct sign_ecdsa out = {.bits = curves[which].bits};
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curves[which].curve);
	uint8_t *point = arena_raw(c->arena, 256);
	assert_int_equal(EVP_PKEY_get_octet_string_param(
				 key, OSSL_PKEY_PARAM_PUB_KEY, point, 256, &out.point.len),
		1);
	out.point.at = (const char *)point;
	struct str der = openssl_sign(c, key, EVP_get_digestbyname(curves[which].hash), "message");
	const uint8_t *at = (const uint8_t *)der.at;
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)der.len);
	out.r = bytes_of(c, ECDSA_SIG_get0_r(pair));
	out.s = bytes_of(c, ECDSA_SIG_get0_s(pair));
	ECDSA_SIG_free(pair);
	EVP_PKEY_free(key);
	return out;
}

static void ecdsa_is_verified_on_each_curve(void **state)
{
	struct ctx *c = *state;
	for (size_t i = 0; i < 3; i++) {
		struct sign_ecdsa good = sign_with_new_key(c, i), bad = good;
		assert_true(sign_ecdsa_ok(&good, STR("message")));
		assert_false(sign_ecdsa_ok(&good, STR("massage")));
		bad.r = turned(c, good.r);
		assert_false(sign_ecdsa_ok(&bad, STR("message")));
		bad.r = good.s;
		bad.s = good.r;
		assert_false(sign_ecdsa_ok(&bad, STR("message")));
		bad = good;
		bad.point = sign_with_new_key(c, i).point;
		assert_false(sign_ecdsa_ok(&bad, STR("message")));
	}
}

/* What is no number of the curve, or no point of it. */
static void ecdsa_of_no_key_is_refused(void **state)
{
	struct ctx *c = *state;
	for (size_t i = 0; i < 3; i++) {
		struct sign_ecdsa good = sign_with_new_key(c, i);
		char *point = arena_raw(c->arena, good.point.len);
		memcpy(point, good.point.at, good.point.len);
		const struct sign_ecdsa bad[] = {
			{.bits = good.bits,
				.point = turned(c, good.point),
				.r = good.r,
				.s = good.s},
			{.bits = good.bits, .point = {0}, .r = good.r, .s = good.s},
			{.bits = good.bits, .point = STR("\0"), .r = good.r, .s = good.s},
			{.bits = good.bits,
				.point = str_until(good.point, good.point.len - 1),
				.r = good.r,
				.s = good.s},
			{.bits = good.bits,
				.point = str_from(point, good.point.len),
				.r = good.r,
				.s = good.s},
			{.bits = good.bits, .point = good.point, .r = {0}, .s = good.s},
			{.bits = good.bits, .point = good.point, .r = good.r, .s = {0}},
			{.bits = good.bits, .point = good.point, .r = STR("\0"), .s = STR("\0")},
			{.bits = good.bits, .point = good.point, .r = good.point, .s = good.s},
			{.bits = good.bits == 256 ? 384 : 256,
				.point = good.point,
				.r = good.r,
				.s = good.s},
		};
		point[0] = 6;
		for (size_t j = 0; j < sizeof bad / sizeof *bad; j++)
			assert_false(sign_ecdsa_ok(&bad[j], STR("message")));
	}
}

static EVP_PKEY *new_rsa(struct ctx *c, struct sign_rsa *out)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	BIGNUM *n = NULL, *e = NULL;
	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e), 1);
	*out = (struct sign_rsa){
		.modulus = bytes_of(c, n), .exponent = bytes_of(c, e), .bits = 256};
	BN_free(n);
	BN_free(e);
	return key;
}

static void rsa_is_verified_with_its_hash(void **state)
{
	struct ctx *c = *state;
	struct sign_rsa rsa;
	EVP_PKEY *key = new_rsa(c, &rsa);
	struct str by_256 = openssl_sign(c, key, EVP_sha256(), "message");
	struct str by_512 = openssl_sign(c, key, EVP_sha512(), "message");
	assert_true(sign_rsa_ok(&rsa, by_256, STR("message")));
	assert_false(sign_rsa_ok(&rsa, by_512, STR("message")));
	assert_false(sign_rsa_ok(&rsa, by_256, STR("massage")));
	assert_false(sign_rsa_ok(&rsa, turned(c, by_256), STR("message")));
	assert_false(sign_rsa_ok(&rsa, str_until(by_256, by_256.len - 1), STR("message")));
	assert_false(sign_rsa_ok(&rsa, (struct str){0}, STR("message")));
	rsa.bits = 512;
	assert_true(sign_rsa_ok(&rsa, by_512, STR("message")));
	rsa.modulus = turned(c, rsa.modulus);
	assert_false(sign_rsa_ok(&rsa, by_512, STR("message")));
	rsa.modulus = (struct str){0};
	assert_false(sign_rsa_ok(&rsa, by_512, STR("message")));
	EVP_PKEY_free(key);
}

static void rsa_pss_is_not_pkcs1(void **state)
{
	struct ctx *c = *state;
	struct sign_rsa rsa;
	EVP_PKEY *key = new_rsa(c, &rsa);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *how = NULL;
	uint8_t bytes[256];
	size_t len = sizeof bytes;
	assert_int_equal(EVP_DigestSignInit(ctx, &how, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST), 1);
	assert_int_equal(EVP_DigestSign(ctx, bytes, &len, (const uint8_t *)"message", 7), 1);
	struct str by_pss = str_from(bytes, len);
	struct str by_pkcs1 = openssl_sign(c, key, EVP_sha256(), "message");
	assert_false(sign_rsa_ok(&rsa, by_pss, STR("message")));
	rsa.pss = true;
	assert_true(sign_rsa_ok(&rsa, by_pss, STR("message")));
	assert_false(sign_rsa_ok(&rsa, by_pss, STR("massage")));
	assert_false(sign_rsa_ok(&rsa, by_pkcs1, STR("message")));
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
}

/* RFC 8032, 7.1, TEST 2: Ed25519's signatures are always the same. */
static void ed25519_makes_the_signature_of_the_specification(void **state)
{
	struct ctx *c = *state;
	struct str secret =
		hex(c, "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
	uint8_t key[ED25519_KEY], signature[ED25519_SIGNATURE];
	sign_ed25519_public((const uint8_t *)secret.at, key);
	sign_ed25519_make((const uint8_t *)secret.at, STR("\x72"), signature);
	assert_true(str_eq(str_from(key, sizeof key),
		hex(c, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")));
	assert_true(str_eq(str_from(signature, sizeof signature),
		hex(c, "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
		       "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")));
}

/* The key of RFC 6979, A.2.5. */
static void p256_makes_what_it_verifies(void **state)
{
	struct ctx *c = *state;
	struct str secret =
		hex(c, "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
	uint8_t point[P256_POINT], signature[P256_SIGNATURE];
	assert_true(sign_p256_public((const uint8_t *)secret.at, point));
	assert_true(str_eq(str_from(point, sizeof point),
		hex(c, "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
		       "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299")));
	for (int i = 0; i < 20; i++) {
		sign_p256_make((const uint8_t *)secret.at, STR("message"), signature);
		struct sign_ecdsa made = {.bits = 256,
			.point = str_from(point, sizeof point),
			.r = str_from(signature, 32),
			.s = str_from(signature + 32, 32)};
		assert_true(sign_ecdsa_ok(&made, STR("message")));
		assert_false(sign_ecdsa_ok(&made, STR("massage")));
	}
}

static void what_is_no_number_of_the_curve_is_no_secret(void **state)
{
	struct ctx *c = *state;
	uint8_t point[P256_POINT], zero[SIGN_SECRET] = {0};
	struct str order =
		hex(c, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
	assert_false(sign_p256_public(zero, point));
	assert_false(sign_p256_public((const uint8_t *)order.at, point));
	assert_true(sign_p256_public((const uint8_t *)turned(c, order).at, point));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(sha512_is_sha512),
		UNIT_TEST(ed25519_of_the_specification_is_verified),
		UNIT_TEST(ecdsa_of_the_specification_is_verified),
		UNIT_TEST(ecdsa_is_verified_on_each_curve),
		UNIT_TEST(ecdsa_of_no_key_is_refused),
		UNIT_TEST(rsa_is_verified_with_its_hash),
		UNIT_TEST(rsa_pss_is_not_pkcs1),
		UNIT_TEST(ed25519_makes_the_signature_of_the_specification),
		UNIT_TEST(p256_makes_what_it_verifies),
		UNIT_TEST(what_is_no_number_of_the_curve_is_no_secret),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/jwk.h"

#include "base/hex.h"
#include "unit.h"

#define ED25519_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define P256_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define P256_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define RSA_N                                                                                      \
	"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"  \
	"BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_" \
	"FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-"        \
	"bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"

#define ED25519 "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED25519_X "\"}"
#define P256 "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}"
#define RSA "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\"}"

static enum err parse(struct ctx *c, const char *text, struct jwk *out)
{
	struct json *object;
	assert_ok(c, json_parse(c, str_of(text), &object));
	return jwk_parse(c, object, out);
}

/* RFC 8037, A.2 to A.4. */
static void ed25519_of_the_specification(void **state)
{
	struct ctx *c = *state;
	struct jwk key;
	char signature[66];
	size_t len;
	assert_ok(c, parse(c, ED25519, &key));
	assert_int_equal(key.alg, JWS_EDDSA);
	assert_str(jwk_thumbprint(c->arena, &key), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
	assert_true(base64url_decode(STR("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4i"
					 "ylGjg5BhVsPt9g7sVvpAr_MuM0KAg"),
		signature, &len));
	struct str message = STR("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
	assert_true(jwk_verify(&key, message, str_from(signature, len)));
	assert_false(jwk_verify(&key, message, str_from(signature, len - 1)));
	signature[3] ^= 1;
	assert_false(jwk_verify(&key, message, str_from(signature, len)));
}

/* RFC 8037, A.1 and A.4: the signature is always the same. */
static void ed25519_signs_as_the_specification(void **state)
{
	struct ctx *c = *state;
	struct jwk_secret key;
	char secret[34];
	size_t len;
	assert_true(
		base64url_decode(STR("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"), secret, &len));
	assert_ok(c, jwk_secret_open(c, JWS_EDDSA, str_from(secret, len), &key));
	assert_str(base64url_encode(c->arena, key.public.point), ED25519_X);
	assert_str(key.public.kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
	assert_str(
		base64url_encode(c->arena,
			jwk_sign(c->arena, &key,
				STR("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"))),
		"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4i"
		"ylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
}

/* RFC 7638, 3.1. */
static void the_thumbprint_of_the_specification(void **state)
{
	struct ctx *c = *state;
	struct jwk key;
	assert_ok(c, parse(c, RSA, &key));
	assert_int_equal(key.alg, JWS_RS256);
	assert_str(jwk_thumbprint(c->arena, &key), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

static void a_key_says_what_it_is_for(void **state)
{
	struct ctx *c = *state;
	struct jwk key;
	static const enum jws_alg algs[] = {JWS_RS256, JWS_RS512, JWS_PS256};
	for (size_t i = 0; i < 3; i++) {
		assert_ok(c, parse(c,
				     arena_fmt(c->arena,
					     "{\"kty\":\"RSA\",\"n\":\"" RSA_N
					     "\",\"e\":\"AQAB\",\"use\":\"sig\",\"alg\":\"%s\","
					     "\"kid\":\"k\"}",
					     jws_alg_name(algs[i])),
				     &key));
		assert_int_equal(key.alg, algs[i]);
		assert_str(key.kid, "k");
	}
}

static void unknown_keys_are_unsupported(void **state)
{
	struct ctx *c = *state;
	static const char *const texts[] = {
		"{\"kty\":\"oct\",\"k\":\"AAAA\"}",
		"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" ED25519_X "\"}",
		"{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ES384\",\"x\":\"" P256_X
		"\",\"y\":\"" P256_Y "\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\",\"alg\":\"HS256\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\",\"alg\":\"none\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\",\"alg\":7}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\",\"use\":\"enc\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\",\"key_ops\":[\"wrapKey\"]}",
		"{}",
	};
	struct jwk key;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_err(c, parse(c, texts[i], &key), ERR_UNSUPPORTED);
}

static void rsa_keys_have_a_fit_length(void **state)
{
	struct ctx *c = *state;
	struct jwk key;
	static const struct {
		size_t bytes;
		bool fits;
	} lengths[] = {{126, false}, {255, false}, {256, true}, {1024, true}, {1025, false}};
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		char *n = arena_raw(c->arena, lengths[i].bytes);
		memset(n, 0xff, lengths[i].bytes);
		const char *text =
			arena_fmt(c->arena, "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"%s\"}",
				base64url_encode(c->arena, str_from(n, lengths[i].bytes)).at);
		if (lengths[i].fits)
			assert_ok(c, parse(c, text, &key));
		else
			assert_err(c, parse(c, text, &key), ERR_UNSUPPORTED);
	}
}

static void damaged_keys_are_invalid(void **state)
{
	struct ctx *c = *state;
	static const char *const texts[] = {
		"[]",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED25519_X "=\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED25519_X "\",\"d\":\"" ED25519_X
		"\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED25519_X "\",\"kid\":\"\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED25519_X "\",\"kid\":7}",
		"{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQ\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"Ag\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAAAAE\"}",
		"{\"kty\":\"RSA\",\"n\":\"AAAA\",\"e\":\"AQAB\"}",
	};
	struct jwk key;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_err(c, parse(c, texts[i], &key), ERR_INVALID);
}

static void a_set_passes_over_what_it_cannot_use(void **state)
{
	struct ctx *c = *state;
	struct jwks keys;
	assert_ok(c, jwks_parse(c,
			     STR("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}," P256 ",7," ED25519
				 ",{\"kty\":\"EC\",\"crv\":\"P-256\"}]}"),
			     &keys));
	assert_int_equal(keys.count, 2);
	assert_int_equal(keys.at[0].alg, JWS_ES256);
	assert_int_equal(keys.at[1].alg, JWS_EDDSA);
	assert_int_equal(c->error.kind, OK);
	assert_ok(c, jwks_parse(c, STR("{\"keys\":[]}"), &keys));
	assert_int_equal(keys.count, 0);
}

static void what_is_no_set_is_refused(void **state)
{
	struct ctx *c = *state;
	struct jwks keys;
	static const char *const texts[] = {"", "{}", "[]", "{\"keys\":{}}", "{\"keys\":[", ED25519,
		"{\"keys\":[],\"keys\":[]}"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_err(c, jwks_parse(c, str_of(texts[i]), &keys), ERR_INVALID);
	struct str huge = {arena_alloc(c->arena, JWKS_TEXT_MAX + 1), JWKS_TEXT_MAX + 1};
	assert_err(c, jwks_parse(c, huge, &keys), ERR_TOO_BIG);
}

static void a_set_is_looked_at_to_its_cap(void **state)
{
	struct ctx *c = *state;
	struct jwks keys;
	struct buf text = {.arena = c->arena};
	buf_cstr(&text, "{\"keys\":[" ED25519);
	for (int i = 0; i < 2 * JWKS_MAX; i++)
		buf_cstr(&text, "," ED25519);
	buf_cstr(&text, "]}");
	assert_ok(c, jwks_parse(c, buf_view(&text), &keys));
	assert_int_equal(keys.count, JWKS_MAX);
}

static void a_key_is_found_by_name_and_algorithm(void **state)
{
	struct ctx *c = *state;
	struct jwk all[4] = {{.alg = JWS_EDDSA, .kid = STR("a")},
		{.alg = JWS_ES256, .kid = STR("a")}, {.alg = JWS_ES256, .kid = STR("b")},
		{.alg = JWS_RS256}};
	struct jwks keys = {all, 4};
	(void)c;
	assert_ptr_equal(jwks_find(&keys, STR("a"), JWS_EDDSA), &all[0]);
	assert_ptr_equal(jwks_find(&keys, STR("a"), JWS_ES256), &all[1]);
	assert_ptr_equal(jwks_find(&keys, STR("b"), JWS_ES256), &all[2]);
	assert_null(jwks_find(&keys, STR("b"), JWS_EDDSA));
	assert_null(jwks_find(&keys, STR("c"), JWS_ES256));
	/* Without a name only what cannot be meant otherwise. */
	assert_ptr_equal(jwks_find(&keys, (struct str){0}, JWS_EDDSA), &all[0]);
	assert_ptr_equal(jwks_find(&keys, (struct str){0}, JWS_RS256), &all[3]);
	assert_null(jwks_find(&keys, (struct str){0}, JWS_ES256));
	/* Two keys that cannot be told apart are none. */
	all[2].kid = STR("a");
	assert_null(jwks_find(&keys, STR("a"), JWS_ES256));
}

static void what_is_printed_is_read_again(void **state)
{
	struct ctx *c = *state;
	struct jwks keys, again;
	struct buf text = {.arena = c->arena};
	struct json_writer w = {.out = &text};
	assert_ok(c, jwks_parse(c, STR("{\"keys\":[" P256 "," ED25519 "," RSA "]}"), &keys));
	keys.at[0].kid = STR("one");
	jwks_print(&w, &keys);
	assert_ok(c, jwks_parse(c, buf_view(&text), &again));
	assert_int_equal(again.count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(again.at[i].alg, keys.at[i].alg);
		assert_true(str_eq(again.at[i].kid, keys.at[i].kid));
		assert_true(str_eq(jwk_thumbprint(c->arena, &again.at[i]),
			jwk_thumbprint(c->arena, &keys.at[i])));
	}
}

static void our_keys_sign(void **state)
{
	struct ctx *c = *state;
	static const enum jws_alg algs[] = {JWS_EDDSA, JWS_ES256};
	for (size_t i = 0; i < 2; i++) {
		struct jwk_secret key, other, again;
		jwk_make(c, algs[i], &key);
		jwk_make(c, algs[i], &other);
		struct str signature = jwk_sign(c->arena, &key, STR("message"));
		assert_true(jwk_verify(&key.public, STR("message"), signature));
		assert_false(jwk_verify(&key.public, STR("massage"), signature));
		assert_false(jwk_verify(&other.public, STR("message"), signature));
		assert_ok(c,
			jwk_secret_open(c, algs[i], str_from(key.bytes, sizeof key.bytes), &again));
		assert_true(str_eq(again.public.kid, key.public.kid));
	}
}

static void what_is_no_secret_is_refused(void **state)
{
	struct ctx *c = *state;
	struct jwk_secret key;
	uint8_t zero[SIGN_SECRET] = {0};
	assert_err(c, jwk_secret_open(c, JWS_EDDSA, STR("short"), &key), ERR_INVALID);
	assert_err(c, jwk_secret_open(c, JWS_ES256, STR("short"), &key), ERR_INVALID);
	assert_err(
		c, jwk_secret_open(c, JWS_ES256, str_from(zero, sizeof zero), &key), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(ed25519_of_the_specification),
		UNIT_TEST(ed25519_signs_as_the_specification),
		UNIT_TEST(the_thumbprint_of_the_specification),
		UNIT_TEST(a_key_says_what_it_is_for),
		UNIT_TEST(unknown_keys_are_unsupported),
		UNIT_TEST(rsa_keys_have_a_fit_length),
		UNIT_TEST(damaged_keys_are_invalid),
		UNIT_TEST(a_set_passes_over_what_it_cannot_use),
		UNIT_TEST(what_is_no_set_is_refused),
		UNIT_TEST(a_set_is_looked_at_to_its_cap),
		UNIT_TEST(a_key_is_found_by_name_and_algorithm),
		UNIT_TEST(what_is_printed_is_read_again),
		UNIT_TEST(our_keys_sign),
		UNIT_TEST(what_is_no_secret_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

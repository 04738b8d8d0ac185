/* model/cose.h: keys and signatures of each kind; what is damaged, weak or of another kind is refused. */
#include "authenticator.h"

static enum err take(struct ctx *c, struct str bytes, struct cose_key *out)
{
	TRY(cose_key_take(c, &bytes, out));
	assert_int_equal(bytes.len, 0);
	return OK;
}

static struct str bytes_of(struct ctx *c, const char *digits)
{
	size_t len = strlen(digits) / 2;
	char *bytes = arena_raw(c->arena, len + 1);
	assert_true(hex_decode(digits, len, bytes));
	return str_from(bytes, len);
}

static void each_kind_signs_and_nothing_else_is_its_signature(void **state)
{
	struct ctx *c = *state;
	static const enum cose_algorithm all[] = {COSE_ES256, COSE_EDDSA, COSE_RS256};
	for (size_t i = 0; i < 3; i++) {
		struct authenticator *a = authenticator_make(c, all[i], "");
		struct authenticator *other = authenticator_make(c, all[i], "");
		struct cose_key key, wrong;
		assert_ok(c, take(c, authenticator_key(a), &key));
		assert_int_equal(key.algorithm, all[i]);
		assert_ok(c, take(c, authenticator_key(other), &wrong));
		struct str signature = authenticator_sign(a, STR("data"), STR("client"));
		uint8_t digest[HASH_MAX];
		struct buf message = {.arena = c->arena};
		hash_once(HASH_SHA256, "client", 6, digest);
		buf_cstr(&message, "data");
		buf_bytes(&message, digest, 32);
		struct str m = buf_view(&message);
		assert_true(cose_signed(&key, signature, m));
		assert_false(cose_signed(&wrong, signature, m));
		assert_false(cose_signed(&key, signature, str_until(m, m.len - 1)));
		for (size_t len = 0; len < signature.len; len++)
			assert_false(cose_signed(&key, str_until(signature, len), m));
		char *turned = str_dup(c->arena, signature);
		for (size_t at = 0; at < signature.len; at++) {
			turned[at] ^= 1;
			assert_false(cose_signed(&key, str_from(turned, signature.len), m));
			turned[at] ^= 1;
		}
		struct buf longer = {.arena = c->arena};
		buf_str(&longer, signature);
		buf_byte(&longer, 0);
		assert_false(cose_signed(&key, buf_view(&longer), m));
		authenticator_done(a);
		authenticator_done(other);
	}
}

/* The numbers are right, their DER is not: each would be a second signature of the same. */
static void es256_signatures_have_one_spelling(void **state)
{
	struct ctx *c = *state;
	struct cose_key key;
	/* WebAuthn Level 3, 16.2: key, signature and what it is of */
	assert_ok(c, take(c,
			     bytes_of(c, "a5010203262001215820afefa16f97ca9b2d23eb86ccb64098d20db90"
					 "856062eb249"
					 "c33a9b672f26df61225820930a56b87a2fca66334b03458abf879717c"
					 "12cc68ed732"
					 "90af2e2664796b9220"),
			     &key));
	static const char r[] = "f50a4e2e4409249c4a853ba361282f09841df4dd4547a13a87780218deffcd38";
	static const char s[] = "8480ac0f0b93538174f575bf11a1dd5d78c6e486013f937295ea13653e331e87";
	struct buf message = {.arena = c->arena};
	uint8_t digest[HASH_MAX];
	hash_once(HASH_SHA256,
		"{\"type\":\"webauthn.get\",\"challenge\":"
		"\"OcDnUhQXulTUPo3JUXT0I97pvzzYBP9tZchXyav01A"
		"g\",\"origin\":\"https://example.org\",\"crossOrigin\":false}",
		132, digest);
	buf_str(&message,
		bytes_of(c, "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b5190000"
			    "0000"));
	buf_bytes(&message, digest, 32);
	/* what comes before r, before s, and after it */
	static const char *const forms[][3] = {{"3046022100", "022100", ""},
		{"30440220", "0220", ""}, {"3045022100", "0220", ""},
		{"304702220000", "022100", ""}, {"308146022100", "022100", ""},
		{"3046022100", "022100", "00"}, {"3047022100", "022100", "00"},
		{"3146022100", "022100", ""}, {"3046032100", "022100", ""},
		{"304702812100", "022100", ""}};
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		const char *text = arena_fmt(
			c->arena, "%s%s%s%s%s", forms[i][0], r, forms[i][1], s, forms[i][2]);
		assert_int_equal(cose_signed(&key, bytes_of(c, text), buf_view(&message)), i == 0);
	}
}

static void what_is_no_key_is_refused(void **state)
{
	struct ctx *c = *state;
	struct cose_key key;
	struct authenticator *a = authenticator_make(c, COSE_ES256, "");
	struct str good = authenticator_key(a);
	for (size_t len = 0; len < good.len; len++)
		assert_err(c, take(c, str_until(good, len), &key), ERR_INVALID);
	/* byte, its new value: the kind, the curve, which number is which, a length */
	static const struct {
		size_t at;
		char value;
	} bad[] = {{2, 1}, {2, 3}, {3, 4}, {6, 2}, {6, 6}, {7, 0x23}, {8, 0x78}, {0, (char)0xa4}};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char *bytes = str_dup(c->arena, good);
		struct str rest = str_from(bytes, good.len);
		bytes[bad[i].at] = bad[i].value;
		assert_err(c, cose_key_take(c, &rest, &key), ERR_INVALID);
	}
	/* twice the same curve */
	char *twice = str_dup(c->arena, good);
	twice[7] = 0x20;
	assert_err(c, take(c, str_from(twice, good.len), &key), ERR_INVALID);
	assert_err(c, take(c, bytes_of(c, "a0"), &key), ERR_INVALID);
	assert_err(c, take(c, bytes_of(c, "80"), &key), ERR_INVALID);
	assert_err(c, take(c, bytes_of(c, "bf010203262001ff"), &key), ERR_INVALID);
	authenticator_done(a);
}

static void algorithms_that_were_not_asked_for_are_unsupported(void **state)
{
	struct ctx *c = *state;
	struct cose_key key;
	/* ES384, and what nobody has given a number */
	assert_err(c, take(c, bytes_of(c, "a20102033822"), &key), ERR_UNSUPPORTED);
	assert_err(c, take(c, bytes_of(c, "a201020300"), &key), ERR_UNSUPPORTED);
}

static void short_rsa_keys_are_refused(void **state)
{
	struct ctx *c = *state;
	struct cose_key key;
	static const size_t sizes[] = {128, 255, 256, 512, 1024, 1025};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct buf b = {.arena = c->arena};
		char *modulus = arena_raw(c->arena, sizes[i]);
		memset(modulus, (char)0x80, sizes[i]);
		put_head(&b, 5, 4);
		put_integer(&b, 1), put_integer(&b, 3);
		put_integer(&b, 3), put_integer(&b, COSE_RS256);
		put_pair(&b, -1, str_from(modulus, sizes[i]));
		put_pair(&b, -2, STR("\1\0\1"));
		if (sizes[i] >= 256 && sizes[i] <= 1024)
			assert_ok(c, take(c, buf_view(&b), &key));
		else
			assert_err(c, take(c, buf_view(&b), &key), ERR_INVALID);
	}
}

/* A point that is not on the curve verifies nothing. */
static void no_point_signs_nothing(void **state)
{
	struct ctx *c = *state;
	struct authenticator *a = authenticator_make(c, COSE_ES256, "");
	struct str signature = authenticator_sign(a, STR("data"), STR("client"));
	char zero[32] = {0};
	struct cose_key key = {
		.algorithm = COSE_ES256, .x = str_from(zero, 32), .y = str_from(zero, 32)};
	assert_false(cose_signed(&key, signature, STR("data")));
	authenticator_done(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(each_kind_signs_and_nothing_else_is_its_signature),
		UNIT_TEST(es256_signatures_have_one_spelling),
		UNIT_TEST(what_is_no_key_is_refused),
		UNIT_TEST(algorithms_that_were_not_asked_for_are_unsupported),
		UNIT_TEST(short_rsa_keys_are_refused),
		UNIT_TEST(no_point_signs_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/jwt.h"

#include "base/hash.h"
#include "base/hex.h"
#include "base/hmac.h"
#include "unit.h"

enum { NOW = 1700000000 };

#define CLAIMS                \
	"{\"iss\":\"https://" \
	"us\",\"sub\":\"anna\",\"aud\":\"git\",\"iat\":1699999990,\"exp\":1700000300}"

static const struct jwt_rules rules = {
	.issuer = {"https://us", 10}, .audience = {"git", 3}, .now = NOW, .leeway = 30};

static struct jwk_secret key_of(struct ctx *c, enum jws_alg alg)
{
	struct jwk_secret key;
	jwk_make(c, alg, &key);
	return key;
}

/* header.claims, without a signature. */
static struct str message(struct ctx *c, const char *header, const char *claims)
{
	return str_of(arena_fmt(c->arena, "%s.%s", base64url_encode(c->arena, str_of(header)).at,
		base64url_encode(c->arena, str_of(claims)).at));
}

static struct str token_of(
	struct ctx *c, const struct jwk_secret *key, const char *header, const char *claims)
{
	struct str text = message(c, header, claims);
	return str_of(arena_fmt(c->arena, "%.*s.%s", STR_FMT(text),
		base64url_encode(c->arena, jwk_sign(c->arena, key, text)).at));
}

/* All three steps. */
static enum err take(struct ctx *c, struct str token, const struct jwk *key)
{
	struct jwt jwt;
	TRY(jwt_parse(c, token, &jwt));
	TRY(jwt_verify(c, &jwt, key));
	return jwt_check(c, &jwt, &rules);
}

/* Refused with ERR_UNAUTH, and these words among others. */
static void refuses(struct ctx *c, struct str token, const struct jwk *key, const char *why)
{
	assert_err(c, take(c, token, key), ERR_UNAUTH);
	if (!strstr(c->error.text, why))
		fail_msg("\"%s\" does not say \"%s\"", c->error.text, why);
}

static void refuses_header(struct ctx *c, const char *header, const char *why)
{
	struct jwk_secret key = key_of(c, JWS_ES256);
	refuses(c, token_of(c, &key, header, CLAIMS), &key.public, why);
}

static void refuses_claims(struct ctx *c, const char *claims, const char *why)
{
	struct jwk_secret key = key_of(c, JWS_ES256);
	refuses(c, token_of(c, &key, "{\"alg\":\"ES256\"}", claims), &key.public, why);
}

static void takes_claims(struct ctx *c, const char *claims)
{
	struct jwk_secret key = key_of(c, JWS_ES256);
	assert_ok(c, take(c, token_of(c, &key, "{\"alg\":\"ES256\"}", claims), &key.public));
}

#define RFC_7515_A3                                                                                \
	"eyJhbGciOiJFUzI1NiJ9."                                                                    \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxl"                     \
	"LmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8IS" \
	"lSApmWQxfKTUJqPP3-Kg6NU1Q"

static void the_token_of_the_specification_is_read(void **state)
{
	struct ctx *c = *state;
	struct json *object;
	struct jwk key;
	struct jwt jwt;
	assert_ok(c, json_parse(c,
			     STR("{\"kty\":\"EC\",\"crv\":\"P-256\","
				 "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
				 "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"),
			     &object));
	assert_ok(c, jwk_parse(c, object, &key));
	assert_ok(c, jwt_parse(c, STR(RFC_7515_A3), &jwt));
	assert_int_equal(jwt.alg, JWS_ES256);
	assert_str(jwt.issuer, "joe");
	assert_int_equal(jwt.expires, 1300819380);
	assert_true(json_get(jwt.claims, "http://example.com/is_root")->boolean);
	assert_ok(c, jwt_verify(c, &jwt, &key));
}

static void what_we_make_we_take(void **state)
{
	struct ctx *c = *state;
	static const enum jws_alg algs[] = {JWS_EDDSA, JWS_ES256};
	for (size_t i = 0; i < 2; i++) {
		struct jwk_secret key = key_of(c, algs[i]), other = key_of(c, algs[i]);
		struct str token = jwt_make(c->arena, &key, "JWT", STR(CLAIMS));
		struct jwt jwt;
		assert_ok(c, take(c, token, &key.public));
		assert_ok(c, jwt_parse(c, token, &jwt));
		assert_true(str_eq(jwt.kid, key.public.kid));
		assert_str(jwt.typ, "JWT");
		assert_str(jwt.subject, "anna");
		refuses(c, token, &other.public, "not its key's");
	}
}

static void no_byte_of_a_token_may_change(void **state)
{
	struct ctx *c = *state;
	struct jwk_secret key = key_of(c, JWS_EDDSA);
	struct str token = jwt_make(c->arena, &key, "JWT", STR(CLAIMS));
	for (size_t i = 0; i < token.len; i++) {
		char *changed = arena_strndup(c->arena, token.at, token.len);
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		assert_err(c, take(c, str_from(changed, token.len), &key.public), ERR_UNAUTH);
	}
}

static void none_and_secrets_are_no_algorithms(void **state)
{
	struct ctx *c = *state;
	refuses_header(c, "{\"alg\":\"none\"}", "\"none\", which is not accepted");
	refuses_header(c, "{\"alg\":\"None\"}", "not accepted");
	refuses_header(c, "{\"alg\":\"es256\"}", "not accepted");
	refuses_header(c, "{\"alg\":\"HS256\"}", "not accepted");
	refuses_header(c, "{}", "not accepted");
	refuses_header(c, "{\"alg\":7}", "\"alg\"");
	struct jwk_secret key = key_of(c, JWS_ES256);
	struct str bare = message(c, "{\"alg\":\"none\"}", CLAIMS);
	refuses(c, str_of(arena_fmt(c->arena, "%.*s.", STR_FMT(bare))), &key.public, "empty part");
}

/* The attack of RFC 8725, 2.1: the public key's text as the secret of an HMAC. */
static void a_public_key_is_no_secret(void **state)
{
	struct ctx *c = *state;
	struct jwk_secret key = key_of(c, JWS_ES256);
	uint8_t mac[HASH_MAX];
	static const char *const headers[] = {"{\"alg\":\"HS256\"}", "{\"alg\":\"ES256\"}"};
	for (size_t i = 0; i < 2; i++) {
		struct str text = message(c, headers[i], CLAIMS);
		hmac_sha256(key.public.point, text, mac);
		struct str token = str_of(arena_fmt(c->arena, "%.*s.%s", STR_FMT(text),
			base64url_encode(c->arena, str_from(mac, sizeof mac)).at));
		refuses(c, token, &key.public, i ? "not its key's" : "not accepted");
	}
}

static void the_key_decides_the_algorithm(void **state)
{
	struct ctx *c = *state;
	struct jwk_secret key = key_of(c, JWS_ES256);
	struct str token = token_of(c, &key, "{\"alg\":\"EdDSA\"}", CLAIMS);
	refuses(c, token, &key.public, "says EdDSA, but its key is for ES256");
	token = token_of(c, &key, "{\"alg\":\"ES384\"}", CLAIMS);
	refuses(c, token, &key.public, "says ES384, but its key is for ES256");
	struct jwk curve = key.public;
	curve.alg = JWS_ES384;
	refuses(c, token, &curve, "not its key's");
}

/* CVE-2022-21449 and its like. */
static void a_signature_of_zeros_is_none(void **state)
{
	struct ctx *c = *state;
	static const uint8_t zeros[64];
	uint8_t ones[64] = {0};
	ones[31] = ones[63] = 1;
	static const char *const headers[] = {"{\"alg\":\"ES256\"}", "{\"alg\":\"EdDSA\"}"};
	for (size_t i = 0; i < 2; i++) {
		struct jwk_secret key = key_of(c, i ? JWS_EDDSA : JWS_ES256);
		struct str text = message(c, headers[i], CLAIMS);
		refuses(c,
			str_of(arena_fmt(c->arena, "%.*s.%s", STR_FMT(text),
				base64url_encode(c->arena, str_from(zeros, 64)).at)),
			&key.public, "not its key's");
		refuses(c,
			str_of(arena_fmt(c->arena, "%.*s.%s", STR_FMT(text),
				base64url_encode(c->arena, str_from(ones, 64)).at)),
			&key.public, "not its key's");
		refuses(c,
			str_of(arena_fmt(c->arena, "%.*s.%s", STR_FMT(text),
				base64url_encode(c->arena, str_from(zeros, 63)).at)),
			&key.public, "not its key's");
	}
}

static void a_token_has_one_spelling(void **state)
{
	struct ctx *c = *state;
	struct jwk_secret key = key_of(c, JWS_EDDSA);
	const char *good = str_dup(c->arena, jwt_make(c->arena, &key, "JWT", STR(CLAIMS)));
	refuses(c, str_of(arena_fmt(c->arena, "%s=", good)), &key.public, "no base64url");
	refuses(c, str_of(arena_fmt(c->arena, "%s==", good)), &key.public, "no base64url");
	refuses(c, str_of(arena_fmt(c->arena, "%s\n", good)), &key.public, "no base64url");
	refuses(c, str_of(arena_fmt(c->arena, " %s", good)), &key.public, "no base64url");
	/* 64 bytes leave four bits over, which have to be zero. */
	char *other = arena_strdup(c->arena, good);
	size_t last = strlen(other) - 1;
	other[last] = (char)(other[last] + 1);
	refuses(c, str_of(other), &key.public, "no base64url");
}

static void a_token_has_three_parts(void **state)
{
	struct ctx *c = *state;
	struct jwk_secret key = key_of(c, JWS_EDDSA);
	static const char *const texts[] = {
		"", "e30", "e30.e30", "e30.e30.e30.e30", "e30.e30.e30.e30.e30"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		refuses(c, str_of(texts[i]), &key.public, "three parts");
	refuses(c, STR(".."), &key.public, "empty part");
	refuses(c, STR("e30..e30"), &key.public, "empty part");
	refuses(c, STR(".e30.e30"), &key.public, "empty part");
	struct str huge = {arena_alloc(c->arena, JWT_MAX + 1), JWT_MAX + 1};
	refuses(c, huge, &key.public, "at most");
}

static void a_key_in_the_token_is_not_looked_at(void **state)
{
	struct ctx *c = *state;
	struct jwk_secret key = key_of(c, JWS_EDDSA), theirs = key_of(c, JWS_EDDSA);
	struct buf header = {.arena = c->arena};
	struct json_writer w = {.out = &header};
	json_begin_object(&w);
	json_member_cstr(&w, "alg", "EdDSA");
	json_key(&w, "jwk");
	jwk_print(&w, &theirs.public);
	json_member_cstr(&w, "jku", "https://evil/keys");
	json_end_object(&w);
	struct str token = token_of(c, &theirs, buf_text(&header), CLAIMS);
	refuses(c, token, &key.public, "not its key's");
}

static void what_is_critical_and_unknown_is_refused(void **state)
{
	struct ctx *c = *state;
	refuses_header(c, "{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false}", "crit");
	refuses_header(c, "{\"alg\":\"ES256\",\"crit\":[]}", "crit");
}

static void damaged_json_is_refused(void **state)
{
	struct ctx *c = *state;
	refuses_header(c, "{\"alg\":\"ES256\",\"alg\":\"ES256\"}", "there before");
	refuses_header(c, "[]", "header is no object");
	refuses_header(c, "{\"alg\":\"ES256\",\"kid\":\"\"}", "\"kid\"");
	refuses_header(c, "{\"alg\":\"ES256\",\"kid\":[\"a\"]}", "\"kid\"");
	refuses_header(c, "{\"alg\":\"ES256\",\"typ\":1}", "\"typ\"");
	refuses_claims(c, "{\"sub\":\"a\",\"sub\":\"b\"}", "there before");
	refuses_claims(c, "\"text\"", "claims is no object");
	refuses_claims(c, "{\"sub\":\"\xff\"}", "claims cannot be read");
	refuses_claims(c, "{}{}", "more after the value");
	refuses_claims(c, "{\"sub\":7}", "\"sub\"");
	struct buf deep = {.arena = c->arena};
	buf_cstr(&deep, "{\"a\":");
	for (int i = 0; i < 3000; i++)
		buf_byte(&deep, '[');
	refuses_claims(c, buf_text(&deep), "nested deeper");
}

static void who_it_is_for_is_checked(void **state)
{
	struct ctx *c = *state;
#define WITH_AUD(aud) "{\"iss\":\"https://us\",\"exp\":1700000300,\"aud\":" aud "}"
	takes_claims(c, WITH_AUD("\"git\""));
	takes_claims(c, WITH_AUD("[\"other\",\"git\"]"));
	refuses_claims(c, WITH_AUD("\"gi\""), "somebody else than \"git\"");
	refuses_claims(c, WITH_AUD("\"Git\""), "somebody else");
	refuses_claims(c, WITH_AUD("[]"), "somebody else");
	refuses_claims(c, WITH_AUD("[\"other\"]"), "somebody else");
	refuses_claims(c, WITH_AUD("{\"git\":1}"), "\"aud\"");
	refuses_claims(c, WITH_AUD("[\"git\",7]"), "\"aud\"");
	refuses_claims(c, "{\"iss\":\"https://us\",\"exp\":1700000300}", "somebody else");
	refuses_claims(c, "{\"iss\":\"https://us/\",\"exp\":1700000300,\"aud\":\"git\"}", "issuer");
	refuses_claims(c, "{\"exp\":1700000300,\"aud\":\"git\"}", "issuer");
}

static void its_time_is_checked(void **state)
{
	struct ctx *c = *state;
#define AT(times) "{\"iss\":\"https://us\",\"aud\":\"git\"" times "}"
	refuses_claims(c, AT(""), "does not say when it ends");
	refuses_claims(c, AT(",\"exp\":1699999970"), "expired 30 seconds ago");
	takes_claims(c, AT(",\"exp\":1699999971"));
	takes_claims(c, AT(",\"exp\":1700000300.75"));
	refuses_claims(c, AT(",\"exp\":1700000300,\"nbf\":1700000031"), "for another 31 seconds");
	takes_claims(c, AT(",\"exp\":1700000300,\"nbf\":1700000030"));
	refuses_claims(c, AT(",\"exp\":1700000300,\"iat\":1700000031"), "31 seconds in the future");
	takes_claims(c, AT(",\"exp\":1700000300,\"iat\":1700000030"));
	refuses_claims(c, AT(",\"exp\":\"1700000300\""), "\"exp\" is no time");
	refuses_claims(c, AT(",\"exp\":1e30"), "\"exp\" is no time");
	refuses_claims(c, AT(",\"exp\":-1"), "\"exp\" is no time");
	refuses_claims(c, AT(",\"exp\":0"), "\"exp\" is no time");
	refuses_claims(c, AT(",\"exp\":null"), "\"exp\" is no time");
	refuses_claims(c, AT(",\"exp\":9223372036854775807"), "\"exp\" is no time");
	refuses_claims(c, AT(",\"exp\":99999999999999999999.5"), "\"exp\" is no time");
}

static void its_type_is_checked(void **state)
{
	struct ctx *c = *state;
	struct jwk_secret key = key_of(c, JWS_ES256);
	struct jwt_rules access = rules;
	static const struct {
		const char *said, *wanted;
		bool ok;
	} cases[] = {{"JWT", NULL, true}, {"jwt", NULL, true}, {"application/JWT", NULL, true},
		{"at+jwt", NULL, false}, {"at+jwt", "at+jwt", true},
		{"application/at+jwt", "at+jwt", true}, {"JWT", "at+jwt", false},
		{"logout+jwt", NULL, false}, {"application/", NULL, false}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct jwt jwt;
		access.typ = cases[i].wanted;
		assert_ok(c,
			jwt_parse(c, jwt_make(c->arena, &key, cases[i].said, STR(CLAIMS)), &jwt));
		if (cases[i].ok)
			assert_ok(c, jwt_check(c, &jwt, &access));
		else
			assert_err(c, jwt_check(c, &jwt, &access), ERR_UNAUTH);
	}
	struct jwt bare;
	access.typ = "at+jwt";
	assert_ok(c, jwt_parse(c, token_of(c, &key, "{\"alg\":\"ES256\"}", CLAIMS), &bare));
	assert_err(c, jwt_check(c, &bare, &access), ERR_UNAUTH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(the_token_of_the_specification_is_read),
		UNIT_TEST(what_we_make_we_take),
		UNIT_TEST(no_byte_of_a_token_may_change),
		UNIT_TEST(none_and_secrets_are_no_algorithms),
		UNIT_TEST(a_public_key_is_no_secret),
		UNIT_TEST(the_key_decides_the_algorithm),
		UNIT_TEST(a_signature_of_zeros_is_none),
		UNIT_TEST(a_token_has_one_spelling),
		UNIT_TEST(a_token_has_three_parts),
		UNIT_TEST(a_key_in_the_token_is_not_looked_at),
		UNIT_TEST(what_is_critical_and_unknown_is_refused),
		UNIT_TEST(damaged_json_is_refused),
		UNIT_TEST(who_it_is_for_is_checked),
		UNIT_TEST(its_time_is_checked),
		UNIT_TEST(its_type_is_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

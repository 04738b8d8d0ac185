#include "model/access_token.h"

#include "model/token.h"
#include "unit.h"

static struct access_token plain(void)
{
	return (struct access_token){
		.issuer = STR("https://git.example.org"),
		.username = STR("ada"),
		.client = STR("nimbus"),
		.id = STR("one"),
		.device_id = 7,
		.limit = PERMISSION_WRITE,
		.now = 1000,
		.seconds = 600,
	};
}

static void what_is_made_is_read_again(void **state)
{
	static const enum jws_alg algs[] = {JWS_EDDSA, JWS_ES256};
	struct ctx *c = *state;
	for (size_t i = 0; i < 2; i++) {
		struct jwk_secret key;
		struct jwt token;
		struct actor who = {0};
		struct access_token what = plain();
		jwk_make(c, algs[i], &key);
		assert_ok(c, scope_parse(c, STR("{\"repositories\":[\"a-*\"]}"), &what.scope));
		struct str text = access_token_make(c->arena, &key, &what);
		assert_true(access_token_is_like(text));
		assert_true(secret_is_key(text));
		assert_ok(c, jwt_parse(c, text, &token));
		assert_ok(c, jwt_verify(c, &token, &key.public));
		const struct jwt_rules rules = {.issuer = what.issuer,
			.audience = what.issuer,
			.typ = "at+jwt",
			.now = 1000};
		assert_ok(c, jwt_check(c, &token, &rules));
		assert_str(token.kid, str_dup(c->arena, key.public.kid));
		assert_int_equal(token.expires, 1600);
		assert_ok(c, access_token_read(c, &token, &who));
		assert_int_equal(who.device_id, 7);
		assert_int_equal(who.ends, 1600);
		assert_int_equal(who.limit, PERMISSION_WRITE);
		assert_true(scope_has_repo(c->arena, who.scope, STR("a-b")));
		assert_false(scope_has_repo(c->arena, who.scope, STR("b")));
	}
}

static enum err reads(struct ctx *c, const char *claims)
{
	struct jwk_secret key;
	struct jwt token;
	struct actor who = {0};
	jwk_make(c, JWS_EDDSA, &key);
	assert_ok(c, jwt_parse(c, jwt_make(c->arena, &key, "at+jwt", str_of(claims)), &token));
	return access_token_read(c, &token, &who);
}

static void one_that_lacks_something_is_refused(void **state)
{
	struct ctx *c = *state;
	static const char *const bad[] = {
		"{}",
		"{\"jti\":\"a\",\"nimbus\":{\"permission\":\"read\"}}",
		"{\"device\":0,\"jti\":\"a\",\"nimbus\":{\"permission\":\"read\"}}",
		"{\"device\":\"1\",\"jti\":\"a\",\"nimbus\":{\"permission\":\"read\"}}",
		"{\"device\":1,\"nimbus\":{\"permission\":\"read\"}}",
		"{\"device\":1,\"jti\":\"a\"}",
		"{\"device\":1,\"jti\":\"a\",\"nimbus\":{}}",
		"{\"device\":1,\"jti\":\"a\",\"nimbus\":{\"permission\":\"none\"}}",
		"{\"device\":1,\"jti\":\"a\",\"nimbus\":{\"permission\":\"read\",\"bytes\":1}}",
		"{\"device\":1,\"jti\":\"a\",\"nimbus\":{\"permission\":\"read\",\"moon\":1}}",
	};
	assert_ok(c, reads(c, "{\"device\":1,\"jti\":\"a\",\"nimbus\":{\"permission\":\"read\"}}"));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_err(c, reads(c, bad[i]), ERR_UNAUTH);
}

static void what_looks_like_one_is_no_password(void **state)
{
	static const char *const like[] = {"eyJa.b.c", "eyJ..x"};
	static const char *const unlike[] = {"", "eyJ", "eyJa.b", "eyJa.b.", "eyJa.b.c.d", "a.b.c"};
	(void)state;
	for (size_t i = 0; i < sizeof like / sizeof *like; i++)
		assert_true(access_token_is_like(str_of(like[i])));
	for (size_t i = 0; i < sizeof unlike / sizeof *unlike; i++)
		assert_false(access_token_is_like(str_of(unlike[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_is_made_is_read_again),
		UNIT_TEST(one_that_lacks_something_is_refused),
		UNIT_TEST(what_looks_like_one_is_no_password),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "web/credentials.h"

#include "base/hex.h"
#include "model/token.h"

#include "unit.h"

static enum err basic(struct ctx *c, const char *plain, struct credential *out)
{
	return credentials_basic(c, base64_encode(c->arena, str_of(plain)), out);
}

static void basic_is_a_name_and_a_password(void **state)
{
	struct ctx *c = *state;
	struct credential cred;
	assert_ok(c, basic(c, "ada:s:e cret", &cred));
	assert_int_equal(cred.kind, CREDENTIAL_PASSWORD);
	assert_str(cred.username, "ada");
	assert_str(cred.secret, "s:e cret");
	assert_ok(c, basic(c, ":", &cred));
	assert_str(cred.username, "");
	assert_str(cred.secret, "");
	assert_ok(c, credentials_basic(c, STR("  YTpi "), &cred));
	assert_str(cred.secret, "b");
	assert_ok(c, basic(c, "\xc3\xa4:\xc3\xb6", &cred));
	assert_str(cred.secret, "\xc3\xb6");
}

static void a_token_may_stand_in_for_the_name(void **state)
{
	struct ctx *c = *state;
	static const char *const bare[] = {TOKEN_PREFIX "x:", TOKEN_PREFIX "x:x-oauth-basic"};
	struct credential cred;
	for (size_t i = 0; i < 2; i++) {
		assert_ok(c, basic(c, bare[i], &cred));
		assert_int_equal(cred.kind, CREDENTIAL_TOKEN);
		assert_str(cred.username, "");
		assert_str(cred.secret, TOKEN_PREFIX "x");
	}
	assert_ok(c, basic(c, "ada:x-oauth-basic", &cred));
	assert_int_equal(cred.kind, CREDENTIAL_PASSWORD);
	assert_ok(c, basic(c, TOKEN_PREFIX "x:y", &cred));
	assert_int_equal(cred.kind, CREDENTIAL_PASSWORD);
	assert_str(cred.username, TOKEN_PREFIX "x");
}

static void what_is_no_basic_is_unauth(void **state)
{
	struct ctx *c = *state;
	static const char *const bad[] = {
		"", "!", "YWJj", "YTpiAA==", "/zo=", "YTpi YTpi", "YTpi=", "YTp", "YWRh"};
	struct credential cred;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_err(c, credentials_basic(c, str_of(bad[i]), &cred), ERR_UNAUTH);
}

static void a_cookie_is_found_by_its_whole_name(void **state)
{
	(void)state;
	static const struct {
		const char *header, *value;
	} all[] = {{"s=1", "1"}, {"a=2; s=1", "1"}, {"a=2;s=1;b=3", "1"}, {"s=1; s=2", "1"},
		{"xs=2; s=1", "1"}, {"s =2; s=1", "1"}, {"ss=2", ""}, {"S=1", ""}, {"s", ""},
		{"", ""}, {";;", ""}, {"s=", ""}, {"  s=a=b  ", "a=b"}, {"a=s=1", ""},
		{"s; s=1", "1"}, {"a=\"x;s=1", "1"}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		assert_str(credentials_cookie(str_of(all[i].header), STR("s")), all[i].value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(basic_is_a_name_and_a_password),
		UNIT_TEST(a_token_may_stand_in_for_the_name),
		UNIT_TEST(what_is_no_basic_is_unauth),
		UNIT_TEST(a_cookie_is_found_by_its_whole_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

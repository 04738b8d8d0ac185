#include "driver/oidc_answer.h"

#include "unit.h"

static void urls_are_https_or_of_this_machine(void **state)
{
	static const char *const good[] = {"https://id.example.org",
		"https://id.example.org:8443/a?b=c", "https://[2001:db8::1]/x", "http://127.0.0.1",
		"http://127.0.0.1:80/", "http://localhost:3000/a", "http://[::1]:3000",
		"http://[::1]/x"};
	static const char *const bad[] = {"", "https://", "https:///x", "https://:443",
		"https://a:", "https://a:65536", "https://a:b", "http://example.org",
		"http://127.0.0.1.example.org", "http://127.0.0.1@example.org",
		"https://me:secret@example.org", "http://localhost@example.org/", "http://[::1",
		"http://[::1].example.org", "https://a b", "https://a\nb", "https://a#b",
		"https://a\\b", "HTTPS://a", "ftp://a", "//a", "https:a", "https://\xc3\xa4"};
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (!oidc_is_url(str_of(good[i])))
			fail_msg("\"%s\" was refused", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (oidc_is_url(str_of(bad[i])))
			fail_msg("\"%s\" was taken", bad[i]);
}

static void a_url_has_a_cap(void **state)
{
	char url[OIDC_URL_MAX + 1];
	(void)state;
	memset(url, 'a', sizeof url);
	memcpy(url, "https://", 8);
	assert_true(oidc_is_url(str_from(url, OIDC_URL_MAX)));
	assert_false(oidc_is_url(str_from(url, OIDC_URL_MAX + 1)));
}

/* GitHub's, for its CI: nobody signs in there. */
static void a_description_may_be_for_machines_only(void **state)
{
	struct ctx *c = *state;
	struct oidc_metadata m;
	assert_ok(c, oidc_metadata_parse(c, STR("https://token.example.org"),
			     STR("{\"issuer\":\"https://token.example.org\",\"jwks_uri\":\"https://"
				 "token.example.org/jwks\"}"),
			     &m));
	assert_str(m.jwks, "https://token.example.org/jwks");
	assert_int_equal(m.authorization.len + m.token.len + m.userinfo.len + m.end_session.len, 0);
	assert_false(m.posts_secret);
	assert_false(m.says_issuer);
}

static void each_endpoint_is_an_https_url(void **state)
{
	struct ctx *c = *state;
	static const char *const names[] = {"authorization_endpoint", "token_endpoint",
		"userinfo_endpoint", "end_session_endpoint", "jwks_uri"};
	static const char *const values[] = {
		"\"http://id/x\"", "7", "\"\"", "\"javascript:alert(1)\"", "null"};
	for (size_t i = 0; i < 5; i++)
		for (size_t k = 0; k < 5; k++) {
			struct oidc_metadata m;
			struct str text = str_of(arena_fmt(c->arena,
				"{\"issuer\":\"https://id\",\"%s\":%s}", names[i], values[k]));
			assert_err(c, oidc_metadata_parse(c, STR("https://id"), text, &m),
				ERR_UNAVAILABLE);
			if (!strstr(c->error.text, names[i]))
				fail_msg("%s: %s", names[i], c->error.text);
		}
}

static void an_error_is_read_where_there_is_one(void **state)
{
	struct ctx *c = *state;
	assert_str(oidc_error_of(c, STR("{\"error\":\"invalid_grant\"}")), "invalid_grant");
	assert_str(oidc_error_of(c, STR("{\"error\":7}")), "");
	assert_str(oidc_error_of(c, STR("<html>")), "");
	assert_int_equal(c->error.kind, OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(urls_are_https_or_of_this_machine),
		UNIT_TEST(a_url_has_a_cap),
		UNIT_TEST(a_description_may_be_for_machines_only),
		UNIT_TEST(each_endpoint_is_an_https_url),
		UNIT_TEST(an_error_is_read_where_there_is_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "driver/driver.h"
#include "web/internal.h"

#include "unit.h"

/* A request with one header, to a site that knows nobody. */
struct asked {
	struct core core;
	struct web web;
	struct http_exchange http;
	struct http_header headers[2];
};

static struct asked *asked(struct ctx *c, const char *name, const char *value)
{
	struct asked *a = NEW(c->arena, struct asked);
	a->core = (struct core){.base_url = ""};
	a->web.core = &a->core;
	a->headers[0] = (struct http_header){str_of(name), str_of(value)};
	a->http = (struct http_exchange){.ctx = c,
		.peer = STR("192.0.2.1"),
		.host = STR("git.example.org"),
		.headers = a->headers,
		.header_count = 1};
	return a;
}

static void without_a_header_it_is_nobody(void **state)
{
	struct ctx *c = *state;
	struct asked *a = asked(c, "accept", "*/*");
	struct actor who;
	bool given = true;
	assert_ok(c, web_authorize(c, &a->web, &a->http, &who, &given));
	assert_false(given);
	assert_true(actor_is_anonymous(&who));
}

static void a_header_that_makes_no_sense_is_unauth(void **state)
{
	struct ctx *c = *state;
	static const char *const headers[] = {"Basic", "Basic !", "Basic YWJj",
		"Basic YTpiAA==", "Basic /zo=", "Digest x", "Negotiate", "Basic YTpi YTpi"};
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
		struct asked *a = asked(c, "Authorization", headers[i]);
		struct actor who;
		bool given = false;
		assert_err(c, web_authorize(c, &a->web, &a->http, &who, &given), ERR_UNAUTH);
		assert_true(given);
		assert_true(actor_is_anonymous(&who));
	}
}

static enum err site(struct ctx *c, const char *name, const char *value)
{
	struct asked *a = asked(c, name, value);
	struct web_request r = {.http = &a->http, .web = &a->web, .core = &a->core};
	r.origin = web_origin(&a->web, &a->http);
	return web_check_site(c, &r);
}

static void only_our_own_pages_may_send(void **state)
{
	struct ctx *c = *state;
	assert_ok(c, site(c, "accept", "*/*"));
	assert_ok(c, site(c, "sec-fetch-site", "same-origin"));
	assert_ok(c, site(c, "sec-fetch-site", "none"));
	assert_ok(c, site(c, "origin", "http://git.example.org"));
	/* behind a proxy that speaks TLS for us */
	assert_ok(c, site(c, "origin", "https://git.example.org"));
	assert_err(c, site(c, "sec-fetch-site", "same-site"), ERR_DENIED);
	assert_err(c, site(c, "sec-fetch-site", "cross-site"), ERR_DENIED);
	assert_err(c, site(c, "origin", "https://git.example.org.evil.example"), ERR_DENIED);
	assert_err(c, site(c, "origin", "https://git.example.org:8443"), ERR_DENIED);
	assert_err(c, site(c, "origin", "null"), ERR_DENIED);
}

static void the_address_that_was_configured_is_the_origin(void **state)
{
	struct ctx *c = *state;
	struct asked *a = asked(c, "x-forwarded-proto", "https");
	assert_str(web_origin(&a->web, &a->http), "http://git.example.org");
	assert_ok(c, proxies_parse(c, STR("192.0.2.0/24"), &a->web.proxies));
	assert_str(web_origin(&a->web, &a->http), "https://git.example.org");
	a->core.base_url = "https://code.example.org";
	assert_str(web_origin(&a->web, &a->http), "https://code.example.org");
}

static void what_came_in_tls_is_https_whatever_a_header_says(void **state)
{
	struct ctx *c = *state;
	struct asked *a = asked(c, "x-forwarded-proto", "http");
	a->http.secure = true;
	assert_str(web_origin(&a->web, &a->http), "https://git.example.org");
}

static void a_chain_of_proxies_may_be_in_several_headers(void **state)
{
	struct ctx *c = *state;
	struct asked *a = asked(c, "X-Forwarded-For", "198.51.100.1, 203.0.113.9");
	a->headers[1] = (struct http_header){STR("x-forwarded-for"), STR("192.0.2.8")};
	a->http.header_count = 2;
	assert_str(web_peer(&a->web, &a->http), "192.0.2.1");
	assert_ok(c, proxies_parse(c, STR("192.0.2.0/24"), &a->web.proxies));
	assert_str(web_peer(&a->web, &a->http), "203.0.113.9");
}

static void after_sign_in_one_stays_on_this_site(void **state)
{
	(void)state;
	assert_true(web_is_local_path(STR("/")));
	assert_true(web_is_local_path(STR("/hello/tree/main?x=1")));
	assert_false(web_is_local_path(STR("")));
	assert_false(web_is_local_path(STR("hello")));
	assert_false(web_is_local_path(STR("//evil.example")));
	assert_false(web_is_local_path(STR("/\\evil.example")));
	assert_false(web_is_local_path(STR("/a\r\nSet-Cookie: x")));
	assert_false(web_is_local_path(STR("https://evil.example")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(without_a_header_it_is_nobody),
		UNIT_TEST(a_header_that_makes_no_sense_is_unauth),
		UNIT_TEST(only_our_own_pages_may_send),
		UNIT_TEST(the_address_that_was_configured_is_the_origin),
		UNIT_TEST(what_came_in_tls_is_https_whatever_a_header_says),
		UNIT_TEST(a_chain_of_proxies_may_be_in_several_headers),
		UNIT_TEST(after_sign_in_one_stays_on_this_site),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

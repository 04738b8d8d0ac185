#include "unit.h"

#include "net/http_parse.h"

static const struct http_limits limits = {.line_max = 100, .head_max = 400, .header_max = 5};
static struct http_header headers[5];

/* Scans and parses; the status of what refused it, 0 when nothing did, -1 when there is no end yet. */
static int read_head(struct str bytes, struct http_head *h)
{
	struct http_scan scan = {0};
	size_t len;
	*h = (struct http_head){.headers = headers};
	struct http_fault fault = http_scan(&scan, bytes, &limits, &len);
	if (fault.status)
		return fault.status;
	if (!len)
		return -1;
	return http_head_parse(str_until(bytes, len), &limits, h).status;
}

static int status_of(const char *text)
{
	struct http_head h;
	return read_head(str_of(text), &h);
}

static struct http_head good(const char *text)
{
	struct http_head h;
	assert_int_equal(read_head(str_of(text), &h), 0);
	return h;
}

static void a_head_is_read_into_its_parts(void **state)
{
	(void)state;
	struct http_head h = good("POST /a%20b?c=d HTTP/1.1\r\nHost: x:1\r\nContent-Length: 12\r\n"
				  "Empty:\r\nPadded: \t v w \t\r\n\r\n");
	assert_true(str_is(h.method, "POST"));
	assert_true(str_is(h.target, "/a%20b?c=d"));
	assert_true(str_is(h.raw_path, "/a%20b"));
	assert_true(str_is(h.query, "c=d"));
	assert_true(str_is(h.host, "x:1"));
	assert_int_equal(h.minor, 1);
	assert_int_equal(h.length, 12);
	assert_true(h.keep_alive);
	assert_int_equal(h.header_count, 4);
	assert_true(str_is(http_header_find(headers, 4, STR("PADDED")), "v w"));
	assert_int_equal(http_header_find(headers, 4, STR("empty")).len, 0);
	assert_int_equal(http_header_find(headers, 4, STR("missing")).len, 0);
}

static void a_head_is_found_however_it_is_cut(void **state)
{
	(void)state;
	struct str whole = STR("\r\nGET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\nGET /next");
	size_t want = whole.len - strlen("GET /next");
	for (size_t step = 1; step <= whole.len; step++) {
		struct http_scan scan = {0};
		size_t len = 0;
		for (size_t at = step; !len; at += step) {
			struct http_fault fault =
				http_scan(&scan, str_until(whole, at), &limits, &len);
			assert_int_equal(fault.status, 0);
			assert_true(at < whole.len + step);
		}
		assert_int_equal(len, want);
	}
}

static void a_bad_line_is_refused_before_the_head_is_complete(void **state)
{
	(void)state;
	assert_int_equal(status_of("GET / HTTP/1.1\n"), 400);
	assert_int_equal(status_of("GET /\r\n"), 400);
	assert_int_equal(status_of("GET / HTTP/2.0\r\n"), 505);
	assert_int_equal(status_of("GET / HTTP/1.1\r\nA: \x01\r\n"), 400);
	assert_int_equal(status_of("GET / HTTP/1.1\r\nA: b\rc\r\n"), 400);
	assert_int_equal(status_of("\x16\x03\x01"), 400);
	assert_int_equal(status_of("GET / HTTP/1.1\r\nA: b"), -1);
}

static void limits_are_seen_before_the_line_ends(void **state)
{
	(void)state;
	char text[600];
	memset(text, 'a', sizeof text);
	struct http_head h;
	assert_int_equal(read_head(str_from(text, 100), &h), -1);
	assert_int_equal(read_head(str_from(text, 101), &h), 414);
	memcpy(text, "GET / HTTP/1.1\r\n", 16);
	assert_int_equal(read_head(str_from(text, 400), &h), -1);
	assert_int_equal(read_head(str_from(text, 401), &h), 431);
	assert_int_equal(status_of("GET / HTTP/1.0\r\na:1\r\nb:1\r\nc:1\r\nd:1\r\ne:1\r\n\r\n"), 0);
	assert_int_equal(
		status_of("GET / HTTP/1.0\r\na:1\r\nb:1\r\nc:1\r\nd:1\r\ne:1\r\nf:1\r\n\r\n"), 431);
}

static void two_framings_are_refused(void **state)
{
	(void)state;
#define HEAD(lines) "POST / HTTP/1.1\r\nHost: x\r\n" lines "\r\n"
	assert_int_equal(status_of(HEAD("Content-Length: 1\r\nContent-Length: 1\r\n")), 400);
	assert_int_equal(status_of(HEAD("Content-Length: 1, 1\r\n")), 400);
	assert_int_equal(
		status_of(HEAD("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")), 400);
	assert_int_equal(status_of(HEAD("Transfer-Encoding: chunked, chunked\r\n")), 400);
	assert_int_equal(status_of(HEAD("Transfer-Encoding: gzip\r\n")), 501);
	assert_int_equal(status_of(HEAD("Content-Length : 1\r\n")), 400);
	assert_int_equal(status_of(HEAD(" Content-Length: 1\r\n")), 400);
	assert_int_equal(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
	assert_int_equal(good(HEAD("Transfer-Encoding: chunked\r\n")).length == HTTP_UNKNOWN, 1);
	assert_int_equal(good(HEAD("Content-Length: 9223372036854775807\r\n")).length, INT64_MAX);
	assert_int_equal(status_of(HEAD("Content-Length: 9223372036854775808\r\n")), 400);
#undef HEAD
}

static void persistence_follows_the_version_and_the_options(void **state)
{
	(void)state;
	assert_true(good("GET / HTTP/1.1\r\nHost: x\r\n\r\n").keep_alive);
	assert_false(
		good("GET / HTTP/1.1\r\nHost: x\r\nConnection: a, Close ,b\r\n\r\n").keep_alive);
	assert_false(good("GET / HTTP/1.0\r\n\r\n").keep_alive);
	assert_true(good("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
}

static void an_expectation_without_a_body_is_none(void **state)
{
	(void)state;
	assert_false(
		good("GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n").expects_continue);
	assert_true(good("GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\n"
			 "Content-Length: 1\r\n\r\n")
			    .expects_continue);
	assert_false(good("GET / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
			     .expects_continue);
}

static void the_host_of_the_target_counts(void **state)
{
	(void)state;
	struct http_head h = good("GET http://a:1?q HTTP/1.1\r\nHost: b\r\n\r\n");
	assert_true(str_is(h.host, "a:1"));
	assert_true(str_is(h.raw_path, "/"));
	assert_true(str_is(h.query, "q"));
	assert_int_equal(status_of("GET http://a:1/ HTTP/1.1\r\n\r\n"), 400);
}

static void a_path_does_not_climb(void **state)
{
	struct ctx *c = *state;
	struct str path;
	assert_true(http_path_decode(c->arena, STR("/a%2Fb/..c"), &path));
	assert_true(str_is(path, "/a/b/..c"));
	const char *bad[] = {"/..", "/a/../b", "/%2e%2e", "/a%2f..", "/.", "/a/%2E/b", "/%00", "/%",
		"/%a", "/%gg"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(http_path_decode(c->arena, str_of(bad[i]), &path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_head_is_read_into_its_parts),
		UNIT_TEST(a_head_is_found_however_it_is_cut),
		UNIT_TEST(a_bad_line_is_refused_before_the_head_is_complete),
		UNIT_TEST(limits_are_seen_before_the_line_ends),
		UNIT_TEST(two_framings_are_refused),
		UNIT_TEST(persistence_follows_the_version_and_the_options),
		UNIT_TEST(an_expectation_without_a_body_is_none),
		UNIT_TEST(the_host_of_the_target_counts),
		UNIT_TEST(a_path_does_not_climb),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

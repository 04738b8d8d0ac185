#include "unit.h"

#include "driver/s3_address.h"

static void what_is_left_out_is_aws(void **state)
{
	struct ctx *c = *state;
	struct s3_address a;
	assert_ok(c, s3_address_parse(c, STR("s3://bucket"), STR(""), &a));
	assert_str(a.origin, "https://bucket.s3.us-east-1.amazonaws.com");
	assert_str(a.host, "bucket.s3.us-east-1.amazonaws.com");
	assert_str(a.root, "");
	assert_str(a.prefix, "");
	assert_ok(c, s3_address_parse(c, STR("s3://a.bucket/"), STR("eu-central-1"), &a));
	assert_str(a.origin, "https://s3.eu-central-1.amazonaws.com");
	assert_str(a.root, "/a.bucket");
	assert_str(a.region, "eu-central-1");
	assert_ok(c, s3_address_parse(c, STR("s3://bucket?region=x&style=path"), STR("y"), &a));
	assert_str(a.origin, "https://s3.x.amazonaws.com");
	assert_str(a.root, "/bucket");
}

static void endpoints_are_taken_as_they_are(void **state)
{
	static const struct {
		const char *url, *origin, *host, *root;
	} rows[] = {
		{"s3://bucket?endpoint=http://127.0.0.1:9000", "http://127.0.0.1:9000",
			"127.0.0.1:9000", "/bucket"},
		{"s3://bucket?endpoint=https%3A%2F%2Fs3.example.org%2F", "https://s3.example.org",
			"s3.example.org", "/bucket"},
		{"s3://bucket?endpoint=https://s3.example.org:443&style=virtual",
			"https://bucket.s3.example.org", "bucket.s3.example.org", ""},
		{"s3://bucket?endpoint=http://s3.example.org:80", "http://s3.example.org",
			"s3.example.org", "/bucket"},
		{"s3://bucket?endpoint=http://s3.example.org:443", "http://s3.example.org:443",
			"s3.example.org:443", "/bucket"},
		{"s3://bucket?endpoint=http://[::1]:9000", "http://[::1]:9000", "[::1]:9000",
			"/bucket"},
		{"s3://bucket?endpoint=http://[::1]", "http://[::1]", "[::1]", "/bucket"},
	};
	struct ctx *c = *state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct s3_address a;
		assert_ok(c, s3_address_parse(c, str_of(rows[i].url), STR(""), &a));
		assert_str(a.origin, rows[i].origin);
		assert_str(a.host, rows[i].host);
		assert_str(a.root, rows[i].root);
	}
}

static void a_prefix_is_decoded_and_ends_with_a_slash(void **state)
{
	struct ctx *c = *state;
	struct s3_address a;
	assert_ok(c, s3_address_parse(c, STR("s3://bucket/a%20b/%C3%A4+"), STR(""), &a));
	assert_str(a.prefix, "a b/\xc3\xa4+/");
	assert_ok(c, s3_address_parse(c, STR("s3://bucket/a/?region=x"), STR(""), &a));
	assert_str(a.prefix, "a/");
}

static void others_may_have_another_address(void **state)
{
	static const struct {
		const char *url, *origin, *host, *root;
	} rows[] = {
		{"https://s3.example.org/bucket", "https://s3.example.org", "s3.example.org",
			"/bucket"},
		{"http://127.0.0.1:9000/bucket/", "http://127.0.0.1:9000", "127.0.0.1:9000",
			"/bucket"},
		{"https://bucket.s3.example.org:443", "https://bucket.s3.example.org",
			"bucket.s3.example.org", ""},
		{"https://packs.example.org/", "https://packs.example.org", "packs.example.org",
			""},
		{"http://[::1]:9000/a/b.c", "http://[::1]:9000", "[::1]:9000", "/a/b.c"},
	};
	static const char *const wrong[] = {"s3.example.org/bucket", "s3://bucket", "https://",
		"https:///bucket", "https://a/b/../c", "https://a//b", "https://a/b?c",
		"https://a/b%20c", "https://x@a/b", "https://a:0/b", "https://a/b c",
		"https://a#b"};
	struct ctx *c = *state;
	struct s3_address a;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_ok(c, s3_address_parse(c, STR("s3://bucket/p?region=x"), STR(""), &a));
		assert_ok(c, s3_address_public(c, str_of(rows[i].url), &a));
		assert_str(a.origin, rows[i].origin);
		assert_str(a.host, rows[i].host);
		assert_str(a.root, rows[i].root);
		assert_str(a.prefix, "p/");
		assert_str(a.region, "x");
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_err(c, s3_address_public(c, str_of(wrong[i]), &a), ERR_INVALID);
		assert_non_null(strstr(c->error.text, "NIMBUS_S3_PUBLIC_URL"));
	}
}

static void what_is_wrong_is_said(void **state)
{
	static const struct {
		const char *url, *why;
	} rows[] = {
		{"bucket", "neither empty nor s3://"},
		{"S3://bucket", "neither empty nor s3://"},
		{"https://bucket.s3.amazonaws.com", "neither empty nor s3://"},
		{"s3://", "no name of a bucket"},
		{"s3://ab", "no name of a bucket"},
		{"s3:///prefix", "no name of a bucket"},
		{"s3://buck et", "no name of a bucket"},
		{"s3://a..b", "no name of a bucket"},
		{"s3://key:secret@bucket", "NIMBUS_S3_ACCESS_KEY"},
		{"s3://bucket/a//b", "no prefix of keys"},
		{"s3://bucket/../b", "no prefix of keys"},
		{"s3://bucket/%ff", "no prefix of keys"},
		{"s3://bucket/%0a", "no prefix of keys"},
		{"s3://bucket/%", "no prefix of keys"},
		{"s3://bucket?endpont=x", "\"endpont\" is no parameter"},
		{"s3://bucket?region=a&region=b", "region twice"},
		{"s3://bucket?region=", "value of region"},
		{"s3://bucket?region", "value of region"},
		{"s3://bucket?region=a%zz", "value of region"},
		{"s3://bucket?region=a/b", "no name of a region"},
		{"s3://bucket?style=host", "neither path nor virtual"},
		{"s3://bucket?endpoint=s3.example.org", "no address such as"},
		{"s3://bucket?endpoint=ftp://s3.example.org", "no address such as"},
		{"s3://bucket?endpoint=https://", "no address such as"},
		{"s3://bucket?endpoint=https://x:0", "no address such as"},
		{"s3://bucket?endpoint=https://x:65536", "no address such as"},
		{"s3://bucket?endpoint=https://x:", "no address such as"},
		{"s3://bucket?endpoint=https://x/path", "no address such as"},
		{"s3://bucket?endpoint=https://a:b@x", "no address such as"},
		{"s3://bucket?endpoint=https://x%0d%0aHost:", "no address such as"},
	};
	struct ctx *c = *state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct s3_address a;
		assert_err(c, s3_address_parse(c, str_of(rows[i].url), STR(""), &a), ERR_INVALID);
		if (!strstr(c->error.text, rows[i].why))
			fail_msg("%s: %s", rows[i].url, c->error.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_is_left_out_is_aws),
		UNIT_TEST(endpoints_are_taken_as_they_are),
		UNIT_TEST(a_prefix_is_decoded_and_ends_with_a_slash),
		UNIT_TEST(others_may_have_another_address),
		UNIT_TEST(what_is_wrong_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"

#include "driver/s3_sign.h"

/* The examples of https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
static const struct s3_keys example_keys = {
	{"AKIAIOSFODNN7EXAMPLE", 20}, {"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", 40}, {NULL, 0}};

enum { EXAMPLE_TIME = 1369353600 }; /* 2013-05-24T00:00:00Z */

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HOST "examplebucket.s3.amazonaws.com"
#define DATE "20130524T000000Z"

static struct s3_signing example(const struct s3_pair *headers, size_t count)
{
	return (struct s3_signing){.keys = &example_keys,
		.method = STR("GET"),
		.path = STR("/"),
		.headers = headers,
		.header_count = count,
		.payload = STR(EMPTY),
		.region = STR("us-east-1"),
		.service = STR("s3"),
		.seconds = EXAMPLE_TIME};
}

static const struct s3_pair plain[] = {
	{{"host", 4}, {HOST, sizeof HOST - 1}},
	{{"x-amz-content-sha256", 20}, {EMPTY, sizeof EMPTY - 1}},
	{{"x-amz-date", 10}, {DATE, sizeof DATE - 1}},
};

static void assert_signature(struct ctx *c, const struct s3_signing *s, const char *digits)
{
	struct str all = s3_authorization(c->arena, s), rest = all;
	size_t at = str_find_str(all, STR("Signature="));
	rest = str_from_index(all, at + strlen("Signature="));
	assert_str(rest, digits);
}

static void a_get_of_a_range_is_signed(void **state)
{
	struct ctx *c = *state;
	const struct s3_pair headers[] = {
		plain[0], {STR("range"), STR("bytes=0-9")}, plain[1], plain[2]};
	struct s3_signing s = example(headers, 4);
	s.path = STR("/test.txt");
	assert_str(s3_authorization(c->arena, &s),
		"AWS4-HMAC-SHA256 "
		"Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
		"SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
		"Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

static void a_put_with_an_odd_key_is_signed(void **state)
{
	struct ctx *c = *state;
	char payload[S3_PAYLOAD];
	s3_payload("Welcome to Amazon S3.", 21, payload);
	const struct s3_pair headers[] = {
		{STR("date"), STR("Fri, 24 May 2013 00:00:00 GMT")},
		plain[0],
		{STR("x-amz-content-sha256"), str_of(payload)},
		plain[2],
		{STR("x-amz-storage-class"), STR("REDUCED_REDUNDANCY")},
	};
	struct s3_signing s = example(headers, 5);
	struct buf path = {.arena = c->arena};
	s3_path(&path, STR("/test$file.text"));
	s.method = STR("PUT");
	s.path = buf_view(&path);
	s.payload = str_of(payload);
	assert_signature(c, &s, "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

static void a_parameter_without_a_value_is_signed(void **state)
{
	struct ctx *c = *state;
	struct s3_pair pairs[] = {{STR("lifecycle"), STR("")}};
	struct buf query = {.arena = c->arena};
	s3_query(&query, pairs, 1);
	assert_str(buf_view(&query), "lifecycle=");
	struct s3_signing s = example(plain, 3);
	s.query = buf_view(&query);
	assert_signature(c, &s, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

static void parameters_are_sorted(void **state)
{
	struct ctx *c = *state;
	struct s3_pair pairs[] = {{STR("prefix"), STR("J")}, {STR("max-keys"), STR("2")}};
	struct buf query = {.arena = c->arena};
	s3_query(&query, pairs, 2);
	assert_str(buf_view(&query), "max-keys=2&prefix=J");
	struct s3_signing s = example(plain, 3);
	s.query = buf_view(&query);
	assert_signature(c, &s, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

static void an_address_is_signed(void **state)
{
	struct ctx *c = *state;
	struct s3_signing s = example(plain, 1);
	s.path = STR("/test.txt");
	s.payload = STR("UNSIGNED-PAYLOAD");
	assert_str(s3_presigned(c->arena, &s, 86400),
		"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%"
		"2F"
		"us-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&"
		"X-Amz-SignedHeaders=host&X-Amz-Signature="
		"aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

/* Of one body only, which the header tells of: the signature is from Python's hmac and urllib. */
static void an_address_may_be_for_a_header(void **state)
{
	struct ctx *c = *state;
	struct s3_signing s = example(plain, 2);
	s.method = STR("PUT");
	s.path = STR("/test.txt");
	struct str query = s3_presigned(c->arena, &s, 60);
	assert_true(str_find_str(query, STR("&X-Amz-SignedHeaders=host%3Bx-amz-content-sha256&")) <
		    query.len);
	assert_true(str_ends(
		query, STR("&X-Amz-Signature="
			   "89b38cfdf7d74e1cc7c7769f5d10de076393e8a2533e40ec72f88534db8b0398")));
}

/* get-vanilla of AWS's test suite for Signature Version 4. */
static void another_service_is_signed(void **state)
{
	struct ctx *c = *state;
	const struct s3_keys keys = {
		STR("AKIDEXAMPLE"), STR("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), STR("")};
	const struct s3_pair headers[] = {{STR("host"), STR("example.amazonaws.com")},
		{STR("x-amz-date"), STR("20150830T123600Z")}};
	struct s3_signing s = example(headers, 2);
	s.keys = &keys;
	s.service = STR("service");
	s.seconds = 1440938160;
	assert_signature(c, &s, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

/* Of every byte but NUL, and keys as odd: the signature is from Python's hmac and urllib. */
static void any_byte_may_be_in_keys(void **state)
{
	struct ctx *c = *state;
	char all[256];
	for (int i = 1; i < 256; i++)
		all[i - 1] = (char)i;
	struct buf path = {.arena = c->arena};
	buf_byte(&path, '/');
	s3_path(&path, str_from(all, 255));
	struct str text = buf_view(&path);
	assert_int_equal(text.len, 1 + 66 + 1 + 3 * (255 - 67));
	assert_true(str_starts(text, STR("/%01%02%03")));
	assert_true(str_ends(text, STR("%FD%FE%FF")));
	assert_true(str_find_str(text, STR("%2A%2B%2C-./0123456789%3A%3B")) < text.len);
	assert_true(str_find_str(text, STR("%5E_%60abc")) < text.len);
	assert_true(str_find_str(text, STR("xyz%7B%7C%7D~%7F%80")) < text.len);
	struct s3_pair pairs[] = {{STR("prefix"), str_from(all, 255)}, {STR("Z"), STR("a b")},
		{STR("a"), STR("2")}, {STR("a"), STR("1")}};
	struct buf query = {.arena = c->arena};
	s3_query(&query, pairs, 4);
	assert_true(str_starts(buf_view(&query), STR("Z=a%20b&a=1&a=2&prefix=%01%02")));
	const struct s3_keys keys = {STR("a/b+c"), str_from(all, 255), STR("")};
	struct s3_signing s = example(plain, 3);
	s.keys = &keys;
	s.path = text;
	s.query = buf_view(&query);
	assert_signature(c, &s, "a2dee006e516f7b242d393aa48610178a91926cb097540755f3123e0230a7746");
}

static void a_session_has_its_token_in_the_address(void **state)
{
	struct ctx *c = *state;
	const struct s3_keys keys = {STR("A"), STR("S"), STR("to/ken=")};
	struct s3_signing s = example(plain, 1);
	s.keys = &keys;
	struct str query = s3_presigned(c->arena, &s, 1);
	assert_true(str_find_str(query, STR("&X-Amz-Security-Token=to%2Fken%3D&")) < query.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_get_of_a_range_is_signed),
		UNIT_TEST(a_put_with_an_odd_key_is_signed),
		UNIT_TEST(a_parameter_without_a_value_is_signed),
		UNIT_TEST(parameters_are_sorted),
		UNIT_TEST(an_address_is_signed),
		UNIT_TEST(an_address_may_be_for_a_header),
		UNIT_TEST(another_service_is_signed),
		UNIT_TEST(any_byte_may_be_in_keys),
		UNIT_TEST(a_session_has_its_token_in_the_address),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

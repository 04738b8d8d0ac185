#include "base/uri.h"

#include "unit.h"

static void decoding_takes_escapes(void **state)
{
	struct ctx *c = *state;
	struct str out;
	assert_true(uri_decode(c->arena, STR("a%20b%2Fc%c3%A4+d"), false, &out));
	assert_str(out, "a b/c\xc3\xa4+d");
	assert_true(uri_decode(c->arena, STR("a+b%2B"), true, &out));
	assert_str(out, "a b+");
	assert_true(uri_decode(c->arena, STR(""), true, &out));
	assert_str(out, "");
	assert_true(uri_decode(c->arena, STR("%2525"), false, &out));
	assert_str(out, "%25");
}

static void bad_escapes_and_nuls_are_refused(void **state)
{
	struct ctx *c = *state;
	static const char *const bad[] = {
		"%", "%2", "a%2", "%zz", "%2g", "%g2", "%%20", "%00", "a%00b", "% 2", "%+2"};
	struct str out;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (uri_decode(c->arena, str_of(bad[i]), true, &out))
			fail_msg("\"%s\" was taken", bad[i]);
	assert_false(uri_decode(c->arena, str_from("a\0b", 3), false, &out));
}

static void encoding_keeps_the_unreserved(void **state)
{
	struct ctx *c = *state;
	struct buf b = {.arena = c->arena};
	uri_encode(&b, STR("aZ09-._~ /%\xc3\xa4?&"));
	assert_str(buf_view(&b), "aZ09-._~%20%2F%25%C3%A4%3F%26");
	b.len = 0;
	uri_encode_path(&b, STR("a b/c#d"));
	assert_str(buf_view(&b), "a%20b/c%23d");
}

static void every_byte_but_nul_round_trips(void **state)
{
	struct ctx *c = *state;
	struct buf b = {.arena = c->arena};
	char all[255];
	struct str out;
	for (int i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	uri_encode(&b, str_from(all, 255));
	assert_true(uri_decode(c->arena, buf_view(&b), true, &out));
	assert_true(str_eq(out, str_from(all, 255)));
}

static void parameters_are_found_by_their_decoded_name(void **state)
{
	struct ctx *c = *state;
	struct str query = STR("a=1&b=&c&%64=x+y&a=2&bad=%zz&&=v"), value;
	assert_true(uri_param(c->arena, query, STR("a"), &value));
	assert_str(value, "1");
	assert_true(uri_param(c->arena, query, STR("b"), &value));
	assert_str(value, "");
	assert_true(uri_param(c->arena, query, STR("c"), &value));
	assert_str(value, "");
	assert_true(uri_param(c->arena, query, STR("d"), &value));
	assert_str(value, "x y");
	assert_false(uri_param(c->arena, query, STR("bad"), &value));
	assert_false(uri_param(c->arena, query, STR("missing"), &value));
	assert_false(uri_param(c->arena, (struct str){0}, STR("a"), &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(decoding_takes_escapes),
		UNIT_TEST(bad_escapes_and_nuls_are_refused),
		UNIT_TEST(encoding_keeps_the_unreserved),
		UNIT_TEST(every_byte_but_nul_round_trips),
		UNIT_TEST(parameters_are_found_by_their_decoded_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

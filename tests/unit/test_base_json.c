#include "base/json.h"

#include "unit.h"

/* What a JSON parser must take (RFC 8259), and what it must refuse. */
static const struct str good[] = {
#define Y(text)                       \
	{                             \
		text, sizeof text - 1 \
	}
	Y("null"),
	Y("true"),
	Y("false"),
	Y("0"),
	Y("-0"),
	Y("1"),
	Y("-1"),
	Y("123"),
	Y("0.5"),
	Y("1e5"),
	Y("1E5"),
	Y("1e+5"),
	Y("1e-5"),
	Y("1.5e300"),
	Y("-1.25E-2"),
	Y("0e1"),
	Y("20e1"),
	Y("123456789012345678901234567890"),
	Y("-9223372036854775808"),
	Y("9223372036854775807"),
	Y("1e99999"),
	Y(" \t\r\n1 \t\r\n"),
	Y("\"\""),
	Y("\"a\""),
	Y("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
	Y("\"\\u0000\""),
	Y("\"\\u00e4\""),
	Y("\"\\uD834\\uDD1E\""),
	Y("\"\\uFFFF\""),
	Y("\"\x7f\""),
	Y("\"\xc3\xa4\""),
	Y("\"\xf4\x8f\xbf\xbf\""),
	Y("\"\\u0060\\u012a\\u12AB\""),
	Y("\"/\""),
	Y("\"\\\\\""),
	Y("\"\\\\\\\\\""),
	Y("[]"),
	Y("[ ]"),
	Y("[[]]"),
	Y("[1]"),
	Y("[1,2 , 3]"),
	Y("[null,1,\"1\",{}]"),
	Y("{}"),
	Y("{ }"),
	Y("{\"\":0}"),
	Y("{\"a\":1}"),
	Y("{\"a\":1,\"b\":2}"),
	Y("{\"a\" : [ { \"b\" : null } ] }"),
	Y("{\"a\":{\"a\":{\"a\":1}}}"),
	Y("{\"a\":1,\"A\":2}"),
	Y("[\"a\",\"a\"]"),
	Y("{\"\\u0000\":1,\"\":2}"),
	Y("[1,\n2]"),
	Y("{\"min\": -1.0e+28, \"max\": 1.0e+28}"),
};

static const struct str bad[] = {
	Y(""),
	Y(" "),
	Y("\xef\xbb\xbf{}"),
	Y("nul"),
	Y("nulll"),
	Y("True"),
	Y("NaN"),
	Y("Infinity"),
	Y("-Infinity"),
	Y("undefined"),
	Y("'a'"),
	Y("a"),
	Y("\0"),
	Y("1\0"),
	Y("*"),
	Y("/**/1"),
	Y("1//"),
	Y("#"),
	Y("01"),
	Y("-01"),
	Y("00"),
	Y("-"),
	Y("+1"),
	Y("1."),
	Y(".5"),
	Y("-.5"),
	Y("1.e5"),
	Y("1e"),
	Y("1e+"),
	Y("1eE2"),
	Y("0x1"),
	Y("1 2"),
	Y("1,"),
	Y(",1"),
	Y("--1"),
	Y("1+2"),
	Y("1_000"),
	Y("\xef\xbc\x91"),
	Y("-a"),
	Y("0.1.2"),
	Y("1e5.5"),
	Y("\""),
	Y("\"a"),
	Y("\"\\\""),
	Y("\"\\"),
	Y("\"\\a\""),
	Y("\"\\x00\""),
	Y("\"\\U0041\""),
	Y("\"\\u\""),
	Y("\"\\u123\""),
	Y("\"\\u12G4\""),
	Y("\"\\u12"),
	Y("\"\\uD800\""),
	Y("\"\\uDC00\""),
	Y("\"\\uD800\\uD800\""),
	Y("\"\\uD800a\""),
	Y("\"\\uD800\\n\""),
	Y("\"\\uD800\\u\""),
	Y("\"\\uD834\\u00e4\""),
	Y("\"\n\""),
	Y("\"\t\""),
	Y("\"\0\""),
	Y("\"\x1f\""),
	Y("\"\x80\""),
	Y("\"\xc0\x80\""),
	Y("\"\xed\xa0\x80\""),
	Y("\"\xf4\x90\x80\x80\""),
	Y("\"\xe2\x82\""),
	Y("\"\xff\""),
	Y("\"a\"b"),
	Y("\"\\\xc3\xa4\""),
	Y("["),
	Y("]"),
	Y("[,]"),
	Y("[1"),
	Y("[1,"),
	Y("[1,]"),
	Y("[,1]"),
	Y("[1,,2]"),
	Y("[1 2]"),
	Y("[1]]"),
	Y("[1]1"),
	Y("[\"a\""),
	Y("[\"a\":1]"),
	Y("[1:2]"),
	Y("[}"),
	Y("[1}"),
	Y("[-]"),
	Y("[\v1]"),
	Y("[\f]"),
	Y("[1\xc2\xa0]"),
	Y("{"),
	Y("}"),
	Y("{]"),
	Y("{,}"),
	Y("{1:1}"),
	Y("{a:1}"),
	Y("{'a':1}"),
	Y("{null:1}"),
	Y("{\"a\"}"),
	Y("{\"a\":}"),
	Y("{\"a\" 1}"),
	Y("{\"a\":1"),
	Y("{\"a\":1,"),
	Y("{\"a\":1,}"),
	Y("{\"a\":1 \"b\":2}"),
	Y("{\"a\":1,,\"b\":2}"),
	Y("{\"a\"::1}"),
	Y("{\"a\"=1}"),
	Y("{\"a\":1}}"),
	Y("{\"a\":1}{}"),
	Y("{\"a\":1,\"a\":2}"),
	Y("{\"a\":1,\"\\u0061\":2}"),
	Y("{\"\":1,\"\":2}"),
	Y("{}/"),
	Y("{[1]:2}"),
	Y("\x01"),
	Y("[\"\x00\"]"),
	Y("{\"a\":1]"),
	Y("[{\"a\":1]}"),
#undef Y
};

static void valid_texts_are_taken(void **state)
{
	struct ctx *c = *state;
	struct json *v;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (json_parse(c, good[i], &v))
			fail_msg("%.*s was refused: %s", STR_FMT(good[i]), c->error.text);
}

static void invalid_texts_are_refused(void **state)
{
	struct ctx *c = *state;
	struct json *v;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ctx_clear(c);
		if (json_parse(c, bad[i], &v) != ERR_INVALID)
			fail_msg("%.*s was taken (row %zu)", STR_FMT(bad[i]), i);
		assert_non_null(strstr(c->error.text, " at byte "));
	}
}

static void every_cut_of_a_text_is_refused(void **state)
{
	struct ctx *c = *state;
	struct str text = STR(
		"{\"a\":[1,-2.5e3,true,null,\"\\uD834\\uDD1E\xc3\xa4\\n\"],\"b\":{\"c\":false}}");
	struct json *v;
	assert_ok(c, json_parse(c, text, &v));
	for (size_t len = 0; len < text.len; len++) {
		/* in memory of exactly that size, so that reading past its end is seen */
		char *cut = malloc(len + !len);
		memcpy(cut, text.at, len);
		assert_err(c, json_parse(c, str_from(cut, len), &v), ERR_INVALID);
		free(cut);
	}
}

static void errors_say_where(void **state)
{
	struct ctx *c = *state;
	struct json *v;
	assert_err(c, json_parse(c, STR("{\"a\": [1, x]}"), &v), ERR_INVALID);
	assert_string_equal(c->error.text, "JSON: something that is no value at byte 10");
}

static struct str nested(struct ctx *c, int depth)
{
	struct buf b = {.arena = c->arena};
	for (int i = 0; i < depth; i++)
		buf_cstr(&b, i % 2 ? "[" : "{\"a\":");
	buf_cstr(&b, "1");
	for (int i = depth; i > 0; i--)
		buf_cstr(&b, i % 2 ? "}" : "]");
	return buf_view(&b);
}

static void depth_is_limited_to_64(void **state)
{
	struct ctx *c = *state;
	struct json *v;
	assert_ok(c, json_parse(c, nested(c, 64), &v));
	assert_err(c, json_parse(c, nested(c, 65), &v), ERR_INVALID);
	assert_err(c, json_parse(c, nested(c, 100000), &v), ERR_INVALID);
}

static void values_have_what_was_written(void **state)
{
	struct ctx *c = *state;
	struct json *v;
	assert_ok(c, json_parse(c,
			     STR("{\"n\":null,\"t\":true,\"i\":-42,\"r\":1.50,\"s\":"
				 "\"x\\u0000\\uD834\\uDD1E\","
				 "\"a\":[1,2,3],\"big\":9223372036854775808}"),
			     &v));
	assert_int_equal(v->kind, JSON_OBJECT);
	assert_int_equal(v->count, 7);
	assert_int_equal(json_get(v, "n")->kind, JSON_NULL);
	assert_true(json_get(v, "t")->kind == JSON_BOOL && json_get(v, "t")->boolean);
	assert_true(json_get(v, "i")->kind == JSON_INT && json_get(v, "i")->integer == -42);
	assert_int_equal(json_get(v, "r")->kind, JSON_REAL);
	assert_str(json_get(v, "r")->text, "1.50");
	assert_true(str_eq(json_get(v, "s")->text, STR("x\0\xf0\x9d\x84\x9e")));
	assert_int_equal(json_get(v, "a")->count, 3);
	assert_int_equal(json_get(v, "a")->first->next->next->integer, 3);
	assert_null(json_get(v, "a")->first->next->next->next);
	assert_int_equal(json_get(v, "big")->kind, JSON_REAL);
	assert_str(json_get(v, "big")->text, "9223372036854775808");
	assert_null(json_get(v, "x"));
	assert_null(json_get(NULL, "x"));
	assert_null(json_get(json_get(v, "a"), "x"));
}

static void integers_keep_64_bits(void **state)
{
	struct ctx *c = *state;
	struct json *v;
	assert_ok(c, json_parse(c, STR("-9223372036854775808"), &v));
	assert_true(v->kind == JSON_INT && v->integer == INT64_MIN);
	assert_ok(c, json_parse(c, STR("9223372036854775807"), &v));
	assert_true(v->kind == JSON_INT && v->integer == INT64_MAX);
	assert_ok(c, json_parse(c, STR("-9223372036854775809"), &v));
	assert_int_equal(v->kind, JSON_REAL);
}

static void duplicate_keys_are_found_among_many(void **state)
{
	struct ctx *c = *state;
	struct buf b = {.arena = c->arena};
	struct json *v;
	buf_cstr(&b, "{");
	for (int i = 0; i < 20000; i++)
		buf_fmt(&b, "\"key%d\":%d,", i, i);
	size_t len = b.len;
	buf_cstr(&b, "\"last\":1}");
	assert_ok(c, json_parse(c, buf_view(&b), &v));
	assert_int_equal(v->count, 20001);
	assert_int_equal(json_get(v, "key19999")->integer, 19999);
	b.len = len;
	buf_cstr(&b, "\"key7\":1}");
	assert_err(c, json_parse(c, buf_view(&b), &v), ERR_INVALID);
}

static void the_writer_sets_the_commas(void **state)
{
	struct ctx *c = *state;
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	json_begin_object(&w);
	json_member_str(&w, "a", STR("x\"\\\n\t\x01\x7f"));
	json_member_cstr(&w, "none", NULL);
	json_member_int(&w, "i", INT64_MIN);
	json_member_bool(&w, "b", true);
	json_key(&w, "list");
	json_begin_array(&w);
	json_int(&w, 1);
	json_begin_array(&w);
	json_end_array(&w);
	json_begin_object(&w);
	json_end_object(&w);
	json_null(&w);
	json_end_array(&w);
	json_member_cstr(&w, "z", "");
	json_end_object(&w);
	assert_str(buf_view(&b),
		"{\"a\":\"x\\\"\\\\\\n\\t\\u0001\x7f\",\"none\":null,\"i\":-9223372036854775808,"
		"\"b\":true,\"list\":[1,[],{},null],\"z\":\"\"}");
	struct json *v;
	assert_ok(c, json_parse(c, buf_view(&b), &v));
}

static void the_writer_makes_utf8_of_anything(void **state)
{
	struct ctx *c = *state;
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	json_string(&w, STR("a\xff\xc3\xa4\xe2\x82z\0"));
	assert_str(buf_view(&b), "\"a\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbdz\\u0000\"");
}

static void documents_follow_each_other_without_commas(void **state)
{
	struct ctx *c = *state;
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	json_begin_array(&w);
	json_end_array(&w);
	buf_byte(&b, '\n');
	json_bool(&w, false);
	assert_str(buf_view(&b), "[]\nfalse");
}

static void texts_are_asked_for_by_name(void **state)
{
	struct ctx *c = *state;
	struct json *v;
	assert_ok(
		c, json_parse(c,
			   STR("{\"a\":\"x\",\"b\":7,\"c\":[\"x\",7,[\"y\"]],\"d\":{\"x\":\"y\"}}"),
			   &v));
	assert_str(json_text(v, "a"), "x");
	assert_str(json_text(v, "b"), "");
	assert_str(json_text(v, "z"), "");
	assert_str(json_text(NULL, "a"), "");
	assert_true(json_has_text(json_get(v, "c"), "x"));
	assert_false(json_has_text(json_get(v, "c"), "y"));
	assert_false(json_has_text(json_get(v, "d"), "y"));
	assert_false(json_has_text(json_get(v, "a"), "x"));
}

static void what_was_read_is_written_as_it_was(void **state)
{
	struct ctx *c = *state;
	const char *texts[] = {"null", "{}", "[]", "[[],{}]", "-7", "1.50e3", "\"a\\\"b\"",
		"{\"a\":[1,{\"b\":[]},true],\"c\":{\"d\":{\"e\":false}},\"f\":null}",
		"[[[[1],2],3],[4]]"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct json *v;
		struct buf out = {.arena = c->arena};
		struct json_writer w = {.out = &out};
		assert_ok(c, json_parse(c, str_of(texts[i]), &v));
		json_value(&w, v);
		assert_str(buf_view(&out), texts[i]);
	}
	struct buf deep = {.arena = c->arena}, out = {.arena = c->arena};
	struct json_writer w = {.out = &out};
	struct json *v;
	for (int i = 0; i < 64; i++)
		buf_byte(&deep, '[');
	for (int i = 0; i < 64; i++)
		buf_byte(&deep, ']');
	assert_ok(c, json_parse(c, buf_view(&deep), &v));
	json_value(&w, v);
	assert_str(buf_view(&out), buf_text(&deep));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(valid_texts_are_taken),
		UNIT_TEST(invalid_texts_are_refused),
		UNIT_TEST(every_cut_of_a_text_is_refused),
		UNIT_TEST(errors_say_where),
		UNIT_TEST(depth_is_limited_to_64),
		UNIT_TEST(values_have_what_was_written),
		UNIT_TEST(integers_keep_64_bits),
		UNIT_TEST(duplicate_keys_are_found_among_many),
		UNIT_TEST(the_writer_sets_the_commas),
		UNIT_TEST(the_writer_makes_utf8_of_anything),
		UNIT_TEST(documents_follow_each_other_without_commas),
		UNIT_TEST(texts_are_asked_for_by_name),
		UNIT_TEST(what_was_read_is_written_as_it_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

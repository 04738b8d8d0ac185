#include "unit.h"

#include "base/buf.h"
#include "driver/s3_xml.h"

static void elements_and_their_text_are_read(void **state)
{
	struct ctx *c = *state;
	struct s3_xml *root;
	assert_ok(c, s3_xml_parse(c,
			     STR("<?xml version=\"1.0\"?>\n<!-- a > b -->\n"
				 "<s:List xmlns:s='http://x/' a=\"1 &lt; 2\">\n"
				 "<Name>a&amp;b&#x20AC;&#65;</Name><Empty/><Name >two</Name\t>"
				 "<Deep><Er>x<!-- y -->z</Er></Deep></s:List>\n"),
			     &root));
	assert_str(root->name, "List");
	assert_str(s3_xml_text(root, "Name"), "a&b\xe2\x82\xac"
					      "A");
	assert_non_null(s3_xml_get(root, "Empty"));
	assert_str(s3_xml_text(root, "Empty"), "");
	assert_str(s3_xml_text(root, "Nothing"), "");
	assert_str(s3_xml_text(s3_xml_get(root, "Deep"), "Er"), "xz");
	assert_str(s3_xml_get(root, "Empty")->next->text, "two");
	assert_null(s3_xml_get(NULL, "a"));
}

static void what_is_no_document_is_refused(void **state)
{
	struct ctx *c = *state;
	static const char *const texts[] = {"", " ", "a", "<", "<a", "<a>", "<a></b>", "</a>",
		"<a/><b/>", "<a/>x", "<a>&b;</a>", "<a>&amp</a>", "<a>&#0;</a>", "<a>&#xD800;</a>",
		"<a>&#;</a>", "<a b></a>", "<a b=c></a>", "<a b='></a>", "<a b='<'></a>",
		"<!DOCTYPE a><a/>", "<a><![CDATA[x]]></a>", "<a>\xff</a>", "<a>\x01</a>",
		"<a><!-- </a>", "<a b='1'c='2'/>", "<1/>", "<a:/>", "<a:1/>", "<a></a", "<a></ a>"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct s3_xml *root;
		if (s3_xml_parse(c, str_of(texts[i]), &root) != ERR_INVALID)
			fail_msg("%s is taken", texts[i]);
	}
}

static void depth_and_number_are_capped(void **state)
{
	struct ctx *c = *state;
	struct s3_xml *root;
	struct buf deep = {.arena = c->arena}, many = {.arena = c->arena};
	for (int i = 0; i < S3_XML_DEPTH; i++)
		buf_cstr(&deep, "<a>");
	for (int i = 0; i < S3_XML_DEPTH; i++)
		buf_cstr(&deep, "</a>");
	assert_ok(c, s3_xml_parse(c, buf_view(&deep), &root));
	buf_cstr(&many, "<a>");
	buf_str(&many, buf_view(&deep));
	buf_cstr(&many, "</a>");
	assert_err(c, s3_xml_parse(c, buf_view(&many), &root), ERR_INVALID);
	many.len = 0;
	buf_cstr(&many, "<a>");
	for (int i = 0; i < S3_XML_ELEMENTS; i++)
		buf_cstr(&many, "<b/>");
	buf_cstr(&many, "</a>");
	assert_err(c, s3_xml_parse(c, buf_view(&many), &root), ERR_INVALID);
}

static void times_are_read(void **state)
{
	static const char *const bad[] = {"", "2026-11-23", "2026-11-23T15:34:32",
		"2026-13-23T15:34:32Z", "2026-11-23T15:34:32.Z", "2026-11-23T15:34:32+00:00",
		"2026-11-32T15:34:32Z", "2026-11-23T24:34:32Z", "1026-11-23T15:34:32Z",
		"2026-1-23T15:34:32Z", "2026-11-23 15:34:32Z", "2026-11-23T15:34:32Zx"};
	int64_t seconds;
	(void)state;
	assert_true(s3_xml_time(STR("2013-05-24T00:00:00Z"), &seconds));
	assert_int_equal(seconds, 1369353600);
	assert_true(s3_xml_time(STR("2026-11-27T12:16:25.360Z"), &seconds));
	assert_int_equal(seconds, 1795781785);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(s3_xml_time(str_of(bad[i]), &seconds));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(elements_and_their_text_are_read),
		UNIT_TEST(what_is_no_document_is_refused),
		UNIT_TEST(depth_and_number_are_capped),
		UNIT_TEST(times_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

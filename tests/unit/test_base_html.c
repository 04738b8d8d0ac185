/* base/html.c: whatever comes in, what comes out is text. */
#include "unit.h"

#include "base/html.h"

static struct str escaped(struct ctx *c, struct str text)
{
	struct buf out = {.arena = c->arena};
	html_escape(&out, text);
	return buf_view(&out);
}

static void the_five_characters_of_markup_become_entities(void **state)
{
	struct ctx *c = *state;
	assert_str(escaped(c, STR("<a href=\"x\" id='y'>&amp;</a>")),
		"&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;");
}

static void plain_text_and_good_utf8_pass_as_they_are(void **state)
{
	struct ctx *c = *state;
	assert_str(escaped(c, STR("")), "");
	assert_str(escaped(c, STR("tab\there\nand there")), "tab\there\nand there");
	assert_str(escaped(c, STR("h\xC3\xA9llo \xE4\xB8\xAD \xF0\x9F\x98\x80")),
		"h\xC3\xA9llo \xE4\xB8\xAD \xF0\x9F\x98\x80");
}

static void what_is_not_utf8_becomes_the_replacement_character(void **state)
{
	struct ctx *c = *state;
	assert_str(escaped(c, STR("a\xFFz")), "a\xEF\xBF\xBDz");
	/* A sequence that is cut off must not swallow the quote after it. */
	assert_str(escaped(c, STR("\xE4\xB8\"")), "\xEF\xBF\xBD\xEF\xBF\xBD&quot;");
	/* An overlong '<'. */
	assert_str(escaped(c, STR("\xC0\xBC")), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

static void controls_are_shown_not_passed_on(void **state)
{
	struct ctx *c = *state;
	assert_str(escaped(c, STR("a\0b\x1b[31m\x7f")), "a\xEF\xBF\xBD"
							"b\xEF\xBF\xBD[31m\xEF\xBF\xBD");
}

static void text_cannot_be_made_to_read_backwards(void **state)
{
	struct ctx *c = *state;
	assert_str(escaped(c, STR("x\xE2\x80\xAEgpj.exe")), "x[U+202e]gpj.exe");
	assert_str(escaped(c, STR("\xE2\x81\xA6y\xE2\x81\xA9")), "[U+2066]y[U+2069]");
	assert_str(escaped(c, STR("\xE2\x80\x8F\xD8\x9C")), "[U+200f][U+061c]");
	/* Its neighbours are ordinary. */
	assert_str(escaped(c, STR("\xE2\x80\xA9\xE2\x80\xAF")), "\xE2\x80\xA9\xE2\x80\xAF");
}

static void what_is_kept_is_what_a_form_gives_back(void **state)
{
	(void)state;
	assert_true(html_keeps(STR("")));
	assert_true(html_keeps(STR("a <b> & \"c\"\t\n\xc3\xbc")));
	assert_false(html_keeps(STR("a\rb")));
	assert_false(html_keeps(STR("a\x7f")));
	assert_false(html_keeps(STR("\xff")));
	assert_false(html_keeps(STR("\xe2\x80\xae")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(the_five_characters_of_markup_become_entities),
		UNIT_TEST(plain_text_and_good_utf8_pass_as_they_are),
		UNIT_TEST(what_is_not_utf8_becomes_the_replacement_character),
		UNIT_TEST(controls_are_shown_not_passed_on),
		UNIT_TEST(text_cannot_be_made_to_read_backwards),
		UNIT_TEST(what_is_kept_is_what_a_form_gives_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

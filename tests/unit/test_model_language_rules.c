#include "model/language_rules.h"

#include "base/buf.h"

#include "unit.h"

static enum language_id of(struct ctx *c, const char *text, const char *folder, const char *name)
{
	struct language_rules rules;
	language_rules_read(c->arena, str_of(text), &rules);
	return language_rules_judge(c->arena, &rules, str_of(folder), str_of(name));
}

static void without_rules_a_name_decides(void **state)
{
	struct ctx *c = *state;
	assert_int_equal(of(c, "", "src", "a.c"), LANGUAGE_C);
	assert_int_equal(of(c, "*.c text eol=lf\n", "src", "a.c"), LANGUAGE_C);
	assert_int_equal(of(c, "", "src", "a.unheard-of"), LANGUAGES);
}

static void rules_name_and_leave_out(void **state)
{
	struct ctx *c = *state;
	assert_int_equal(of(c, "*.x linguist-language=C\n", "", "a.x"), LANGUAGE_C);
	assert_int_equal(of(c, "*.x linguist-language=Nonsense\n", "", "a.x"), LANGUAGES);
	static const char *const out[] = {"*.c linguist-vendored", "*.c linguist-generated=true",
		"*.c linguist-documentation", "*.c -linguist-detectable",
		"*.c linguist-detectable=false", "/src/*.c linguist-vendored",
		"src/** linguist-vendored"};
	for (size_t i = 0; i < sizeof out / sizeof *out; i++) {
		assert_int_equal(of(c, out[i], "src", "a.c"), LANGUAGES);
		assert_int_equal(of(c, out[i], "src", "a.py"),
			strstr(out[i], "**") ? LANGUAGES : LANGUAGE_PYTHON);
	}
}

static void the_last_that_fits_decides(void **state)
{
	struct ctx *c = *state;
	const char *rules = "*.c linguist-vendored\nours.c -linguist-vendored\n";
	assert_int_equal(of(c, rules, "deep/down", "theirs.c"), LANGUAGES);
	assert_int_equal(of(c, rules, "deep/down", "ours.c"), LANGUAGE_C);
}

static void there_are_bounds(void **state)
{
	struct ctx *c = *state;
	struct buf many = {.arena = c->arena}, one = {.arena = c->arena};
	struct language_rules rules;
	for (int i = 0; i < LANGUAGE_RULES_MAX + 5; i++)
		buf_fmt(&many, "%d.c linguist-vendored\n", i);
	language_rules_read(c->arena, buf_view(&many), &rules);
	assert_int_equal(rules.list.len, LANGUAGE_RULES_MAX);
	for (int i = 0; i <= LANGUAGE_PATTERN_MAX; i++)
		buf_byte(&one, '*');
	buf_cstr(&one, " linguist-vendored\n");
	language_rules_read(c->arena, buf_view(&one), &rules);
	assert_int_equal(rules.list.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(without_rules_a_name_decides),
		UNIT_TEST(rules_name_and_leave_out),
		UNIT_TEST(the_last_that_fits_decides),
		UNIT_TEST(there_are_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

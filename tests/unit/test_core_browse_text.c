/* core/browse_text.c: notebooks and records, as well made as people's programs make them, and worse. */
#include "unit.h"

#include "core/browse_text.h"
#include "driver/driver.h"

static const struct text_table *records(struct ctx *c, const char *name, const char *text)
{
	const struct text_table *out;
	struct file file = {.name = str_of(name), .bytes = str_of(text)};
	assert_ok(c, browse_records(c, &file, &out));
	return out;
}

static void records_are_read_as_rfc_4180_has_them(void **state)
{
	struct ctx *c = *state;
	const struct text_table *t = records(c, "a.csv",
		"\xEF\xBB\xBF"
		"a,\"b,\"\"c\"\"\n d\"\r\n,2,3\n\"x\"y,z");
	assert_int_equal(t->count, 3);
	assert_int_equal(t->columns, 3);
	assert_str(t->at[0].fields[0], "a");
	assert_str(t->at[0].fields[1], "b,\"c\"\n d");
	assert_str(t->at[1].fields[0], "");
	assert_str(t->at[1].fields[2], "3");
	assert_str(t->at[2].fields[0], "x");
	assert_str(t->at[2].fields[1], "z");
	assert_false(t->more);
	t = records(c, "a.tsv", "a\tb,c\n1\t2\n");
	assert_str(t->at[0].fields[1], "b,c");
	t = records(c, "a.csv", "a,\"never closed\n");
	assert_str(t->at[0].fields[1], "never closed\n");
	assert_null(records(c, "a.csv", "no commas\nat all\n"));
	assert_null(records(c, "a.csv", ""));
}

static void a_table_is_bounded(void **state)
{
	struct ctx *c = *state;
	struct buf text = {.arena = c->arena};
	for (int i = 0; i < 5000; i++)
		buf_cstr(&text, "1,2\n");
	const struct text_table *t = records(c, "a.csv", buf_text(&text));
	assert_true(t->count == 1000 && t->more);
	text.len = 0;
	for (int i = 0; i < 5000; i++)
		buf_cstr(&text, "1,");
	t = records(c, "a.csv", buf_text(&text));
	assert_true(t->count == 1 && t->columns == 50 && t->more);
}

static const struct notebook *notebook(struct ctx *c, const char *text)
{
	const struct notebook *out;
	struct core core = {.markup = markup_md4c_open()};
	struct browse b = {.core = &core, .repo.name = STR("r")};
	struct revision rev = {.text = STR("main")};
	struct file file = {.path = STR("a.ipynb"), .name = STR("a.ipynb"), .bytes = str_of(text)};
	assert_ok(c, browse_notebook(c, &b, &rev, &file, &out));
	return out;
}

static void a_notebook_is_its_cells(void **state)
{
	struct ctx *c = *state;
	const struct notebook *n =
		notebook(c, "{\"metadata\": {\"kernelspec\": {\"language\": \"r\"}}, \"cells\": ["
			    "{\"cell_type\": \"markdown\", \"source\": [\"*a*\", 7, \"!\"]},"
			    "{\"cell_type\": \"code\", \"execution_count\": 3, \"source\": \"x\", "
			    "\"outputs\": ["
			    "{\"output_type\": \"stream\", \"name\": \"stderr\", \"text\": "
			    "\"\\u001b[1;31mred\\u001b[0m\"},"
			    "{\"output_type\": \"execute_result\", \"data\": {\"text/plain\": "
			    "[\"1\", \"2\"], \"image/png\": \"\"}},"
			    "{\"output_type\": \"error\", \"ename\": \"E\", \"evalue\": \"v\"}]},"
			    "{\"cell_type\": \"raw\", \"source\": \"y\"}, 5]}");
	assert_int_equal(n->count, 4);
	assert_str(n->language, "r");
	assert_str(n->at[0].html, "<p><em>a</em>!</p>\n");
	assert_int_equal(n->at[1].number, 3);
	assert_int_equal(n->at[1].output_count, 3);
	assert_str(n->at[1].outputs[0].text, "red");
	assert_true(n->at[1].outputs[0].failed);
	assert_str(n->at[1].outputs[1].text, "12");
	assert_str(n->at[1].outputs[1].other, "image/png");
	assert_str(n->at[1].outputs[2].text, "E: v");
	assert_int_equal(n->at[2].kind, CELL_RAW);
}

static void what_is_no_notebook_is_said_to_be_none(void **state)
{
	struct ctx *c = *state;
	static const char *const bad[] = {
		"", "{", "[]", "7", "{\"cells\": 7}", "{\"cells\": {}}", "{\"a\": 1}"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (notebook(c, bad[i]))
			fail_msg("%s", bad[i]);
	assert_int_equal(notebook(c, "{\"cells\": []}")->count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(records_are_read_as_rfc_4180_has_them),
		UNIT_TEST(a_table_is_bounded),
		UNIT_TEST(a_notebook_is_its_cells),
		UNIT_TEST(what_is_no_notebook_is_said_to_be_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* git/blame.c: its edges; tests/tools/test_reading.py holds it beside git. */
#include "unit.h"

#include "git/blame.h"
#include "odb_make.h"

struct scene {
	struct odb_make *make;
	struct odb_reader reader;
	struct oid first, second;
};

static const struct blame_limits plenty = {1000, 60 * 1000000ll, 10};

/* Two commits: "a b" becomes "a x b" under another name. */
static void open_scene(struct ctx *c, struct scene *s)
{
	s->make = odb_make(c, HASH_SHA256);
	struct oid old = odb_make_object(s->make, OBJECT_BLOB, STR("a\nb\nc\nd\ne\n"));
	struct oid new = odb_make_object(s->make, OBJECT_BLOB, STR("a\nx\nb\nc\nd\ne\n"));
	struct oid empty = odb_make_object(s->make, OBJECT_BLOB, STR(""));
	struct oid before = odb_make_tree(s->make, "100644 old", old, NULL, old);
	struct oid after = odb_make_tree(s->make, "100644 empty", empty, "100644 new", new);
	s->first = odb_make_commit(s->make, before, NULL, 100);
	s->second = odb_make_commit(s->make, after, PARENTS(s->first), 200);
	odb_make_pack(s->make);
	odb_reader_init(c, &s->reader, &s->make->odb);
}

static void a_renamed_file_is_followed(void **state)
{
	struct ctx *c = *state;
	struct scene s;
	struct blame b;
	open_scene(c, &s);
	assert_ok(c, blame_file(c, &s.reader, &s.second, STR("new"), &plenty, &b));
	assert_false(b.cut);
	assert_int_equal(b.lines, 6);
	assert_int_equal(b.count, 3);
	assert_true(oid_eq(&b.at[0].commit, &s.first));
	assert_str(b.at[0].path, "old");
	assert_true(oid_eq(&b.at[1].commit, &s.second));
	assert_int_equal(b.at[1].at, 1);
	assert_int_equal(b.at[2].source_at, 1);
	assert_int_equal(b.at[2].count, 4);
	odb_make_done(s.make);
}

static void a_spent_budget_says_so_and_leaves_no_line_out(void **state)
{
	struct ctx *c = *state;
	struct scene s;
	struct blame b;
	const struct blame_limits none = {0, 60 * 1000000ll, 10},
				  no_renames = {10, 60 * 1000000ll, 0};
	open_scene(c, &s);
	assert_ok(c, blame_file(c, &s.reader, &s.second, STR("new"), &none, &b));
	assert_true(b.cut);
	assert_int_equal(b.count, 1);
	assert_int_equal(b.at[0].count, 6);
	assert_true(b.at[0].unsure);
	assert_ok(c, blame_file(c, &s.reader, &s.second, STR("new"), &no_renames, &b));
	assert_int_equal(b.count, 1);
	assert_true(oid_eq(&b.at[0].commit, &s.second));
	odb_make_done(s.make);
}

static void an_empty_file_has_no_lines(void **state)
{
	struct ctx *c = *state;
	struct scene s;
	struct blame b;
	open_scene(c, &s);
	assert_ok(c, blame_file(c, &s.reader, &s.second, STR("empty"), &plenty, &b));
	assert_int_equal(b.count, 0);
	assert_int_equal(b.lines, 0);
	odb_make_done(s.make);
}

static void what_is_no_file_is_not_found(void **state)
{
	struct ctx *c = *state;
	struct scene s;
	struct blame b;
	open_scene(c, &s);
	assert_err(c, blame_file(c, &s.reader, &s.second, STR("old"), &plenty, &b), ERR_NOT_FOUND);
	ctx_clear(c);
	assert_err(c, blame_file(c, &s.reader, &s.second, STR(""), &plenty, &b), ERR_NOT_FOUND);
	ctx_clear(c);
	s.reader.object_max = 3;
	assert_err(c, blame_file(c, &s.reader, &s.second, STR("new"), &plenty, &b), ERR_TOO_BIG);
	odb_make_done(s.make);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_renamed_file_is_followed),
		UNIT_TEST(a_spent_budget_says_so_and_leaves_no_line_out),
		UNIT_TEST(an_empty_file_has_no_lines),
		UNIT_TEST(what_is_no_file_is_not_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

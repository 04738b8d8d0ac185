/* git/rename.c: its limits; tests/tools/test_reading.py holds it beside git. */
#include "unit.h"

#include "git/rename.h"
#include "odb_make.h"

struct scene {
	struct odb_make *make;
	struct odb_reader reader;
	struct tree_changes changes;
	struct tree_change list[4];
};

/* "same" moved to "b/same"; "edited" to "b/other" with a change. */
static void open_scene(struct ctx *c, struct scene *s)
{
	s->make = odb_make(c, HASH_SHA1);
	struct oid same = odb_make_object(s->make, OBJECT_BLOB, STR("same\n"));
	struct oid old = odb_make_object(s->make, OBJECT_BLOB, STR("1\n2\n3\n4\n5\n6\n7\n8\n"));
	struct oid new = odb_make_object(s->make, OBJECT_BLOB, STR("1\n2\n3\n4\n5\n6\n7\nx\n"));
	odb_make_pack(s->make);
	odb_reader_init(c, &s->reader, &s->make->odb);
	s->list[0] = (struct tree_change){STR("b/other"), 0, MODE_FILE, new, new};
	s->list[1] = (struct tree_change){STR("b/same"), 0, MODE_EXECUTABLE, same, same};
	s->list[2] = (struct tree_change){STR("edited"), MODE_FILE, 0, old, old};
	s->list[3] = (struct tree_change){STR("same"), MODE_FILE, 0, same, same};
	s->changes = (struct tree_changes){.at = s->list, .count = 4, .total = 4};
}

static void moved_and_edited_files_are_found(void **state)
{
	struct ctx *c = *state;
	struct scene s;
	struct rename_pairs p;
	open_scene(c, &s);
	assert_ok(c, renames_find(c, &s.reader, &s.changes, &RENAME_LIMITS_PAGE, &p));
	assert_int_equal(p.count, 2);
	assert_int_equal(p.at[0].from, 2);
	assert_int_equal(p.at[0].to, 0);
	assert_int_equal(p.at[0].similarity, 87);
	assert_int_equal(p.at[1].similarity, 100);
	assert_false(p.cut);
	odb_make_done(s.make);
}

static void past_a_limit_only_exact_moves_are_found(void **state)
{
	struct ctx *c = *state;
	struct scene s;
	struct rename_pairs p;
	struct rename_limits pairs = RENAME_LIMITS_PAGE, bytes = RENAME_LIMITS_PAGE;
	open_scene(c, &s);
	pairs.pairs = 0;
	bytes.all_bytes = 20;
	assert_ok(c, renames_find(c, &s.reader, &s.changes, &pairs, &p));
	assert_int_equal(p.count, 1);
	assert_true(p.cut);
	assert_ok(c, renames_find(c, &s.reader, &s.changes, &bytes, &p));
	assert_int_equal(p.count, 1);
	assert_true(p.cut);
	/* So it is where what is left to bring from afar is less than a file. */
	c->afar.bytes_max = 20;
	c->afar.bytes = 10;
	assert_ok(c, renames_find(c, &s.reader, &s.changes, &RENAME_LIMITS_PAGE, &p));
	assert_int_equal(p.count, 1);
	assert_true(p.cut);
	c->afar = (struct afar){0};
	odb_make_done(s.make);
}

static void one_file_alone_may_be_asked_for(void **state)
{
	struct ctx *c = *state;
	struct scene s;
	struct rename_pairs p;
	struct rename_limits only = RENAME_LIMITS_PAGE;
	open_scene(c, &s);
	only.only = STR("b/other");
	assert_ok(c, renames_find(c, &s.reader, &s.changes, &only, &p));
	assert_int_equal(p.count, 1);
	assert_int_equal(p.at[0].to, 0);
	odb_make_done(s.make);
}

static void a_file_that_is_lost_is_an_error(void **state)
{
	struct ctx *c = *state;
	struct scene s;
	struct rename_pairs p;
	open_scene(c, &s);
	memset(s.list[2].old_id.hash, 7, 20);
	assert_err(
		c, renames_find(c, &s.reader, &s.changes, &RENAME_LIMITS_PAGE, &p), ERR_NOT_FOUND);
	odb_make_done(s.make);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(moved_and_edited_files_are_found),
		UNIT_TEST(past_a_limit_only_exact_moves_are_found),
		UNIT_TEST(one_file_alone_may_be_asked_for),
		UNIT_TEST(a_file_that_is_lost_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

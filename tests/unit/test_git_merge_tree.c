/* git/merge_tree.c: what it says of conflicts; tests/tools/test_reading.py holds its trees beside git. */
#include "unit.h"

#include "git/merge_tree.h"
#include "odb_make.h"

/* Three trees of up to two files each: "NAME=CONTENT" with a mode before the name. */
struct side {
	const char *first, *first_text, *second, *second_text;
};

static struct oid commit_of(
	struct odb_make *m, const struct side *s, const struct oid *parents, int64_t date)
{
	struct oid a = odb_make_object(m, OBJECT_BLOB, str_of(s->first_text));
	struct oid b = a;
	if (s->second)
		b = odb_make_object(m, OBJECT_BLOB, str_of(s->second_text));
	return odb_make_commit(m, odb_make_tree(m, s->first, a, s->second, b), parents, date);
}

static struct merge_result merge(
	struct ctx *c, struct side base, struct side ours, struct side theirs)
{
	struct odb_make *m = odb_make(c, HASH_SHA1);
	struct odb_reader reader;
	__attribute__((cleanup(graph_done))) struct graph g;
	struct merge_names names = {"main", "topic"};
	struct merge_result out;
	struct oid root = commit_of(m, &base, NULL, 100);
	struct oid a = commit_of(m, &ours, PARENTS(root), 200);
	struct oid b = commit_of(m, &theirs, PARENTS(root), 300);
	odb_make_pack(m);
	odb_reader_init(c, &reader, &m->odb);
	graph_init(&g, &reader);
	assert_ok(c, merge_commits(c, &g, graph_add(&g, &a), graph_add(&g, &b), &names, &out));
	odb_make_done(m);
	return out;
}

static void expect(const struct merge_result *r, enum merge_conflict_kind kind, const char *path)
{
	assert_int_equal(r->conflict_count, 1);
	assert_int_equal(r->conflicts[0].kind, kind);
	assert_str(r->conflicts[0].path, path);
}

#define A "100644 a"
#define B "100644 b"

static void changes_of_different_files_make_a_tree_of_both(void **state)
{
	struct ctx *c = *state;
	struct merge_result r = merge(c, (struct side){A, "1\n", B, "1\n"},
		(struct side){A, "2\n", B, "1\n"}, (struct side){A, "1\n", B, "2\n"});
	assert_int_equal(r.conflict_count, 0);
	bool there = false;
	for (size_t i = 0; i < r.object_count; i++) {
		struct oid id;
		object_hash(HASH_SHA1, &r.objects[i].object, &id);
		assert_true(oid_eq(&id, &r.objects[i].id));
		there |= oid_eq(&id, &r.tree);
	}
	assert_true(there);
}

static void conflicts_are_named(void **state)
{
	struct ctx *c = *state;
	const struct side base = {A, "1\n", B, "1\n"};
	struct merge_result r = merge(
		c, base, (struct side){A, "2\n", B, "1\n"}, (struct side){A, "3\n", B, "1\n"});
	expect(&r, MERGE_CONTENT, "a");
	r = merge(c, base, (struct side){B, "1\n", NULL, NULL}, (struct side){A, "3\n", B, "1\n"});
	expect(&r, MERGE_MODIFY_DELETE, "a");
	r = merge(c, (struct side){A, "1\n", NULL, NULL}, base,
		(struct side){A, "1\n", B, "other\n"});
	expect(&r, MERGE_ADD_ADD, "b");
	r = merge(c, base, (struct side){"120000 a", "2\n", B, "1\n"},
		(struct side){A, "3\n", B, "1\n"});
	expect(&r, MERGE_KIND, "a");
	assert_string_equal(merge_conflict_text(MERGE_CONTENT), "both changed the same lines");
}

static void a_change_follows_a_renamed_file(void **state)
{
	struct ctx *c = *state;
	const char *text = "1\n2\n3\n4\n5\n6\n7\n8\n9\n", *changed = "1\n2\n3\n4\n5\n6\n7\n8\nX\n";
	struct merge_result r = merge(c, (struct side){A, text, NULL, NULL},
		(struct side){B, text, NULL, NULL}, (struct side){A, changed, NULL, NULL});
	struct merge_result want = merge(c, (struct side){B, text, NULL, NULL},
		(struct side){B, text, NULL, NULL}, (struct side){B, changed, NULL, NULL});
	assert_int_equal(r.conflict_count, 0);
	assert_true(oid_eq(&r.tree, &want.tree));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(changes_of_different_files_make_a_tree_of_both),
		UNIT_TEST(conflicts_are_named),
		UNIT_TEST(a_change_follows_a_renamed_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* git/tree_edit.c: folders come and go with their files. */
#include "git/tree_edit.h"

#include "unit.h"

#include "odb_make.h"

static struct oid id_of(struct odb_make *m, const char *text)
{
	return odb_make_object(m, OBJECT_BLOB, str_of(text));
}

/* git's name for it. */
#define EMPTY "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

static const char *edit(struct ctx *c, struct odb_reader *r, const struct oid *tree,
	const struct tree_put *puts, size_t count, struct tree_edited *out)
{
	char hex[OID_HEX_MAX];
	assert_ok(c, tree_edit(c, r, tree, puts, count, out));
	for (size_t i = 0; i < out->object_count; i++) {
		struct oid id;
		object_hash(HASH_SHA1, &out->objects[i].object, &id);
		assert_true(oid_eq(&id, &out->objects[i].id));
		assert_int_equal(out->objects[i].object.type, OBJECT_TREE);
	}
	return arena_strdup(c->arena, oid_hex(&out->tree, hex));
}

static void files_come_and_go_with_their_folders(void **state)
{
	struct ctx *c = *state;
	struct odb_make *m = odb_make(c, HASH_SHA1);
	struct odb_reader r;
	struct tree_edited made, same, none;
	struct oid one = id_of(m, "1\n"), two = id_of(m, "2\n");
	struct oid old = odb_make_tree(m, "100644 a", one, NULL, one);
	odb_make_pack(m);
	odb_reader_init(c, &r, &m->odb);
	const struct tree_put begun[] = {
		{STR("a"), MODE_FILE, one}, {STR("x/y/z"), MODE_EXECUTABLE, two}};
	edit(c, &r, NULL, begun, 2, &made);
	/* The top, x and y; the empty tree that it began with is none of them. */
	assert_int_equal(made.object_count, 3);
	edit(c, &r, &old, begun + 1, 1, &same);
	assert_true(oid_eq(&made.tree, &same.tree));
	const struct tree_put gone = {.path = STR("a")};
	assert_string_equal(edit(c, &r, &old, &gone, 1, &none), EMPTY);
	assert_int_equal(none.object_count, 1);
	/* What was not there goes away without a trace. */
	const struct tree_put never = {.path = STR("b/c")};
	edit(c, &r, &old, &never, 1, &same);
	assert_true(oid_eq(&old, &same.tree));
	odb_make_done(m);
}

static void a_file_and_a_folder_of_one_name_cannot_be(void **state)
{
	struct ctx *c = *state;
	struct odb_make *m = odb_make(c, HASH_SHA1);
	struct odb_reader r;
	struct tree_edited made;
	struct oid one = id_of(m, "1\n");
	odb_make_pack(m);
	odb_reader_init(c, &r, &m->odb);
	const struct tree_put both[] = {{STR("a"), MODE_FILE, one}, {STR("a/b"), MODE_FILE, one}};
	assert_err(c, tree_edit(c, &r, NULL, both, 2, &made), ERR_CONFLICT);
	odb_make_done(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(files_come_and_go_with_their_folders),
		UNIT_TEST(a_file_and_a_folder_of_one_name_cannot_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

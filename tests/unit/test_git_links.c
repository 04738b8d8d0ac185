#include "git/links.h"

#include "pack_make.h"
#include "unit.h"

static struct oid numbered(uint32_t number)
{
	struct oid id = oid_zero(HASH_SHA1);
	put_be32(id.hash, number);
	id.hash[19] = 1;
	return id;
}

static void each_is_kept_once_however_many_there_are(void **state)
{
	struct ctx *c = *state;
	struct links l;
	links_init(&l, HASH_SHA1, 3);
	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 5000; i++) {
			struct oid id = numbered(i);
			assert_ok(c, links_add(c, &l, &id, i % 2 ? OBJECT_TREE : OBJECT_BLOB));
		}
	}
	assert_int_equal(l.count, 5000);
	size_t found = 0;
	for (size_t i = 0; i < l.cap; i++)
		found += l.slots[i].type != OBJECT_NONE;
	assert_int_equal(found, 5000);
	links_done(&l);
}

static void one_id_is_of_one_type(void **state)
{
	struct ctx *c = *state;
	struct links l;
	struct oid id = numbered(1);
	links_init(&l, HASH_SHA1, 3);
	assert_ok(c, links_add(c, &l, &id, OBJECT_TREE));
	assert_err(c, links_add(c, &l, &id, OBJECT_BLOB), ERR_CORRUPT);
	links_done(&l);
}

static void objects_name_what_they_name(void **state)
{
	struct ctx *c = *state;
	struct links l;
	struct oid blob = numbered(1), tree = numbered(2), module = numbered(3),
		   parent = numbered(4);
	struct buf lines = {.arena = c->arena};
	links_init(&l, HASH_SHA1, 3);
	tree_line(&lines, "100644 a", &blob);
	tree_line(&lines, "40000 b", &tree);
	tree_line(&lines, "160000 c", &module);
	struct object o = {OBJECT_TREE, buf_view(&lines)};
	assert_ok(c, links_add_object(c, &l, &o, (struct str){0}));
	assert_int_equal(l.count, 2);
	o = (struct object){OBJECT_COMMIT, commit_make(c->arena, &tree, &parent)};
	assert_ok(c, links_add_object(c, &l, &o, (struct str){0}));
	assert_int_equal(l.count, 3);
	o = (struct object){OBJECT_BLOB, STR("tree of life")};
	assert_ok(c, links_add_object(c, &l, &o, (struct str){0}));
	assert_int_equal(l.count, 3);
	o = (struct object){OBJECT_COMMIT, STR("no commit")};
	assert_err(c, links_add_object(c, &l, &o, (struct str){0}), ERR_CORRUPT);
	o = (struct object){OBJECT_TAG, STR("object 1\n")};
	assert_err(c, links_add_object(c, &l, &o, (struct str){0}), ERR_CORRUPT);
	links_done(&l);
}

/* Entries of trees: (mode, name, number of the id). */
static struct str tree_of(struct ctx *c, const char *const *names, const uint32_t *numbers)
{
	struct buf lines = {.arena = c->arena};
	for (size_t i = 0; names[i]; i++) {
		struct oid id = numbered(numbers[i]);
		tree_line(&lines, names[i], &id);
	}
	return buf_view(&lines);
}

static size_t links_beside(struct ctx *c, struct str bytes, struct str like)
{
	struct links l;
	struct object o = {OBJECT_TREE, bytes};
	links_init(&l, HASH_SHA1, 3);
	assert_ok(c, links_add_object(c, &l, &o, like));
	size_t count = l.count;
	links_done(&l);
	return count;
}

static void what_a_like_tree_names_too_is_left_out(void **state)
{
	struct ctx *c = *state;
	static const char *const names[] = {
		"100644 a", "100644 b", "100644 b.c", "40000 b.d", "160000 m", "100644 z", NULL};
	struct str like = tree_of(c, names, (uint32_t[]){1, 2, 3, 4, 5, 6});
	assert_int_equal(links_beside(c, like, (struct str){0}), 5);
	assert_int_equal(links_beside(c, like, like), 0);
	struct str changed = tree_of(c, names, (uint32_t[]){1, 7, 3, 8, 5, 6});
	assert_int_equal(links_beside(c, changed, like), 2);
	/* More of them, fewer of them, and both at once. */
	static const char *const more[] = {"100644 0", "100644 a", "100644 b", "100644 b.c",
		"40000 b.d", "160000 m", "100644 y", "100644 z", "100644 zz", NULL};
	struct str longer = tree_of(c, more, (uint32_t[]){10, 1, 2, 3, 4, 5, 11, 6, 12});
	assert_int_equal(links_beside(c, longer, like), 3);
	assert_int_equal(links_beside(c, like, longer), 0);
	/* Another kind of entry is another link, whatever the id. */
	static const char *const kinds[] = {
		"100644 a", "40000 b.c", "100644 b.d", "100644 m", "40000 z", NULL};
	assert_int_equal(links_beside(c, tree_of(c, kinds, (uint32_t[]){1, 3, 4, 5, 6}), like), 4);
	/* The mode of a file is of no matter to what it links. */
	assert_int_equal(
		links_beside(
			c, tree_of(c, (const char *[]){"100755 a", NULL}, (uint32_t[]){1}), like),
		0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(each_is_kept_once_however_many_there_are),
		UNIT_TEST(one_id_is_of_one_type),
		UNIT_TEST(objects_name_what_they_name),
		UNIT_TEST(what_a_like_tree_names_too_is_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

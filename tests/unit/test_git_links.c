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
	assert_ok(c, links_add_object(c, &l, &o));
	assert_int_equal(l.count, 2);
	o = (struct object){OBJECT_COMMIT, commit_make(c->arena, &tree, &parent)};
	assert_ok(c, links_add_object(c, &l, &o));
	assert_int_equal(l.count, 3);
	o = (struct object){OBJECT_BLOB, STR("tree of life")};
	assert_ok(c, links_add_object(c, &l, &o));
	assert_int_equal(l.count, 3);
	o = (struct object){OBJECT_COMMIT, STR("no commit")};
	assert_err(c, links_add_object(c, &l, &o), ERR_CORRUPT);
	o = (struct object){OBJECT_TAG, STR("object 1\n")};
	assert_err(c, links_add_object(c, &l, &o), ERR_CORRUPT);
	links_done(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(each_is_kept_once_however_many_there_are),
		UNIT_TEST(one_id_is_of_one_type),
		UNIT_TEST(objects_name_what_they_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

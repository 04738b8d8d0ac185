#include "git/object.h"

#include "unit.h"

#define TREE "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
#define PARENT "parent 1111111111111111111111111111111111111111\n"

static void a_commit_is_parsed_in_place(void **state)
{
	struct ctx *c = *state;
	struct commit commit;
	struct str text = STR(TREE PARENT PARENT "author Ada L <ada@x> 1700000000 +0130\n"
						 "committer Bob <b@x> 1700000100 -0800\n"
						 "encoding ISO-8859-1\n"
						 "gpgsig -----BEGIN\n author Eve <e@x> 1 +0000\n"
						 "\n\nSubject line\n\nBody\n");
	assert_ok(c, commit_parse(c, HASH_SHA1, text, &commit));
	char hex[OID_HEX_MAX];
	assert_string_equal(oid_hex(&commit.tree, hex), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
	assert_int_equal(commit.parent_count, 2);
	assert_string_equal(
		oid_hex(&commit.parents[1], hex), "1111111111111111111111111111111111111111");
	assert_str(commit.author.name, "Ada L");
	assert_str(commit.author.email, "ada@x");
	assert_int_equal(commit.author.seconds, 1700000000);
	assert_int_equal(commit.author.offset_minutes, 90);
	assert_int_equal(commit.committer.offset_minutes, -480);
	assert_str(commit.encoding, "ISO-8859-1");
	assert_str(message_subject(commit.message), "Subject line");
	assert_str(message_body(commit.message), "Body\n");
}

static void a_commit_without_a_tree_or_of_another_algorithm_is_corrupt(void **state)
{
	struct ctx *c = *state;
	struct commit commit;
	assert_err(c, commit_parse(c, HASH_SHA1, STR(""), &commit), ERR_CORRUPT);
	assert_err(c, commit_parse(c, HASH_SHA1, STR(PARENT TREE "\n"), &commit), ERR_CORRUPT);
	assert_err(c, commit_parse(c, HASH_SHA1, STR("tree 4b82\n\n"), &commit), ERR_CORRUPT);
	assert_err(c, commit_parse(c, HASH_SHA256, STR(TREE "\n"), &commit), ERR_CORRUPT);
}

static void malformed_signatures_are_empty_or_zero(void **state)
{
	static const char *const lines[] = {"author \n", "author <\n", "author > <\n",
		"author A <a> x y\n", "author A <a> 99999999999999999999 +9999\n", ""};
	struct ctx *c = *state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct commit commit;
		struct str text = str_of(arena_strdup(c->arena, TREE));
		char *whole = arena_alloc(c->arena, 200);
		memcpy(whole, text.at, text.len);
		memcpy(whole + text.len, lines[i], strlen(lines[i]));
		assert_ok(c, commit_parse(c, HASH_SHA1, str_of(whole), &commit));
		assert_int_equal(commit.author.seconds, 0);
		assert_int_equal(commit.author.offset_minutes, 0);
	}
}

static void a_tag_says_what_it_points_at(void **state)
{
	struct ctx *c = *state;
	struct tag tag;
	assert_ok(c, tag_parse(c, HASH_SHA1,
			     STR("object 1111111111111111111111111111111111111111\ntype commit\n"
				 "tag v1\ntagger A <a@b> 5 +0000\n\nText\n"),
			     &tag));
	assert_int_equal(tag.target_type, OBJECT_COMMIT);
	assert_str(tag.name, "v1");
	assert_int_equal(tag.tagger.seconds, 5);
	assert_str(tag.message, "Text\n");
	assert_err(c, tag_parse(c, HASH_SHA1, STR("type commit\n"), &tag), ERR_CORRUPT);
	assert_err(c,
		tag_parse(c, HASH_SHA1,
			STR("object 1111111111111111111111111111111111111111\ntype thing\n"), &tag),
		ERR_CORRUPT);
}

static void a_tree_gives_its_entries_one_by_one(void **state)
{
	struct ctx *c = *state;
	struct str rest = STR("100644 a\0aaaaaaaaaaaaaaaaaaaa"
			      "40000 dir\0bbbbbbbbbbbbbbbbbbbb"
			      "160000 sub\0cccccccccccccccccccc");
	struct tree_entry entry;
	bool more = false;
	assert_ok(c, tree_next(c, HASH_SHA1, &rest, &entry, &more));
	assert_true(more);
	assert_int_equal(entry.mode, MODE_FILE);
	assert_str(entry.name, "a");
	assert_ok(c, tree_next(c, HASH_SHA1, &rest, &entry, &more));
	assert_true(tree_entry_is_tree(&entry));
	assert_memory_equal(entry.id.hash, "bbbbbbbbbbbbbbbbbbbb", 20);
	assert_ok(c, tree_next(c, HASH_SHA1, &rest, &entry, &more));
	assert_true(tree_entry_is_gitlink(&entry));
	assert_ok(c, tree_next(c, HASH_SHA1, &rest, &entry, &more));
	assert_false(more);
}

static void a_broken_tree_is_corrupt_at_any_cut(void **state)
{
	static const char whole[] = "100644 a\0aaaaaaaaaaaaaaaaaaaa";
	struct ctx *c = *state;
	struct tree_entry entry;
	bool more = false;
	for (size_t len = 1; len < sizeof whole - 1; len++) {
		struct str rest = str_from(whole, len);
		assert_err(c, tree_next(c, HASH_SHA1, &rest, &entry, &more), ERR_CORRUPT);
	}
	struct str no_name = STR("100644 \0aaaaaaaaaaaaaaaaaaaa");
	assert_err(c, tree_next(c, HASH_SHA1, &no_name, &entry, &more), ERR_CORRUPT);
	struct str bad_mode = STR("100844 a\0aaaaaaaaaaaaaaaaaaaa");
	assert_err(c, tree_next(c, HASH_SHA1, &bad_mode, &entry, &more), ERR_CORRUPT);
}

static void names_are_ordered_as_git_orders_them(void **state)
{
	(void)state;
	assert_true(tree_name_cmp(STR("a"), false, STR("a.c"), false) < 0);
	assert_true(tree_name_cmp(STR("a"), true, STR("a.c"), false) > 0);
	assert_true(tree_name_cmp(STR("a"), true, STR("a0"), false) < 0);
	assert_int_equal(tree_name_cmp(STR("a"), true, STR("a"), true), 0);
}

static void ids_are_those_that_git_gives(void **state)
{
	struct object empty = {OBJECT_BLOB, STR("")}, text = {OBJECT_BLOB, STR("hello\n")};
	struct oid id;
	char hex[OID_HEX_MAX];
	(void)state;
	object_hash(HASH_SHA1, &empty, &id);
	assert_string_equal(oid_hex(&id, hex), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
	object_hash(HASH_SHA1, &text, &id);
	assert_string_equal(oid_hex(&id, hex), "ce013625030ba8dba906f756967f9e9ca394464a");
	object_hash(HASH_SHA256, &text, &id);
	assert_string_equal(oid_hex(&id, hex),
		"2cf8d83d9ee29543b34a87727421fdecb7e3f3a183d337639025de576db9ebb4");
}

static void types_have_names_and_back(void **state)
{
	(void)state;
	for (enum object_type t = OBJECT_COMMIT; t <= OBJECT_TAG; t++)
		assert_int_equal(object_type_parse(str_of(object_type_name(t))), t);
	assert_int_equal(object_type_parse(STR("blobs")), OBJECT_NONE);
	assert_int_equal(object_type_parse(STR("")), OBJECT_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_commit_is_parsed_in_place),
		UNIT_TEST(a_commit_without_a_tree_or_of_another_algorithm_is_corrupt),
		UNIT_TEST(malformed_signatures_are_empty_or_zero),
		UNIT_TEST(a_tag_says_what_it_points_at),
		UNIT_TEST(a_tree_gives_its_entries_one_by_one),
		UNIT_TEST(a_broken_tree_is_corrupt_at_any_cut),
		UNIT_TEST(names_are_ordered_as_git_orders_them),
		UNIT_TEST(ids_are_those_that_git_gives),
		UNIT_TEST(types_have_names_and_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

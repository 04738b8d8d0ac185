#include "git/fsck.h"

#include "pack_make.h"
#include "unit.h"

#define TREE_ID "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

static enum err check(struct ctx *c, struct fsck *f, enum object_type type, struct str bytes)
{
	struct object o = {type, bytes};
	struct oid id;
	object_hash(HASH_SHA1, &o, &id);
	return fsck_object(c, f, &id, &o);
}

/* The rule's name, or "" when the object passes. */
static const char *rule_of(struct ctx *c, enum object_type type, struct str bytes)
{
	struct fsck f;
	fsck_init(&f, HASH_SHA1, c->arena, 1);
	enum err err = check(c, &f, type, bytes);
	if (!err)
		return "";
	assert_int_equal(err, ERR_INVALID);
	struct str text = str_of(arena_strdup(c->arena, c->error.text));
	str_cut(&text, ':');
	return str_dup(c->arena, str_trim(str_cut(&text, ':')));
}

struct sample {
	const char *rule;
	struct str bytes;
};

#define WHO "A <a@b> 1700000000 +0000\n"
#define HEAD "tree " TREE_ID "\n"

static void commits_are_held_to_the_rules(void **state)
{
	struct ctx *c = *state;
	static const struct sample samples[] = {
		{"", {HEAD "author " WHO "committer " WHO "\nm\n", 0}},
		{"", {HEAD "author " WHO "committer " WHO, 0}},
		{"", {HEAD "parent " TREE_ID "\nauthor " WHO "committer " WHO "encoding x\n\nm",
			     0}},
		{"", {HEAD "author  <> 1 +0000\ncommitter " WHO "\n", 0}},
		{"missingTree", {"author " WHO "committer " WHO "\nm\n", 0}},
		{"badTreeSha1", {"tree 123\nauthor " WHO "committer " WHO "\nm\n", 0}},
		{"badParentSha1", {HEAD "parent x\nauthor " WHO "committer " WHO "\nm\n", 0}},
		{"missingAuthor", {HEAD "committer " WHO "\nm\n", 0}},
		{"multipleAuthors", {HEAD "author " WHO "author " WHO "committer " WHO "\nm\n", 0}},
		{"missingCommitter", {HEAD "author " WHO "\nm\n", 0}},
		{"missingNameBeforeEmail", {HEAD "author <a@b> 1 +0000\ncommitter " WHO "\n", 0}},
		{"missingEmail", {HEAD "author A 1 +0000\ncommitter " WHO "\n", 0}},
		{"badName", {HEAD "author A> <a@b> 1 +0000\ncommitter " WHO "\n", 0}},
		{"missingSpaceBeforeEmail", {HEAD "author A<a@b> 1 +0000\ncommitter " WHO "\n", 0}},
		{"badEmail", {HEAD "author A <a<b> 1 +0000\ncommitter " WHO "\n", 0}},
		{"badEmail", {HEAD "author A <a 1 +0000\ncommitter " WHO "\n", 0}},
		{"missingSpaceBeforeDate", {HEAD "author A <a@b>1 +0000\ncommitter " WHO "\n", 0}},
		{"zeroPaddedDate", {HEAD "author A <a@b> 01 +0000\ncommitter " WHO "\n", 0}},
		{"badDate", {HEAD "author A <a@b> x +0000\ncommitter " WHO "\n", 0}},
		{"badDate", {HEAD "author A <a@b> -1 +0000\ncommitter " WHO "\n", 0}},
		{"badDateOverflow",
			{HEAD "author A <a@b> 99999999999999999999 +0000\ncommitter " WHO "\n", 0}},
		{"badTimezone", {HEAD "author A <a@b> 1 0000\ncommitter " WHO "\n", 0}},
		{"badTimezone", {HEAD "author A <a@b> 1 +00000\ncommitter " WHO "\n", 0}},
		{"badTimezone", {HEAD "author A <a@b> 1\ncommitter " WHO "\n", 0}},
		{"unterminatedHeader", {HEAD "author A", 0}},
		{"unterminatedHeader", {"", 0}},
	};
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct str bytes = str_of(samples[i].bytes.at);
		assert_string_equal(rule_of(c, OBJECT_COMMIT, bytes), samples[i].rule);
	}
	assert_string_equal(rule_of(c, OBJECT_COMMIT, STR(HEAD "author A\0B <a@b> 1 +0000\n\n")),
		"nulInHeader");
	assert_string_equal(
		rule_of(c, OBJECT_COMMIT, STR(HEAD "author " WHO "committer " WHO "\na\0b\n")),
		"nulInCommit");
}

static void tags_are_held_to_the_rules(void **state)
{
	struct ctx *c = *state;
#define TAG "object " TREE_ID "\ntype tree\ntag v1\n"
	static const struct sample samples[] = {
		{"", {TAG "tagger " WHO "\nm\n", 0}},
		{"", {TAG "\nold tags have no tagger\n", 0}},
		{"missingObject", {"type tree\ntag v1\ntagger " WHO "\n", 0}},
		{"badObjectSha1", {"object 12\ntype tree\ntag v1\n\n", 0}},
		{"missingTypeEntry", {"object " TREE_ID "\ntag v1\n\n", 0}},
		{"badType", {"object " TREE_ID "\ntype branch\ntag v1\n\n", 0}},
		{"missingTagEntry", {"object " TREE_ID "\ntype tree\n\n", 0}},
		{"missingEmail", {TAG "tagger A\n\n", 0}},
	};
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct str bytes = str_of(samples[i].bytes.at);
		assert_string_equal(rule_of(c, OBJECT_TAG, bytes), samples[i].rule);
	}
}

/* A tree of the lines given, all with the same id that is not null. */
static struct str tree_of(struct ctx *c, const char *const *lines, size_t count)
{
	struct buf b = {.arena = c->arena};
	struct oid id = oid_zero(HASH_SHA1);
	id.hash[3] = 7;
	for (size_t i = 0; i < count && lines[i]; i++)
		tree_line(&b, lines[i], &id);
	return buf_view(&b);
}

static void trees_are_held_to_the_rules(void **state)
{
	struct ctx *c = *state;
	static const struct {
		const char *rule;
		const char *lines[4];
	} samples[] = {
		{"", {NULL}},
		{"", {"100644 a", "100644 b"}},
		{"", {"100644 a.b", "40000 a", "100644 a0"}},
		{"", {"100664 group-writable"}},
		{"", {"160000 module", "120000 zlink"}},
		{"treeNotSorted", {"100644 b", "100644 a"}},
		{"treeNotSorted", {"40000 a", "100644 a.b"}},
		{"duplicateEntries", {"100644 a", "100644 a"}},
		{"duplicateEntries", {"100644 a", "40000 a"}},
		{"duplicateEntries", {"100644 a", "100644 a.b", "40000 a"}},
		{"duplicateEntries", {"100644 a", "100644 a-b", "40000 a.b", "40000 a"}},
		{"zeroPaddedFilemode", {"040000 a"}},
		{"fullPathname", {"100644 a/b"}},
		{"emptyName", {"100644 "}},
		{"hasDot", {"40000 ."}},
		{"hasDotdot", {"40000 .."}},
		{"hasDotgit", {"40000 .git"}},
		{"hasDotgit", {"40000 .GiT"}},
		{"hasDotgit", {"40000 .git. "}},
		{"hasDotgit", {"40000 git~1"}},
		{"hasDotgit", {"100644 a\\.git"}},
		{"hasDotgit", {"100644 .git::$INDEX_ALLOCATION"}},
		{"hasDotgit", {"40000 .g\xe2\x80\x8cit"}},
		{"", {"100644 .gitignore", "100644 .gitx"}},
		{"gitmodulesSymlink", {"120000 .gitmodules"}},
		{"gitmodulesSymlink", {"120000 GITMOD~1"}},
		{"gitmodulesBlob", {"40000 .gitmodules"}},
		{"", {"120000 .gitattributes"}},
		{"gitattributesBlob", {"40000 .gitattributes"}},
	};
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
		assert_string_equal(
			rule_of(c, OBJECT_TREE, tree_of(c, samples[i].lines, 4)), samples[i].rule);
	assert_string_equal(rule_of(c, OBJECT_TREE, STR("100644 a\0short")), "badTree");
	struct buf null = {.arena = c->arena};
	struct oid zero = oid_zero(HASH_SHA1);
	tree_line(&null, "100644 a", &zero);
	assert_string_equal(rule_of(c, OBJECT_TREE, buf_view(&null)), "nullSha1");
}

static void a_special_blob_is_noted_once(void **state)
{
	struct ctx *c = *state;
	static const char *const lines[] = {"100644 .gitattributes", "100644 .gitmodules"};
	struct fsck f;
	fsck_init(&f, HASH_SHA1, c->arena, 1);
	for (int i = 0; i < 3; i++)
		assert_ok(c, check(c, &f, OBJECT_TREE, tree_of(c, lines, 2)));
	assert_int_equal(f.blobs.len, 1);
	assert_int_equal(f.blobs.at[0]->special, FSCK_GITMODULES | FSCK_GITATTRIBUTES);
}

static const char *modules_rule(struct ctx *c, const char *text)
{
	struct fsck_blob blob = {oid_zero(HASH_SHA1), FSCK_GITMODULES};
	struct object o = {OBJECT_BLOB, str_of(text)};
	if (fsck_blob(c, &blob, &o) == OK)
		return "";
	struct str why = str_of(arena_strdup(c->arena, c->error.text));
	str_cut(&why, ':');
	return str_dup(c->arena, str_trim(str_cut(&why, ':')));
}

static void gitmodules_are_held_to_the_rules(void **state)
{
	struct ctx *c = *state;
#define SUB "[submodule \"a\"]\n"
	static const char *const samples[][2] = {
		{"", SUB "path = a\nurl = https://example.org/a.git\n"},
		{"", SUB "url = ../a.git\n"},
		{"", SUB "url = git@example.org:a.git\n"},
		{"", "[submodule]\nurl = -x\n"},
		{"", "[other \"..\"]\nurl = -x\n"},
		{"", "this is no configuration"},
		{"gitmodulesName", "[submodule \"../a\"]\nurl = x\n"},
		{"gitmodulesName", "[submodule \"a/../b\"]\nurl = x\n"},
		{"gitmodulesName", "[submodule \"a\\\\..\\\\b\"]\nurl = x\n"},
		{"gitmodulesName", "[submodule \"\"]\nurl = x\n"},
		{"gitmodulesUrl", SUB "url = -upload\n"},
		{"gitmodulesUrl", SUB "url = \"-upload\"\n"},
		{"gitmodulesUrl", SUB "url = https:///a.git\n"},
		{"gitmodulesUrl", SUB "url = http://x.org%0a/b\n"},
		{"gitmodulesUrl", SUB "url = git://x%0ahost=y/b\n"},
		{"gitmodulesUrl", SUB "url = ../%0a/b\n"},
		{"gitmodulesUrl", SUB "url = ../../::http://x\n"},
		{"gitmodulesUrl", SUB "url = https::x\n"},
		{"gitmodulesPath", SUB "path = -rf\n"},
		{"gitmodulesUpdate", SUB "update = !command\n"},
		{"", SUB "update = merge\n"},
	};
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
		assert_string_equal(modules_rule(c, samples[i][1]), samples[i][0]);
}

static void attributes_have_no_endless_lines(void **state)
{
	struct ctx *c = *state;
	struct fsck_blob blob = {oid_zero(HASH_SHA1), FSCK_GITATTRIBUTES};
	char *line = arena_alloc(c->arena, 4096);
	memset(line, 'x', 4095);
	struct object o = {OBJECT_BLOB, str_from(line, 2047)};
	assert_ok(c, fsck_blob(c, &blob, &o));
	o.bytes.len = 2048;
	assert_err(c, fsck_blob(c, &blob, &o), ERR_INVALID);
	assert_err(c, fsck_blob_too_big(c, &blob), ERR_INVALID);
	o = (struct object){OBJECT_TREE, STR("")};
	assert_err(c, fsck_blob(c, &blob, &o), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(commits_are_held_to_the_rules),
		UNIT_TEST(tags_are_held_to_the_rules),
		UNIT_TEST(trees_are_held_to_the_rules),
		UNIT_TEST(a_special_blob_is_noted_once),
		UNIT_TEST(gitmodules_are_held_to_the_rules),
		UNIT_TEST(attributes_have_no_endless_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

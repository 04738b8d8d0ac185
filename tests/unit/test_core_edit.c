/* core/edit.c: commits that are made here, and go the way of a push. */
#include "core/edit.h"

#include "core/browse.h"
#include "core/edit_text.h"
#include "core/rule.h"
#include "core_house.h"
#include "meta/event.h"
#include "meta/repo.h"

static void set_scene(struct ctx *c)
{
	struct core_limits *limits = &core_of(c)->limits;
	limits->object_max = limits->pack_max = 1 << 20;
	limits->pack_inline_max = limits->page_blob_max = 1 << 20;
	house_repo(c, "r", VISIBILITY_PRIVATE);
}

static struct edit_change to(
	struct ctx *c, const char *path, const char *text, enum edit_place place)
{
	struct extent_bytes *bytes = NEW(c->arena, struct extent_bytes);
	extent_bytes_init(bytes, text, strlen(text));
	return (struct edit_change){
		.path = str_of(path), .content = &bytes->extent, .place = place};
}

static struct edit edit_of(const char *expected, const struct edit_change *changes, size_t count)
{
	return (struct edit){
		.repo = STR("r"),
		.branch = STR("main"),
		.expected = str_of(expected),
		.message = STR("A change\r\n\r\nand why\r\n"),
		.host = STR("noreply.example.org"),
		.changes = changes,
		.count = count,
	};
}

/* It is made; the id of the commit. */
static const char *make(struct ctx *c, const struct edit *what)
{
	struct edited out;
	char hex[OID_HEX_MAX];
	assert_ok(c, edit_commit(c, core_of(c), &house_of(c)->owner, what, &out));
	return arena_strdup(c->arena, oid_hex(&out.commit, hex));
}

static const char *make_one(struct ctx *c, const char *expected, struct edit_change change)
{
	struct edit what = edit_of(expected, &change, 1);
	return make(c, &what);
}

static void refuse(struct ctx *c, const struct edit *what, enum err expected)
{
	struct edited out;
	assert_err(c, edit_commit(c, core_of(c), &house_of(c)->owner, what, &out), expected);
}

static void refuse_one(
	struct ctx *c, const char *expected, struct edit_change change, enum err error)
{
	struct edit what = edit_of(expected, &change, 1);
	refuse(c, &what, error);
}

/* "a: text; b/c*: text" of a branch; a * where it is executable. */
static void list(
	struct ctx *c, struct browse *b, struct revision *rev, struct str path, struct buf *out)
{
	struct listing found;
	assert_ok(c, browse_listing(c, b, rev, path, &found));
	for (size_t i = 0; i < found.count; i++) {
		const struct listing_entry *e = &found.at[i];
		struct file file;
		struct str name = str_of(arena_fmt(c->arena, "%.*s%s%.*s", STR_FMT(path),
			path.len ? "/" : "", STR_FMT(e->name)));
		if (e->kind == ENTRY_TREE) {
			list(c, b, rev, name, out);
			continue;
		}
		assert_ok(c, browse_file(c, b, rev, name, &file));
		buf_fmt(out, "%.*s%s: %.*s; ", STR_FMT(name),
			e->kind == ENTRY_EXECUTABLE ? "*" : "", STR_FMT(file.bytes));
	}
}

static const char *files_of(struct ctx *c, const char *branch)
{
	BROWSE b = {0};
	struct revision rev;
	struct str path;
	struct buf out = {.arena = c->arena};
	assert_ok(c, browse_open(c, core_of(c), &house_of(c)->owner, STR("r"), &b));
	assert_ok(c, browse_resolve(c, &b, str_of(branch), &rev, &path));
	list(c, &b, &rev, STR(""), &out);
	return buf_text(&out);
}

static void the_first_commit_makes_the_branch(void **state)
{
	struct ctx *c = *state;
	BROWSE b = {0};
	struct revision rev;
	struct commit_full commit;
	set_scene(c);
	make_one(c, "", to(c, "docs/a.md", "one\n", EDIT_NEW));
	assert_string_equal(files_of(c, "main"), "docs/a.md: one\n; ");
	assert_ok(c, browse_open(c, core_of(c), &house_of(c)->owner, STR("r"), &b));
	assert_ok(c, browse_head(c, &b, &rev));
	assert_ok(c, browse_commit(c, &b, &rev.commit, &commit));
	assert_str(commit.subject, "A change");
	assert_str(commit.body, "and why");
	assert_str(commit.author.name, "owner");
	assert_str(commit.author.email, "owner@noreply.example.org");
	assert_int_equal(commit.parent_count, 0);
	/* A second first one is none. */
	refuse_one(c, "", to(c, "b", "x", EDIT_NEW), ERR_CONFLICT);
}

static void files_are_written_moved_and_removed(void **state)
{
	struct ctx *c = *state;
	set_scene(c);
	const struct edit_change two[] = {to(c, "a", "1", EDIT_NEW), to(c, "d/e/f", "2", EDIT_NEW)};
	struct edit what = edit_of("", two, 2);
	const char *tip = make(c, &what);
	assert_string_equal(files_of(c, "main"), "d/e/f: 2; a: 1; ");
	tip = make_one(c, tip, to(c, "a", "changed", EDIT_OLD));
	assert_string_equal(files_of(c, "main"), "d/e/f: 2; a: changed; ");
	/* A folder goes with its last file, and comes with its first. */
	tip = make_one(c, tip, (struct edit_change){.path = STR("x/y"), .from = STR("d/e/f")});
	assert_string_equal(files_of(c, "main"), "x/y: 2; a: changed; ");
	struct edit_change moved = to(c, "x/y/z", "3", EDIT_OLD);
	moved.from = STR("x/y");
	tip = make_one(c, tip, moved);
	assert_string_equal(files_of(c, "main"), "x/y/z: 3; a: changed; ");
	tip = make_one(c, tip, (struct edit_change){.path = STR("x/y/z")});
	assert_string_equal(files_of(c, "main"), "a: changed; ");
	make_one(c, tip, (struct edit_change){.path = STR("a")});
	assert_string_equal(files_of(c, "main"), "");
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct ctx *c = *state;
	set_scene(c);
	const struct edit_change two[] = {to(c, "a", "1", EDIT_NEW), to(c, "d/e", "2", EDIT_NEW)};
	struct edit what = edit_of("", two, 2);
	const char *tip = make(c, &what);
	refuse_one(c, tip, to(c, "a", "1", EDIT_OLD), ERR_INVALID);
	refuse_one(c, tip, to(c, "a", "2", EDIT_NEW), ERR_EXISTS);
	refuse_one(c, tip, to(c, "b", "2", EDIT_OLD), ERR_NOT_FOUND);
	refuse_one(c, tip, to(c, "d", "2", EDIT_ANY), ERR_EXISTS);
	refuse_one(c, tip, to(c, "a/b", "2", EDIT_ANY), ERR_EXISTS);
	refuse_one(c, tip, (struct edit_change){.path = STR("d")}, ERR_INVALID);
	refuse_one(c, tip, (struct edit_change){.path = STR("b")}, ERR_NOT_FOUND);
	refuse_one(c, tip, (struct edit_change){.path = STR("a"), .from = STR("d/e")}, ERR_EXISTS);
	static const char *const bad[] = {
		"", "/a", "a//b", "a/", "../a", "a/./b", ".git/config", "a/.GIT", "a\nb", ".git"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		refuse_one(c, tip, to(c, bad[i], "x", EDIT_NEW), ERR_INVALID);
	const struct edit_change twice[] = {to(c, "n", "1", EDIT_ANY), to(c, "n", "2", EDIT_ANY)};
	what = edit_of(tip, twice, 2);
	refuse(c, &what, ERR_INVALID);
	what = edit_of(tip, twice, 1);
	what.message = STR(" \n");
	refuse(c, &what, ERR_INVALID);
	what.message = STR("x");
	what.branch = STR("never");
	refuse(c, &what, ERR_NOT_FOUND);
	what.branch = STR("main");
	what.repo = STR("nowhere");
	refuse(c, &what, ERR_NOT_FOUND);
	what.repo = STR("r");
	what.target = STR("a..b");
	refuse(c, &what, ERR_INVALID);
	what.target = STR("main");
	refuse(c, &what, ERR_EXISTS);
	what = edit_of("1234", twice, 1);
	refuse(c, &what, ERR_INVALID);
}

static void a_branch_that_went_on_is_built_upon_unless_the_file_changed(void **state)
{
	struct ctx *c = *state;
	set_scene(c);
	const struct edit_change two[] = {to(c, "a", "1", EDIT_NEW), to(c, "b", "2", EDIT_NEW)};
	struct edit what = edit_of("", two, 2);
	struct edited out;
	char hex[OID_HEX_MAX];
	const char *first = make(c, &what);
	const char *second = make_one(c, first, to(c, "a", "theirs", EDIT_OLD));
	make_one(c, first, to(c, "b", "ours", EDIT_OLD));
	assert_string_equal(files_of(c, "main"), "a: theirs; b: ours; ");
	const struct edit_change late = to(c, "a", "ours", EDIT_OLD);
	what = edit_of(first, &late, 1);
	assert_err(c, edit_commit(c, core_of(c), &house_of(c)->owner, &what, &out), ERR_CONFLICT);
	assert_true(out.moved);
	assert_string_not_equal(oid_hex(&out.tip, hex), second);
	/* On a branch of its own nothing is in its way. */
	what.target = STR("mine");
	make(c, &what);
	assert_string_equal(files_of(c, "mine"), "a: ours; b: 2; ");
	assert_string_equal(files_of(c, "main"), "a: theirs; b: ours; ");
}

static void who_may_not_push_may_not_edit(void **state)
{
	struct ctx *c = *state;
	struct edited out;
	set_scene(c);
	const struct edit_change one = to(c, "a", "1", EDIT_NEW);
	struct edit what = edit_of("", &one, 1);
	struct actor nobody = ACTOR_ANONYMOUS, reader = house_of(c)->owner;
	reader.limit = PERMISSION_READ;
	assert_err(c, edit_commit(c, core_of(c), &nobody, &what, &out), ERR_UNAUTH);
	assert_err(c, edit_commit(c, core_of(c), &reader, &what, &out), ERR_DENIED);
	const char *first = make(c, &what);
	/* A rule binds who edits as who pushes. */
	struct rule rule = {.pattern = STR("main"), .may = {[RULE_UPDATE] = {.kind = RULE_NOBODY}}};
	assert_ok(c, rule_put(c, core_of(c), &house_of(c)->owner, STR("r"), &rule));
	const struct edit_change more = to(c, "a", "2", EDIT_OLD);
	what = edit_of(first, &more, 1);
	refuse(c, &what, ERR_DENIED);
	assert_string_equal(files_of(c, "main"), "a: 1; ");
	what.target = STR("topic");
	make(c, &what);
	assert_string_equal(files_of(c, "topic"), "a: 2; ");
}

static void limits_of_a_push_are_limits_of_an_edit(void **state)
{
	struct ctx *c = *state;
	set_scene(c);
	core_of(c)->limits.object_max = 100;
	char *big = arena_alloc(c->arena, 102);
	memset(big, 'x', 101);
	refuse_one(c, "", to(c, "a", big, EDIT_NEW), ERR_TOO_BIG);
}

static void typed(struct ctx *c, const char *old, const char *text, const char *expected)
{
	struct str out;
	assert_ok(c, edit_typed(c, str_of(old), str_of(text), &out));
	assert_str(out, expected);
}

static void ends_of_lines_are_kept(void **state)
{
	struct ctx *c = *state;
	typed(c, "", "a\r\nb\r\n", "a\nb\n");
	typed(c, "a\nb\n", "a\r\nx\r\nb", "a\nx\nb");
	typed(c, "a\r\nb\r\n", "a\r\nx\r\nb\r\n", "a\r\nx\r\nb\r\n");
	typed(c, "a\r\nb\nc\r\nd", "new\na\nb\nc\nd", "new\r\na\r\nb\nc\r\nd");
	typed(c, "a\r\nb\nc\r\nd", "b\nc\nd\nmore\n", "b\nc\r\nd\r\nmore\r\n");
	typed(c, "a\rb\r", "a\nx\nb\n", "a\rx\rb\r");
	typed(c, "a\r\n", "", "");
	assert_str(edit_plain(c, STR("a\r\nb\rc\n\r\nd")), "a\nb\nc\n\nd");
}

static void what_a_form_would_spoil_is_not_edited(void **state)
{
	(void)state;
	assert_null(edit_unfit(STR("")));
	assert_null(edit_unfit(STR("text\twith\r\nlines\rand \xc3\xbc")));
	assert_string_equal(edit_unfit(STR("a\0b")), "is binary");
	assert_string_equal(edit_unfit(STR("K\xf6ln")), "is not UTF-8 text");
	assert_non_null(edit_unfit(STR("page\fbreak")));
	assert_non_null(edit_unfit(STR("\xe2\x80\xaegpj.exe")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(the_first_commit_makes_the_branch),
		HOUSE_TEST(files_are_written_moved_and_removed),
		HOUSE_TEST(what_makes_no_sense_is_refused),
		HOUSE_TEST(a_branch_that_went_on_is_built_upon_unless_the_file_changed),
		HOUSE_TEST(who_may_not_push_may_not_edit),
		HOUSE_TEST(limits_of_a_push_are_limits_of_an_edit),
		HOUSE_TEST(ends_of_lines_are_kept),
		HOUSE_TEST(what_a_form_would_spoil_is_not_edited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* core/browse*.c: who may look, what a URL names, and what is found there. */
#include "core/browse.h"

#include "base/date.h"
#include "core/push.h"
#include "core_house.h"
#include "pack_make.h"

/* A repository being made: its objects, and the refs that name them. */
struct scene {
	struct pack_make make;
	struct push_command refs[8];
	size_t count;
};

static struct oid blob(struct scene *s, const char *text)
{
	struct oid id;
	pack_make_object(&s->make, OBJECT_BLOB, str_of(text), &id);
	return id;
}

static struct oid commit_of(
	struct ctx *c, struct scene *s, const struct buf *tree, const struct oid *parent)
{
	struct oid id, commit;
	pack_make_object(&s->make, OBJECT_TREE, buf_view(tree), &id);
	pack_make_object(&s->make, OBJECT_COMMIT, commit_make(c->arena, &id, parent), &commit);
	return commit;
}

static void point(struct scene *s, const char *ref, const struct oid *id)
{
	s->refs[s->count++].change =
		(struct ref_change){str_of(ref), oid_zero(HASH_SHA1), *id, {{0}, 0}};
}

static void push_scene(struct ctx *c, struct scene *s, const char *repo)
{
	struct push push;
	struct source_bytes from;
	struct str pack = pack_make_end(&s->make);
	struct push_commands commands = {.at = s->refs, .count = s->count, .atomic = true};
	source_bytes_init(&from, pack.at, pack.len);
	assert_ok(c, push_open(c, core_of(c), &house_of(c)->owner, str_of(repo), &push));
	assert_ok(c, push_pack(c, &push, &from.source, true));
	assert_ok(c, push_commit(c, &push, &commands));
	push_close(&push);
}

/*
 * refs/heads/main        a, b/, b/x, readme, README.md, run.sh
 * refs/heads/feature/y   the commit before: a and b/ only
 * refs/heads/b           so that the path b/ and a branch b are told apart
 */
static struct oid ids[2];

static void set_scene(struct ctx *c)
{
	struct scene s = {.count = 0};
	struct buf sub = {.arena = c->arena}, one = {.arena = c->arena}, two = {.arena = c->arena};
	struct oid tree;
	core_of(c)->limits.object_max = core_of(c)->limits.pack_max = 1 << 20;
	core_of(c)->limits.pack_inline_max = 1 << 20;
	core_of(c)->limits.page_blob_max = 100;
	core_of(c)->markup = markup_md4c_open();
	house_repo(c, "r", VISIBILITY_PRIVATE);
	pack_make_init(&s.make, c->arena, HASH_SHA1);
	struct oid a = blob(&s, "old\n"), x = blob(&s, "x"), changed = blob(&s, "new\n");
	struct oid readme = blob(&s, "# *Hi*"), nul = {0};
	pack_make_object(&s.make, OBJECT_BLOB, STR("a\0b"), &nul);
	struct oid big = blob(&s, arena_fmt(c->arena, "%0200d", 7));
	tree_line(&sub, "100644 x", &x);
	pack_make_object(&s.make, OBJECT_TREE, buf_view(&sub), &tree);
	tree_line(&one, "100644 a", &a);
	tree_line(&one, "40000 b", &tree);
	ids[0] = commit_of(c, &s, &one, NULL);
	tree_line(&two, "100644 README.md", &readme);
	tree_line(&two, "100644 a", &changed);
	tree_line(&two, "40000 b", &tree);
	tree_line(&two, "100644 big", &big);
	tree_line(&two, "100644 nul", &nul);
	tree_line(&two, "100644 p.PNG", &nul);
	tree_line(&two, "100644 readme", &x);
	tree_line(&two, "100755 run.sh", &x);
	tree_line(&two, "120000 sym", &x);
	ids[1] = commit_of(c, &s, &two, &ids[0]);
	point(&s, "refs/heads/main", &ids[1]);
	point(&s, "refs/heads/feature/y", &ids[0]);
	point(&s, "refs/heads/b", &ids[0]);
	point(&s, "refs/tags/v1", &ids[0]);
	push_scene(c, &s, "r");
}

static void open_scene(struct ctx *c, struct browse *b)
{
	set_scene(c);
	assert_ok(c, browse_open(c, core_of(c), &house_of(c)->owner, STR("r"), b));
}

static void only_who_may_read_may_look(void **state)
{
	struct ctx *c = *state;
	struct browse b = {0};
	struct actor anonymous = ACTOR_ANONYMOUS, nobody = house_person(c, "nobody");
	set_scene(c);
	assert_err(c, browse_open(c, core_of(c), &nobody, STR("r"), &b), ERR_NOT_FOUND);
	browse_close(&b);
	ctx_clear(c);
	assert_err(c, browse_open(c, core_of(c), &anonymous, STR("r"), &b), ERR_UNAUTH);
	browse_close(&b);
	ctx_clear(c);
	const struct permission_on on = {STR("r"), STR("nobody")};
	assert_ok(c, permission_put(c, core_of(c), &house_of(c)->owner, &on, PERMISSION_READ, 0));
	assert_ok(c, browse_open(c, core_of(c), &nobody, STR("r"), &b));
	assert_int_equal(b.level, PERMISSION_READ);
	browse_close(&b);
}

static void resolves(struct ctx *c, struct browse *b, const char *text, const char *rev, int commit,
	const char *path)
{
	struct revision got;
	struct str rest;
	assert_ok(c, browse_resolve(c, b, str_of(text), &got, &rest));
	assert_str(got.text, rev);
	assert_str(rest, path);
	assert_true(oid_eq(&got.commit, &ids[commit]));
}

static void the_longest_ref_that_fits_is_the_revision(void **state)
{
	struct ctx *c = *state;
	struct browse b;
	char hex[OID_HEX_MAX];
	open_scene(c, &b);
	resolves(c, &b, "main", "main", 1, "");
	resolves(c, &b, "main/b/x", "main", 1, "b/x");
	resolves(c, &b, "feature/y/b", "feature/y", 0, "b");
	resolves(c, &b, "b/x/", "b", 0, "x");
	resolves(c, &b, "v1/a", "v1", 0, "a");
	resolves(c, &b, "HEAD/a", "main", 1, "a");
	resolves(c, &b, "refs/heads/feature/y/a", "refs/heads/feature/y", 0, "a");
	oid_hex(&ids[0], hex);
	resolves(c, &b, arena_fmt(c->arena, "%.7s/b/x", hex), hex, 0, "b/x");
	struct revision rev;
	struct str path;
	static const char *const missing[] = {"", "nope", "feature", "feature/z", "abc", "main2/a",
		"ffffffffffffffffffffffffffffffffffffffff", "refs/heads"};
	for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
		assert_err(
			c, browse_resolve(c, &b, str_of(missing[i]), &rev, &path), ERR_NOT_FOUND);
		ctx_clear(c);
	}
	browse_close(&b);
}

static struct oid push_more(struct ctx *c, struct browse *b, const struct revision *rev);

static void with_a_time_a_name_is_what_it_was_then(void **state)
{
	struct ctx *c = *state;
	struct browse b;
	struct revision rev;
	struct str path;
	set_scene(c);
	long long first = c->world->clock() / 1000000;
	house_moved += 100 * 1000000LL;
	assert_ok(c, browse_open(c, core_of(c), &house_of(c)->owner, STR("r"), &b));
	assert_ok(c, browse_head(c, &b, &rev));
	(void)push_more(c, &b, &rev);
	browse_close(&b);
	house_moved += 100 * 1000000LL;
	assert_ok(c, browse_open(c, core_of(c), &house_of(c)->owner, STR("r"), &b));
	static const char *const good[][3] = {
		{"main@{%lld}", "main@{%lld}", ""},
		{"main@{%lld}/b/x", "main@{%lld}", "b/x"},
		{"main@{%lld}/b/x/", "main@{%lld}", "b/x"},
		{"HEAD@{%lld}/a", "HEAD@{%lld}", "a"},
		{"refs/heads/main@{%lld}", "refs/heads/main@{%lld}", ""},
	};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct buf text = {.arena = c->arena}, want = {.arena = c->arena};
		const char *at = strstr(good[i][0], "%lld");
		buf_fmt(&text, "%.*s%lld%s", (int)(at - good[i][0]), good[i][0], first, at + 4);
		at = strstr(good[i][1], "%lld");
		buf_fmt(&want, "%.*s%lld%s", (int)(at - good[i][1]), good[i][1], first, at + 4);
		resolves(c, &b, buf_text(&text), buf_text(&want), 1, good[i][2]);
	}
	/* A tag, a branch with a slash in its name, and a branch that is gone since. */
	resolves(c, &b, arena_fmt(c->arena, "v1@{%lld}/a", first),
		arena_fmt(c->arena, "v1@{%lld}", first), 0, "a");
	resolves(c, &b, arena_fmt(c->arena, "feature/y@{%lld}/b/x", first),
		arena_fmt(c->arena, "feature/y@{%lld}", first), 0, "b/x");
	char time[24];
	date_rfc3339(first, time);
	resolves(c, &b, arena_fmt(c->arena, "main@{%s}", time),
		arena_fmt(c->arena, "main@{%s}", time), 1, "");
	static const char *const missing[] = {"main@{1000}", "main@{1000}/a", "none@{1795448072}",
		"main@{yesterday}", "main@{", "main@{1795448072", "main@{1795448072}x", "@{5}",
		"refs/nimbus/x@{1795448072}"};
	for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
		assert_err(
			c, browse_resolve(c, &b, str_of(missing[i]), &rev, &path), ERR_NOT_FOUND);
		ctx_clear(c);
	}
	/* What only looks like it is a path. */
	resolves(c, &b, "b/we@{5}/x", "b", 0, "we@{5}/x");
	browse_close(&b);
}

static void a_folder_lists_folders_first_and_who_changed_what(void **state)
{
	struct ctx *c = *state;
	struct browse b;
	struct revision rev;
	struct listing list;
	const struct commit_line *folder;
	struct buf names = {.arena = c->arena};
	open_scene(c, &b);
	assert_ok(c, browse_head(c, &b, &rev));
	assert_ok(c, browse_listing(c, &b, &rev, STR(""), &list));
	assert_ok(c, browse_last_changes(c, &b, &rev, &list, &folder));
	for (size_t i = 0; i < list.count; i++) {
		assert_non_null(list.at[i].last);
		bool first = oid_eq(&list.at[i].last->id, &ids[0]);
		buf_fmt(&names, "%.*s%s ", STR_FMT(list.at[i].name), first ? "<" : "");
	}
	assert_str(buf_view(&names), "b< README.md a big nul p.PNG readme run.sh sym ");
	assert_true(oid_eq(&folder->id, &ids[1]));
	/* Once more, from memory: the same answer. */
	struct listing again;
	assert_ok(c, browse_listing(c, &b, &rev, STR(""), &again));
	assert_ok(c, browse_last_changes(c, &b, &rev, &again, &folder));
	for (size_t i = 0; i < list.count; i++)
		assert_true(oid_eq(&again.at[i].last->id, &list.at[i].last->id));
	assert_true(oid_eq(&folder->id, &ids[1]));
	assert_ok(c, browse_listing(c, &b, &rev, STR("b"), &list));
	assert_ok(c, browse_last_changes(c, &b, &rev, &list, &folder));
	assert_true(oid_eq(&folder->id, &ids[0]));
	assert_err(c, browse_listing(c, &b, &rev, STR("a"), &list), ERR_NOT_FOUND);
	ctx_clear(c);
	assert_err(c, browse_listing(c, &b, &rev, STR("zz"), &list), ERR_NOT_FOUND);
	browse_close(&b);
}

/* Pushes one more commit to main: `a` may be run now, and "b/x" is another. */
static struct oid push_more(struct ctx *c, struct browse *b, const struct revision *rev)
{
	struct scene s = {.count = 0};
	struct buf sub = {.arena = c->arena}, top = {.arena = c->arena};
	struct listing list;
	struct oid tree;
	pack_make_init(&s.make, c->arena, HASH_SHA1);
	struct oid x = blob(&s, "another x\n");
	tree_line(&sub, "100644 x", &x);
	pack_make_object(&s.make, OBJECT_TREE, buf_view(&sub), &tree);
	assert_ok(c, browse_listing(c, b, rev, STR(""), &list));
	for (size_t i = 1; i < list.count; i++) {
		const char *mode = str_is(list.at[i].name, "a") ? "100755" : "100644";
		if (str_is(list.at[i].name, "big"))
			tree_line(&top, "40000 b", &tree);
		tree_line(&top, arena_fmt(c->arena, "%s %.*s", mode, STR_FMT(list.at[i].name)),
			&list.at[i].id);
	}
	struct oid id = commit_of(c, &s, &top, &ids[1]);
	s.refs[s.count++].change =
		(struct ref_change){STR("refs/heads/main"), ids[1], id, {{0}, 0}};
	push_scene(c, &s, "r");
	return id;
}

/* Of each entry of main's top, in order: which of these commits changed it last. */
static struct str last_in_top(struct ctx *c, const struct oid commits[3])
{
	struct browse b;
	struct revision rev;
	struct listing list;
	const struct commit_line *folder;
	struct buf out = {.arena = c->arena};
	assert_ok(c, browse_open(c, core_of(c), &house_of(c)->owner, STR("r"), &b));
	assert_ok(c, browse_head(c, &b, &rev));
	assert_ok(c, browse_listing(c, &b, &rev, STR(""), &list));
	assert_ok(c, browse_last_changes(c, &b, &rev, &list, &folder));
	for (size_t i = 0; i <= list.count; i++) {
		const struct commit_line *line = i < list.count ? list.at[i].last : folder;
		assert_non_null(line);
		int n = 0;
		while (!oid_eq(&commits[n], &line->id))
			n++;
		buf_byte(&out, (char)('0' + n));
	}
	browse_close(&b);
	return buf_view(&out);
}

static void a_look_after_a_push_is_right_with_and_without_the_one_before(void **state)
{
	struct ctx *c = *state;
	struct browse b;
	struct revision rev;
	struct last_answer answers[LAST_CACHE_WAYS];
	open_scene(c, &b);
	assert_ok(c, browse_head(c, &b, &rev));
	struct oid commits[3] = {ids[0], ids[1]};
	assert_str(last_in_top(c, commits), "0111111111");
	struct str key = str_of(arena_fmt(c->arena, "%lld ", (long long)b.repo.id));
	assert_int_equal(last_cache_get(c, core_of(c)->last_cache, key, answers), 1);
	commits[2] = push_more(c, &b, &rev);
	browse_close(&b);
	/* In the order of the page: b/x, a, run.sh and sym are others now, and so the top is. */
	const char *want = "2121111222";
	assert_str(last_in_top(c, commits), want);
	assert_int_equal(last_cache_get(c, core_of(c)->last_cache, key, answers), 2);
	assert_str(last_in_top(c, commits), want);
	assert_int_equal(last_cache_get(c, core_of(c)->last_cache, key, answers), 2);
	struct last_cache *cache = core_of(c)->last_cache;
	core_of(c)->last_cache = NULL;
	assert_str(last_in_top(c, commits), want);
	core_of(c)->last_cache = cache;
}

static void a_file_is_what_its_name_and_bytes_say(void **state)
{
	struct ctx *c = *state;
	static const struct {
		const char *name;
		enum file_kind kind;
	} files[] = {{"a", FILE_TEXT}, {"big", FILE_TOO_BIG}, {"nul", FILE_BINARY},
		{"p.PNG", FILE_IMAGE}, {"sym", FILE_SYMLINK}, {"b/x", FILE_TEXT}};
	struct browse b;
	struct revision rev;
	struct file file;
	open_scene(c, &b);
	assert_ok(c, browse_head(c, &b, &rev));
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		assert_ok(c, browse_file(c, &b, &rev, str_of(files[i].name), &file));
		assert_int_equal(file.kind, files[i].kind);
	}
	assert_ok(c, browse_file(c, &b, &rev, STR("run.sh"), &file));
	assert_true(file.executable);
	assert_err(c, browse_file(c, &b, &rev, STR("b"), &file), ERR_NOT_FOUND);
	ctx_clear(c);
	assert_err(c, browse_file(c, &b, &rev, STR("b/none"), &file), ERR_NOT_FOUND);
	browse_close(&b);
}

static void the_markdown_readme_goes_first(void **state)
{
	struct ctx *c = *state;
	struct browse b;
	struct revision rev;
	struct listing list;
	struct file *readme;
	open_scene(c, &b);
	assert_ok(c, browse_head(c, &b, &rev));
	assert_ok(c, browse_listing(c, &b, &rev, STR(""), &list));
	assert_ok(c, browse_readme(c, &b, &rev, &list, &readme));
	assert_str(readme->name, "README.md");
	assert_true(str_starts(readme->html, STR("<h1 id=\"hi\"><em>Hi</em>")));
	assert_ok(c, browse_listing(c, &b, &rev, STR("b"), &list));
	assert_ok(c, browse_readme(c, &b, &rev, &list, &readme));
	assert_null(readme);
	browse_close(&b);
}

static void history_may_be_that_of_one_path(void **state)
{
	struct ctx *c = *state;
	struct browse b;
	struct commit_log log;
	open_scene(c, &b);
	struct log_query query = {.from = ids[1], .limit = 10};
	assert_ok(c, browse_log(c, &b, &query, &log));
	assert_int_equal(log.count, 2);
	assert_str(log.at[0].subject, "message");
	query.path = STR("b/x");
	assert_ok(c, browse_log(c, &b, &query, &log));
	assert_int_equal(log.count, 1);
	assert_true(oid_eq(&log.at[0].id, &ids[0]));
	query = (struct log_query){.from = ids[1], .limit = 1};
	assert_ok(c, browse_log(c, &b, &query, &log));
	assert_true(log.more);
	query.skip = 1;
	assert_ok(c, browse_log(c, &b, &query, &log));
	assert_false(log.more);
	assert_true(oid_eq(&log.at[0].id, &ids[0]));
	browse_close(&b);
}

static void a_diff_keeps_its_limits(void **state)
{
	struct ctx *c = *state;
	struct browse b;
	struct commit_full commit;
	struct diff diff;
	open_scene(c, &b);
	assert_ok(c, browse_commit(c, &b, &ids[1], &commit));
	assert_ok(c, browse_diff(c, &b, &commit, &DIFF_LIMITS_PAGE, &diff));
	assert_int_equal(diff.total, 8);
	assert_int_equal(diff.files[1].change, DIFF_MODIFIED);
	assert_int_equal(diff.files[1].hunk_count, 1);
	assert_int_equal(diff.files[3].without, DIFF_BINARY);
	struct diff_limits files = {
		.files = 2, .lines = 100, .file_bytes = 1000, .all_bytes = 1000};
	struct diff_limits lines = {.files = 10, .file_bytes = 1000, .all_bytes = 1000};
	struct diff_limits bytes = {.files = 10, .lines = 100, .file_bytes = 1000};
	assert_ok(c, browse_diff(c, &b, &commit, &files, &diff));
	assert_int_equal(diff.count, 2);
	assert_int_equal(diff.total, 8);
	assert_ok(c, browse_diff(c, &b, &commit, &lines, &diff));
	assert_int_equal(diff.files[1].without, DIFF_TOO_BIG);
	assert_ok(c, browse_diff(c, &b, &commit, &bytes, &diff));
	assert_int_equal(diff.files[1].without, DIFF_TOO_BIG);
	browse_close(&b);
}

static void a_commit_is_compared_with_a_parent_that_it_has(void **state)
{
	struct ctx *c = *state;
	struct browse b;
	struct commit_full commit;
	struct diff first, same;
	struct diff_limits limits = DIFF_LIMITS_PAGE;
	open_scene(c, &b);
	assert_ok(c, browse_commit(c, &b, &ids[1], &commit));
	assert_ok(c, browse_diff(c, &b, &commit, &limits, &first));
	limits.wish.parent = 1;
	assert_ok(c, browse_diff(c, &b, &commit, &limits, &same));
	assert_int_equal(same.total, first.total);
	limits.wish.parent = (uint32_t)commit.parent_count + 2;
	assert_err(c, browse_diff(c, &b, &commit, &limits, &same), ERR_NOT_FOUND);
	browse_close(&b);
}

static void what_lies_too_far_away_is_not_compared(void **state)
{
	struct ctx *c = *state;
	struct browse b;
	struct commit_full commit;
	struct diff diff;
	struct comparison cmp;
	open_scene(c, &b);
	assert_ok(c, browse_commit(c, &b, &ids[1], &commit));
	c->afar.bytes_max = 1000;
	c->afar.bytes = 999;
	assert_false(browse_is_partial(c, &b));
	assert_ok(c, browse_diff(c, &b, &commit, &DIFF_LIMITS_PAGE, &diff));
	assert_true(diff.cut);
	assert_true(browse_is_partial(c, &b));
	assert_int_equal(diff.total, 8);
	for (size_t i = 0; i < diff.count; i++)
		assert_int_equal(diff.files[i].without, DIFF_UNREAD);
	c->afar.bytes = 1000;
	assert_ok(c, browse_compare(c, &b, STR("main...feature/y"), &DIFF_LIMITS_PAGE, &cmp));
	assert_true(cmp.cut);
	assert_int_equal(cmp.fork.algo, 0);
	/* Who wants all of it as text gets it. */
	assert_ok(c, browse_diff(c, &b, &commit, &DIFF_LIMITS_TEXT, &diff));
	assert_false(diff.cut);
	assert_int_equal(diff.files[1].hunk_count, 1);
	browse_close(&b);
}

static void a_folder_without_all_of_its_last_changes_is_partial(void **state)
{
	struct ctx *c = *state;
	struct browse b;
	struct revision rev;
	struct listing list;
	const struct commit_line *last;
	open_scene(c, &b);
	assert_ok(c, browse_head(c, &b, &rev));
	assert_ok(c, browse_listing(c, &b, &rev, STR(""), &list));
	c->afar.bytes_max = c->afar.bytes = 1000;
	assert_ok(c, browse_last_changes(c, &b, &rev, &list, &last));
	assert_null(last);
	c->afar.bytes = 0;
	assert_true(browse_is_partial(c, &b));
	b.partial = false;
	assert_ok(c, browse_last_changes(c, &b, &rev, &list, &last));
	assert_non_null(last);
	assert_false(browse_is_partial(c, &b));
	browse_close(&b);
}

static void paths_that_lie_too_far_away_are_left_out_and_said_so(void **state)
{
	struct ctx *c = *state;
	struct browse b;
	struct buf all = {.arena = c->arena}, some = {.arena = c->arena};
	struct paths_part part;
	open_scene(c, &b);
	assert_ok(c, browse_paths(c, &b, &ids[1], &all, &part));
	assert_true(part.count > 1 && !part.cut && !part.too_far);
	c->afar.bytes_max = c->afar.bytes = 1000;
	assert_ok(c, browse_paths(c, &b, &ids[1], &some, &part));
	assert_true(part.cut && part.too_far);
	assert_true(some.len < all.len);
	browse_close(&b);
}

static void refs_are_listed_with_the_default_first(void **state)
{
	struct ctx *c = *state;
	struct browse b;
	struct ref_list list;
	open_scene(c, &b);
	assert_ok(c, browse_refs(c, &b, STR("refs/heads/"), 0, &list));
	assert_int_equal(list.total, 3);
	assert_str(list.at[0].name, "main");
	assert_true(list.at[0].is_default);
	assert_ok(c, browse_refs(c, &b, STR("refs/heads/"), 99, &list));
	assert_int_equal(list.count, 0);
	browse_branches(c, &b, 2, &list);
	assert_int_equal(list.count, 2);
	assert_str(list.at[0].name, "main");
	assert_str(list.at[1].name, "b");
	browse_close(&b);
}

static void nothing_pushed_is_said_as_such(void **state)
{
	struct ctx *c = *state;
	struct browse b;
	struct revision rev;
	house_repo(c, "empty", VISIBILITY_PRIVATE);
	assert_ok(c, browse_open(c, core_of(c), &house_of(c)->owner, STR("empty"), &b));
	assert_err(c, browse_head(c, &b, &rev), ERR_NOT_FOUND);
	browse_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(only_who_may_read_may_look),
		HOUSE_TEST(the_longest_ref_that_fits_is_the_revision),
		HOUSE_TEST(with_a_time_a_name_is_what_it_was_then),
		HOUSE_TEST(a_folder_lists_folders_first_and_who_changed_what),
		HOUSE_TEST(a_look_after_a_push_is_right_with_and_without_the_one_before),
		HOUSE_TEST(a_file_is_what_its_name_and_bytes_say),
		HOUSE_TEST(the_markdown_readme_goes_first),
		HOUSE_TEST(history_may_be_that_of_one_path),
		HOUSE_TEST(a_diff_keeps_its_limits),
		HOUSE_TEST(a_commit_is_compared_with_a_parent_that_it_has),
		HOUSE_TEST(what_lies_too_far_away_is_not_compared),
		HOUSE_TEST(a_folder_without_all_of_its_last_changes_is_partial),
		HOUSE_TEST(paths_that_lie_too_far_away_are_left_out_and_said_so),
		HOUSE_TEST(refs_are_listed_with_the_default_first),
		HOUSE_TEST(nothing_pushed_is_said_as_such),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

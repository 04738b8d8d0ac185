/* A kept repository: its index is git's, its pages are what the module draws too, and what it lacks it says. */
#include "browser/kept.h"

#include "unit.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRIPT "<script>alert(1)</script>"

static char folder[] = "/tmp/nimbus-kept-XXXXXX";

static void run(struct ctx *c, const char *command)
{
	const char *line = arena_fmt(c->arena,
		"cd %s && export HOME=%s GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME='A " SCRIPT
		"' GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=C GIT_COMMITTER_EMAIL=c@d "
		"GIT_AUTHOR_DATE='1700000000 +0100' GIT_COMMITTER_DATE='1700000000 +0100'; set -e; "
		"%s",
		folder, folder, command);
	if (system(line))
		fail_msg("it failed: %s", command);
}

static struct str file_read(struct ctx *c, const char *name)
{
	FILE *file = fopen(arena_fmt(c->arena, "%s/%s", folder, name), "rb");
	assert_non_null(file);
	struct buf out = {.arena = c->arena};
	char piece[4096];
	for (size_t got; (got = fread(piece, 1, sizeof piece, file)) > 0;)
		buf_bytes(&out, piece, got);
	fclose(file);
	return buf_view(&out);
}

static void file_write(struct ctx *c, const char *name, struct str bytes)
{
	FILE *file = fopen(arena_fmt(c->arena, "%s/%s", folder, name), "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes.at ? bytes.at : "", 1, bytes.len, file), bytes.len);
	fclose(file);
}

/* Three commits of a branch with a '/' in its name, and packs: all of it, and the newest commit alone. */
static int make_repo(void **state)
{
	struct unit u;
	(void)state;
	arena_init(&u.arena);
	ctx_init(&u.ctx, &u.arena, os_world());
	struct ctx *c = &u.ctx;
	assert_non_null(mkdtemp(folder));
	run(c, "git init -q -b dev/main . ; mkdir -p docs 'odd <b>'; "
	       "printf 'one\\ntwo\\n' > docs/notes.txt; echo 'int main(void) {}' > main.c; "
	       "printf '# Read me " SCRIPT "\\n' > README.md; printf 'a,b\\n1,2\\n' > t.csv; "
	       "printf 'x\\0y' > binary; ln -s main.c link; "
	       "echo '" SCRIPT "' > 'odd <b>/x \".txt'; git add -A; git commit -q -m first; "
	       "printf 'one\\n2\\nthree\\n' > docs/notes.txt; seq 3000 > long.txt; git add -A; "
	       "git commit -q -m 'Second " SCRIPT "'; seq 2900 > long.txt; "
	       "git commit -q -a -m third; git rev-parse HEAD HEAD~1 HEAD~2 > ids; "
	       "echo HEAD | git pack-objects -q --revs --stdout --delta-base-offset > all.pack; "
	       "git index-pack all.pack > /dev/null; git rev-parse HEAD > tips; "
	       "printf -- '--shallow %s\\nHEAD\\n' $(git rev-parse HEAD) | "
	       "git pack-objects -q --revs --stdout --shallow > end.pack");
	arena_done(&u.arena);
	return 0;
}

static int remove_repo(void **state)
{
	char line[100];
	(void)state;
	snprintf(line, sizeof line, "rm -rf %s", folder);
	return system(line);
}

static struct str id_at(struct ctx *c, size_t index)
{
	struct str ids = file_read(c, "ids"), line = {0};
	for (size_t i = 0; i <= index; i++)
		(void)str_line(&ids, &line);
	return line;
}

static struct str facts(struct ctx *c, int depth)
{
	struct buf out = {.arena = c->arena};
	const struct str all[] = {STR("my.repo"), STR("of " SCRIPT), STR("private"),
		STR("dev/main"), id_at(c, 0), STR("1700000060"),
		str_of(arena_fmt(c->arena, "%d", depth)), STR("/assets/nimbus.css?\"><b>"),
		STR("/assets/logo.svg?1"), STR("https://git.example.org")};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		buf_str(&out, all[i]);
		buf_byte(&out, 0);
	}
	return buf_view(&out);
}

static struct kept kept;

static void open_kept(struct ctx *c, const char *name, int depth)
{
	struct buf idx = {.arena = c->arena};
	struct str pack = file_read(c, name);
	assert_ok(c, kept_index(c, HASH_SHA1, pack, &idx));
	assert_ok(c, kept_open(c, facts(c, depth), pack, buf_view(&idx), &kept));
}

static struct str ask(struct ctx *c, const char *path, const char *query, int want)
{
	struct buf out = {.arena = c->arena};
	const struct kept_ask what = {str_of(path), str_of(query), 1700000300};
	assert_int_equal(kept_page(c, &kept, &what, &out), want);
	ctx_clear(c);
	return buf_view(&out);
}

static bool holds(struct str html, const char *text)
{
	return str_find_str(html, str_of(text)) < html.len;
}

static void its_index_is_the_one_that_git_makes(void **state)
{
	struct ctx *c = *state;
	struct buf idx = {.arena = c->arena};
	assert_ok(c, kept_index(c, HASH_SHA1, file_read(c, "all.pack"), &idx));
	assert_true(str_eq(buf_view(&idx), file_read(c, "all.idx")));
}

static void a_pack_that_is_damaged_is_refused(void **state)
{
	struct ctx *c = *state;
	struct str pack = file_read(c, "all.pack");
	for (size_t at = 0; at < pack.len; at += 41) {
		struct buf idx = {.arena = c->arena};
		char *bad = arena_raw(c->arena, pack.len);
		memcpy(bad, pack.at, pack.len);
		bad[at] ^= 0x10;
		assert_int_not_equal(kept_index(c, HASH_SHA1, str_from(bad, pack.len), &idx), OK);
		ctx_clear(c);
	}
}

static void facts_that_make_no_sense_are_refused(void **state)
{
	struct ctx *c = *state;
	struct str pack = file_read(c, "all.pack"), idx = file_read(c, "all.idx");
	static const struct str bad[] = {STR(""), STR("x\0y\0z\0"), STR("../x\0\0public\0main\0")};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_err(c, kept_open(c, bad[i], pack, idx, &kept), ERR_INVALID);
		ctx_clear(c);
	}
	assert_err(c, kept_open(c, facts(c, 0), file_read(c, "end.pack"), idx, &kept), ERR_CORRUPT);
}

static void pages_show_what_is_in_it(void **state)
{
	struct ctx *c = *state;
	open_kept(c, "all.pack", 0);
	struct str home = ask(c, "/my.repo", "", 200);
	assert_true(holds(home, "Offline copy of dev/main as of "));
	assert_true(holds(home, "2023-11-14 22:14 UTC."));
	assert_true(holds(home, "href=\"/my.repo/tree/dev/main/docs\""));
	assert_true(holds(home, ">third<"));
	assert_false(holds(home, "<script"));
	assert_false(holds(home, "?\"><b>"));
	struct str notes = ask(c, "/my.repo/blob/dev/main/docs/notes.txt", "", 200);
	assert_true(holds(notes, "three"));
	struct str odd = ask(c, "/my.repo/blob/dev/main/odd%20%3Cb%3E/x%20%22.txt", "", 200);
	assert_true(holds(odd, "&lt;script&gt;alert(1)"));
	assert_false(holds(odd, "<script"));
	assert_true(holds(ask(c, "/my.repo/blob/HEAD/t.csv", "", 200), "<td>1</td>"));
	assert_true(holds(ask(c, "/my.repo/blob/HEAD/binary", "", 200), "This file is binary"));
	assert_true(holds(ask(c, "/my.repo/commits", "", 200), "Second &lt;script&gt;"));
	struct str only = ask(c, "/my.repo/commits/dev/main/docs", "q=second", 200);
	assert_true(holds(only, "Second"));
	assert_false(holds(only, ">third<"));
	const char *second = arena_fmt(c->arena, "/my.repo/commit/%.*s", STR_FMT(id_at(c, 1)));
	assert_true(holds(ask(c, second, "", 200), "docs/notes.txt"));
	assert_true(holds(ask(c, second, "view=split", 200), " split\""));
	kept_close(&kept);
}

static void a_folder_and_a_file_lead_to_each_other(void **state)
{
	struct ctx *c = *state;
	open_kept(c, "all.pack", 0);
	assert_true(str_is(
		ask(c, "/my.repo/tree/dev/main/main.c", "", 303), "/my.repo/blob/dev/main/main.c"));
	assert_true(str_is(ask(c, "/my.repo/blob/dev/main/odd%20%3Cb%3E", "", 303),
		"/my.repo/tree/dev/main/odd%20%3Cb%3E"));
	kept_close(&kept);
}

static void what_it_lacks_it_says(void **state)
{
	struct ctx *c = *state;
	static const char *const paths[] = {"/my.repo/tree/other", "/my.repo/blob/dev/main/none",
		"/my.repo/refs", "/other", "/my.repo/tree/%zz", "/my.repo/commit/0123456789",
		"/my.repo/tree/dev/main/../x", ""};
	open_kept(c, "all.pack", 0);
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct str html = ask(c, paths[i], "", 404);
		assert_true(holds(html, "This is not in the offline copy"));
		assert_true(holds(html, "Offline copy of dev/main"));
	}
	ask(c, "/my.repo/commits", "after=zz", 404);
	kept_close(&kept);
}

static void a_history_that_is_cut_ends_where_it_ends(void **state)
{
	struct ctx *c = *state;
	open_kept(c, "end.pack", 1);
	assert_true(holds(ask(c, "/my.repo", "", 200), "Its history is cut"));
	struct str log = ask(c, "/my.repo/commits", "", 200);
	assert_true(holds(log, ">third<"));
	assert_false(holds(log, "Second"));
	assert_true(holds(ask(c, "/my.repo/commits/dev/main/long.txt", "", 200), ">third<"));
	const char *path = arena_fmt(c->arena, "/my.repo/commit/%.*s", STR_FMT(id_at(c, 0)));
	assert_true(holds(ask(c, path, "", 200), "history ends at this commit"));
	path = arena_fmt(c->arena, "/my.repo/commit/%.*s", STR_FMT(id_at(c, 1)));
	ask(c, path, "", 404);
	kept_close(&kept);
}

static const char *module_path(struct ctx *c)
{
	char self[4096] = "";
	if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
		return "";
	*strrchr(self, '/') = 0;
	return arena_fmt(c->arena, "%s/../offline.wasm", self);
}

static void the_module_draws_the_same_bytes(void **state)
{
	struct ctx *c = *state;
	if (access(module_path(c), R_OK) || system("command -v node >/dev/null")) {
		print_message("skip: node, or clang and lld for offline.wasm, are not installed\n");
		skip();
	}
	const char *asks[][2] = {{"/my.repo", ""}, {"/my.repo/tree/dev/main/docs", ""},
		{"/my.repo/blob/dev/main/docs/notes.txt", ""}, {"/my.repo/blob/HEAD/long.txt", ""},
		{"/my.repo/blob/HEAD/t.csv", ""}, {"/my.repo/blob/HEAD/README.md", ""},
		{"/my.repo/blob/HEAD/link", ""}, {"/my.repo/commits", ""},
		{"/my.repo/commits/dev/main/docs", "author=a"}, {"/my.repo/tree/none", ""},
		{"/my.repo/tree/HEAD/main.c", ""},
		{arena_fmt(c->arena, "/my.repo/commit/%.*s", STR_FMT(id_at(c, 1))), "view=split"},
		{arena_fmt(c->arena, "/my.repo/commit/%.*s", STR_FMT(id_at(c, 2))), "w=1"}};
	open_kept(c, "all.pack", 0);
	file_write(c, "facts", facts(c, 0));
	for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
		struct buf in = {.arena = c->arena}, out = {.arena = c->arena};
		const struct kept_ask what = {str_of(asks[i][0]), str_of(asks[i][1]), 1700000300};
		int status = kept_page(c, &kept, &what, &out);
		ctx_clear(c);
		buf_cstr(&in, asks[i][0]);
		buf_byte(&in, 0);
		buf_cstr(&in, asks[i][1]);
		buf_byte(&in, 0);
		buf_cstr(&in, "1700000300");
		file_write(c, arena_fmt(c->arena, "%zu.in", i), buf_view(&in));
		file_write(c, arena_fmt(c->arena, "%zu.out", i), buf_view(&out));
		file_write(c, arena_fmt(c->arena, "%zu.status", i),
			str_of(arena_fmt(c->arena, "%d", status)));
	}
	kept_close(&kept);
	assert_int_equal(system(arena_fmt(c->arena, "node tests/browser/kept.mjs %s %s",
				 module_path(c), folder)),
		0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(its_index_is_the_one_that_git_makes),
		UNIT_TEST(a_pack_that_is_damaged_is_refused),
		UNIT_TEST(facts_that_make_no_sense_are_refused),
		UNIT_TEST(pages_show_what_is_in_it),
		UNIT_TEST(a_folder_and_a_file_lead_to_each_other),
		UNIT_TEST(what_it_lacks_it_says),
		UNIT_TEST(a_history_that_is_cut_ends_where_it_ends),
		UNIT_TEST(the_module_draws_the_same_bytes),
	};
	return cmocka_run_group_tests(tests, make_repo, remove_repo);
}

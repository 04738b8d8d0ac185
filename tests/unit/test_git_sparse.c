#include "git/sparse.h"

#include "unit.h"

#include "base/buf.h"
#include "odb_make.h"

static void sparse_of(struct ctx *c, struct sparse *s, const char *patterns)
{
	sparse_init(c, s, c->arena);
	assert_ok(c, sparse_add(c, s, str_of(patterns)));
}

/* Is the file at that path of a commit included? */
static bool includes(struct ctx *c, struct sparse *s, const char *path)
{
	const struct sparse_folder *in = NULL;
	struct str rest = str_of(path);
	bool out = false;
	assert_ok(c, sparse_enter(c, s, sparse_outside(s), STR(""), &in));
	for (size_t slash; (slash = str_find(rest, '/')) < rest.len;) {
		assert_ok(c, sparse_enter(c, s, in, str_until(rest, slash), &in));
		rest = str_from_index(rest, slash + 1);
	}
	assert_ok(c, sparse_includes(c, s, in, rest, &out));
	return out;
}

static void assert_paths(struct ctx *c, const char *patterns, const char *yes, const char *no)
{
	struct sparse s;
	struct str all[] = {str_of(yes), str_of(no)};
	sparse_of(c, &s, patterns);
	for (size_t i = 0; i < 2; i++)
		while (all[i].len) {
			struct str path = str_cut(&all[i], ' ');
			if (includes(c, &s, str_dup(c->arena, path)) != (i == 0))
				fail_msg("'%s': %.*s is %s", patterns, STR_FMT(path),
					i ? "in" : "out");
		}
}

static void a_pattern_includes_names_paths_or_folders(void **state)
{
	struct ctx *c = *state;
	assert_paths(c, "a", "a x/a a/x x/a/y/z", "b ab x/b");
	assert_paths(c, "/a", "a a/x/y", "x/a");
	assert_paths(c, "a/b", "a/b a/b/c", "a b x/a/b a/x");
	assert_paths(c, "a/", "a/x x/a/y", "a x/a");
	assert_paths(c, "/a/b/", "a/b/c a/b/c/d", "a/b a/c x/a/b/c");
	assert_paths(c, "*.c", "x.c d/x.c x.c/y", "x.h");
	assert_paths(c, "/*.c", "x.c", "d/x.c");
	assert_paths(c, "a/**/z", "a/z a/b/c/z a/z/y", "z x/a/z");
	assert_paths(c, "/*", "a a/b", "");
	assert_paths(c, "", "", "a a/b");
}

static void the_last_match_decides_and_folders_pass_it_on(void **state)
{
	struct ctx *c = *state;
	assert_paths(c, "/*\n!/*/\n", "a b", "a/b");
	assert_paths(c, "/*\n!/*/\n/a/\n!/a/*/\n/a/b/\n", "x a/x a/b/x a/b/c/x", "b/x a/c/x");
	assert_paths(c, "a\n!a/b\na/b/c", "a/x a/b/c a/b/c/d", "a/b/x x");
	assert_paths(c, "a\n!a\n", "", "a a/b");
	assert_paths(c, "!a\na\n", "a a/b", "b");
	assert_paths(c, "*\n!*.o\n", "a a/b", "a.o b/a.o a.o/x.o");
	assert_paths(c, "/a\n!x/", "a/y", "a/x/y");
}

/* A root has the name "", that some patterns match. It is so in git. */
static void the_root_is_a_folder_without_a_name(void **state)
{
	struct ctx *c = *state;
	assert_paths(c, "*/", "a a/b", "");
	assert_paths(c, "/", "a a/b", "");
	assert_paths(c, "  \n", "a a/b", "");
	assert_paths(c, "\r\n", "a a/b", "");
	assert_paths(c, "*\n!/\n", "a a/b", "");
	assert_paths(c, "//", "", "a a/b");
	assert_paths(c, "?*", "a a/b", "");
}

static void lines_are_read_as_git_reads_them(void **state)
{
	struct ctx *c = *state;
	assert_paths(c, "\n\n#b\n\\#c\n\\!d\ne", "#c !d e", "#b b \\#c d");
	assert_paths(c, "\xef\xbb\xbf/a\r\n/b\r\n", "a b", "c");
	assert_paths(c, "a  \nb\\ \\  \nc\\\\  ", "a c\\", "b c");
	struct sparse s;
	sparse_of(c, &s, "b\\ \\  \n\tx");
	assert_true(includes(c, &s, "b  ") && includes(c, &s, "\tx"));
	assert_false(includes(c, &s, "b") || includes(c, &s, "x") || includes(c, &s, "b "));
	sparse_init(c, &s, c->arena);
	assert_ok(c, sparse_add(c, &s, STR("a\0b\n")));
	assert_true(includes(c, &s, "a"));
}

static void a_file_is_in_every_list(void **state)
{
	struct ctx *c = *state;
	struct sparse s;
	sparse_of(c, &s, "a\n*.c");
	assert_ok(c, sparse_add(c, &s, STR("*.c\n!/no/")));
	assert_ok(c, sparse_add(c, &s, STR("/*")));
	assert_true(includes(c, &s, "x.c") && includes(c, &s, "a/x.c"));
	assert_false(includes(c, &s, "a/x") || includes(c, &s, "x.h"));
	for (size_t i = s.lists; i < SPARSE_LISTS_MAX; i++)
		assert_ok(c, sparse_add(c, &s, STR("*")));
	assert_true(includes(c, &s, "x.c"));
	assert_false(includes(c, &s, "x.h"));
	assert_err(c, sparse_add(c, &s, STR("*")), ERR_TOO_BIG);
}

static void folders_where_patterns_say_the_same_are_one(void **state)
{
	struct ctx *c = *state;
	const struct sparse_folder *root, *a, *b, *x, *y;
	struct sparse s;
	sparse_of(c, &s, "/a/x/y\n/b/x/y\n*.c");
	assert_ok(c, sparse_enter(c, &s, sparse_outside(&s), STR(""), &root));
	assert_ok(c, sparse_enter(c, &s, root, STR("a"), &a));
	assert_ok(c, sparse_enter(c, &s, root, STR("b"), &b));
	assert_ok(c, sparse_enter(c, &s, root, STR("x"), &x));
	assert_ok(c, sparse_enter(c, &s, x, STR("y"), &y));
	assert_ptr_equal(x, y);
	assert_true(a != b && a != x);
	assert_ok(c, sparse_enter(c, &s, a, STR("z"), &y));
	assert_ptr_equal(x, y);
	assert_ok(c, sparse_enter(c, &s, a, STR("z.c"), &y));
	assert_true(x != y);
}

static void too_many_and_too_long_ones_are_refused(void **state)
{
	struct ctx *c = *state;
	struct sparse s;
	struct buf text = {.arena = c->arena};
	for (int i = 0; i < SPARSE_PATTERNS_MAX; i++)
		buf_cstr(&text, "x\n");
	sparse_init(c, &s, c->arena);
	assert_ok(c, sparse_add(c, &s, buf_view(&text)));
	assert_err(c, sparse_add(c, &s, STR("x")), ERR_TOO_BIG);
	text.len = 0;
	for (int i = 0; i < WILDMATCH_MAX; i++)
		buf_byte(&text, 'x');
	sparse_init(c, &s, c->arena);
	assert_ok(c, sparse_add(c, &s, buf_view(&text)));
	buf_byte(&text, 'x');
	assert_err(c, sparse_add(c, &s, buf_view(&text)), ERR_TOO_BIG);
	while (text.len < SPARSE_BYTES_MAX)
		buf_cstr(&text, "#\n");
	sparse_init(c, &s, c->arena);
	assert_err(c, sparse_add(c, &s, buf_view(&text)), ERR_TOO_BIG);
}

static void only_a_blob_has_patterns(void **state)
{
	struct ctx *c = *state;
	struct odb_make *m = odb_make(c, HASH_SHA1);
	struct buf big = {.arena = c->arena};
	while (big.len <= SPARSE_BYTES_MAX)
		buf_cstr(&big, "################################\n");
	struct oid blob = odb_make_object(m, OBJECT_BLOB, STR("*.c\n"));
	struct oid over = odb_make_object(m, OBJECT_BLOB, buf_view(&big));
	struct oid tree = odb_make_tree(m, "100644 a", blob, NULL, blob);
	struct oid none = oid_zero(HASH_SHA1);
	struct odb_reader r;
	struct sparse s;
	odb_make_pack(m);
	odb_reader_init(c, &r, &m->odb);
	sparse_init(c, &s, c->arena);
	assert_err(c, sparse_read(c, &s, &r, &none), ERR_NOT_FOUND);
	assert_err(c, sparse_read(c, &s, &r, &tree), ERR_INVALID);
	assert_err(c, sparse_read(c, &s, &r, &over), ERR_TOO_BIG);
	assert_ok(c, sparse_read(c, &s, &r, &blob));
	assert_true(includes(c, &s, "x/y.c"));
	odb_make_done(m);
}

static bool gone(void *arg)
{
	(void)arg;
	return true;
}

static void patterns_that_say_nothing_are_work_too(void **state)
{
	struct ctx *c = *state;
	struct sparse s;
	struct buf text = {.arena = c->arena};
	const struct sparse_folder *root = NULL;
	bool out;
	for (int i = 0; i < 5000; i++)
		buf_fmt(&text, "%s%d/\n", i % 2 ? "*/" : "", i);
	sparse_init(c, &s, c->arena);
	assert_ok(c, sparse_add(c, &s, buf_view(&text)));
	assert_ok(c, sparse_enter(c, &s, sparse_outside(&s), STR(""), &root));
	uint64_t before = s.run.work;
	assert_ok(c, sparse_includes(c, &s, root, STR("a file"), &out));
	assert_true(s.run.work >= before + 5000);
}

static void long_work_sees_that_nobody_waits(void **state)
{
	struct ctx *c = *state, own = *c;
	struct sparse s;
	struct buf text = {.arena = c->arena}, name = {.arena = c->arena};
	for (int i = 0; i < 200; i++) {
		for (int k = 0; k < 500; k++)
			buf_cstr(&text, "*?");
		buf_cstr(&text, "x\n");
	}
	for (int i = 0; i < 1000; i++)
		buf_byte(&name, 'a');
	sparse_of(c, &s, arena_fmt(c->arena, "%.*s", STR_FMT(buf_view(&text))));
	own.canceled = gone;
	bool out = false;
	assert_int_equal(
		sparse_includes(&own, &s, sparse_outside(&s), buf_view(&name), &out), ERR_CANCELED);
	s.run.work = s.checked = (uint64_t)1 << 36;
	assert_err(
		c, sparse_includes(c, &s, sparse_outside(&s), buf_view(&name), &out), ERR_TOO_BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_pattern_includes_names_paths_or_folders),
		UNIT_TEST(the_last_match_decides_and_folders_pass_it_on),
		UNIT_TEST(the_root_is_a_folder_without_a_name),
		UNIT_TEST(lines_are_read_as_git_reads_them),
		UNIT_TEST(a_file_is_in_every_list),
		UNIT_TEST(folders_where_patterns_say_the_same_are_one),
		UNIT_TEST(too_many_and_too_long_ones_are_refused),
		UNIT_TEST(only_a_blob_has_patterns),
		UNIT_TEST(patterns_that_say_nothing_are_work_too),
		UNIT_TEST(long_work_sees_that_nobody_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"

#include "base/buf.h"
#include "os/file.h"

#include <stdio.h>
#include <sys/stat.h>

static const char *new_folder(struct ctx *c)
{
	char *path = arena_strdup(c->arena, "/tmp/nimbus-file-XXXXXX");
	assert_non_null(mkdtemp(path));
	return path;
}

static void what_is_written_is_read(void **state)
{
	struct ctx *c = *state;
	const char *folder = new_folder(c);
	const char *path = arena_fmt(c->arena, "%s/file", folder);
	struct str got;
	struct stat info;
	assert_ok(c, file_write(c, path, STR("one"), 0600));
	assert_ok(c, file_write(c, path, STR("second"), 0600));
	assert_ok(c, file_read(c, path, 6, &got));
	assert_true(str_is(got, "second"));
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_err(c, file_read(c, path, 5, &got), ERR_TOO_BIG);
	assert_int_equal(remove(path), 0);
	/* nothing else was left beside it */
	assert_int_equal(remove(folder), 0);
}

static void what_is_made_replaces_nothing(void **state)
{
	struct ctx *c = *state;
	const char *folder = new_folder(c);
	const char *path = arena_fmt(c->arena, "%s/file", folder);
	struct str got;
	struct stat info;
	assert_ok(c, file_make(c, path, STR("first"), 0600));
	assert_err(c, file_make(c, path, STR("other"), 0600), ERR_EXISTS);
	assert_ok(c, file_read(c, path, 10, &got));
	assert_str(got, "first");
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_int_equal(info.st_nlink, 1);
	assert_int_equal(remove(path), 0);
	assert_int_equal(remove(folder), 0);
}

static void what_is_not_there_says_so(void **state)
{
	struct ctx *c = *state;
	struct str got;
	assert_err(c, file_read(c, "/nowhere/at/all", 10, &got), ERR_NOT_FOUND);
	assert_err(c, file_write(c, "/nowhere/at/all", STR("x"), 0600), ERR_NOT_FOUND);
	assert_err(c, folder_sync(c, "/nowhere"), ERR_NOT_FOUND);
	assert_non_null(strstr(c->error.text, "/nowhere"));
}

static void folders_are_made_with_those_above(void **state)
{
	struct ctx *c = *state;
	const char *folder = new_folder(c);
	const char *deep = arena_fmt(c->arena, "%s/a/b/c", folder);
	struct stat info;
	assert_ok(c, folder_make(c, deep));
	assert_ok(c, folder_make(c, deep));
	assert_ok(c, folder_make(c, arena_fmt(c->arena, "%s/", deep)));
	assert_int_equal(stat(deep, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0700);
	const char *file = arena_fmt(c->arena, "%s/file", deep);
	assert_ok(c, file_write(c, file, STR(""), 0600));
	assert_err(c, folder_make(c, file), ERR_EXISTS);
	assert_int_equal(remove(file), 0);
	for (const char *const *up = (const char *[]){"/a/b/c", "/a/b", "/a", "", NULL}; *up; up++)
		assert_int_equal(remove(arena_fmt(c->arena, "%s%s", folder, *up)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_is_written_is_read),
		UNIT_TEST(what_is_made_replaces_nothing),
		UNIT_TEST(what_is_not_there_says_so),
		UNIT_TEST(folders_are_made_with_those_above),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "git/dotgit.h"

#include "unit.h"

static void git_is_git_in_every_disguise(void **state)
{
	(void)state;
	static const char *const yes[] = {".git", ".GIT", ".git.", ".git ", ".git . .", "git~1",
		"GIT~1", "git~1 .", ".git:stream", ".git\\x", "\xe2\x80\x8c.git",
		".gi\xe2\x80\xaat", ".git\xef\xbb\xbf"};
	static const char *const no[] = {"", "git", ".gi", ".gitx", ".git x", "git~2", "git~11",
		"x.git", "..git", ".gi\xe2\x80\x90t", "\xe2\x80"};
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
		if (!dotgit_is(str_of(yes[i])))
			fail_msg("\"%s\" passes", yes[i]);
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		if (dotgit_is(str_of(no[i])))
			fail_msg("\"%s\" does not pass", no[i]);
}

static void modules_and_attributes_have_short_names(void **state)
{
	(void)state;
	static const char *const modules[] = {".gitmodules", ".GITMODULES ", "gitmod~1",
		"GITMOD~4 .", "gi7eba~1", "gi7eb~10", "GI7E~123", "g~123456", ".gitmodules::$DATA"};
	static const char *const no[] = {"gitmodules", ".gitmodule", "gitmod~5", "gitmod~0",
		"gi7eba~0", "gi7ebb~1", "gi7eba~1x", "gi7eba~", ".gitmodulesx", "~1000000x"};
	for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
		if (!dotgit_is_modules(str_of(modules[i])))
			fail_msg("\"%s\" passes", modules[i]);
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		if (dotgit_is_modules(str_of(no[i])))
			fail_msg("\"%s\" does not pass", no[i]);
	assert_true(dotgit_is_attributes(STR(".gitattributes")));
	assert_true(dotgit_is_attributes(STR("gitatt~1")));
	assert_true(dotgit_is_attributes(STR("gi7d29~1")));
	assert_false(dotgit_is_attributes(STR(".gitmodules")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(git_is_git_in_every_disguise),
		UNIT_TEST(modules_and_attributes_have_short_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

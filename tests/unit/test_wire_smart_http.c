#include "wire/smart_http.h"

#include "unit.h"

static bool is_git(const char *path)
{
	struct http_exchange x = {.path = str_of(path)};
	return smart_http_is_git(&x);
}

static void gits_paths_are_known_with_and_without_the_suffix(void **state)
{
	(void)state;
	assert_true(is_git("/a.git/info/refs"));
	assert_true(is_git("/a/info/refs"));
	assert_true(is_git("/a.git/git-upload-pack"));
	assert_true(is_git("/a/git-receive-pack"));
	assert_true(is_git("/a.git/HEAD"));
	assert_true(is_git("/a.git/objects/info/packs"));
	assert_true(is_git("/a.git/objects/pack/pack-1.pack"));
}

static void other_paths_are_left_to_others(void **state)
{
	static const char *const paths[] = {"", "/", "/a", "/a.git", "/a/", "/a/info", "/a/HEAD",
		"/a/objects/x", "/a/tree/info/refs", "/a/info/refs/x", "/api/v1/repos", "//info/x",
		"a/info/refs"};
	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		if (is_git(paths[i]))
			fail_msg("\"%s\" was taken for git's", paths[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(gits_paths_are_known_with_and_without_the_suffix),
		UNIT_TEST(other_paths_are_left_to_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"

#include "base/buf.h"
#include "model/repo.h"

static void a_name_of_letters_digits_and_marks_is_fine(void **state)
{
	struct ctx *c = *state;
	static const char *const names[] = {
		"a", "Z", "7", "hello", "hello.world", "a-b_c.d", "git", "x.git.y", "news", "api2"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_ok(c, repo_name_check(c, str_of(names[i])));
	char longest[REPO_NAME_MAX + 1];
	memset(longest, 'a', sizeof longest);
	assert_ok(c, repo_name_check(c, str_from(longest, REPO_NAME_MAX)));
	assert_err(c, repo_name_check(c, str_from(longest, REPO_NAME_MAX + 1)), ERR_INVALID);
}

static void a_name_that_breaks_a_rule_is_refused(void **state)
{
	struct ctx *c = *state;
	static const char *const names[] = {"", ".", "..", ".a", "-a", "_a", "a.", "a..b", "a.git",
		"a.GIT", "a.lock", "a/b", "a b", "a\n", "a%2f", "\xc3\xa4", "a\\b", "a:b", "api",
		"API", "assets", "healthz", "readyz", "new", "sign-in", "favicon.ico"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_err(c, repo_name_check(c, str_of(names[i])), ERR_INVALID);
	assert_err(c, repo_name_check(c, str_from("a\0b", 3)), ERR_INVALID);
}

static void ref_names_follow_the_rules_of_git(void **state)
{
	struct ctx *c = *state;
	static const char *const good[] = {"refs/heads/main", "refs/tags/v1.0", "refs/heads/a/b/c",
		"refs/x", "refs/heads/@", "refs/heads/a@b", "refs/heads/\xc3\xa4",
		"refs/heads/\xff", "refs/heads/a.b", "refs/heads/{", "refs/notes/commits",
		"refs/heads/a.lockx"};
	static const char *const bad[] = {"", "refs", "refs/", "HEAD", "heads/main", "refs//a",
		"refs/heads/", "refs/heads/a//b", "refs/heads/.a", "refs/heads/a/.b",
		"refs/heads/a..b", "refs/heads/a.lock", "refs/heads/a.lock/b", "refs/heads/a.",
		"refs/heads/a b", "refs/heads/a~b", "refs/heads/a^", "refs/heads/a:b",
		"refs/heads/a?", "refs/heads/a*", "refs/heads/[", "refs/heads/a\\b",
		"refs/heads/a@{b", "refs/heads/a\x7f", "refs/heads/a\tb", "refs/heads/a\n"};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_ok(c, ref_name_check(c, str_of(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (ref_name_ok(str_of(bad[i])))
			fail_msg("\"%s\" passed for a ref name", bad[i]);
		assert_err(c, ref_name_check(c, str_of(bad[i])), ERR_INVALID);
	}
	assert_false(ref_name_ok(str_from("refs/heads/a\0b", 14)));
}

static void a_ref_name_has_a_greatest_length(void **state)
{
	(void)state;
	char name[REF_NAME_MAX + 2];
	memset(name, 'a', sizeof name);
	memcpy(name, "refs/heads/", 11);
	assert_true(ref_name_ok(str_from(name, REF_NAME_MAX)));
	assert_false(ref_name_ok(str_from(name, REF_NAME_MAX + 1)));
}

static void words_are_read_as_they_are_written(void **state)
{
	(void)state;
	enum visibility v;
	enum hash_algo algo;
	assert_true(visibility_parse(str_of(visibility_name(VISIBILITY_PUBLIC)), &v));
	assert_int_equal(v, VISIBILITY_PUBLIC);
	assert_true(visibility_parse(str_of(visibility_name(VISIBILITY_PRIVATE)), &v));
	assert_int_equal(v, VISIBILITY_PRIVATE);
	assert_false(visibility_parse(STR("Public"), &v));
	assert_true(object_format_parse(str_of(object_format_name(HASH_SHA1)), &algo));
	assert_int_equal(algo, HASH_SHA1);
	assert_true(object_format_parse(str_of(object_format_name(HASH_SHA256)), &algo));
	assert_int_equal(algo, HASH_SHA256);
	assert_false(object_format_parse(STR("md5"), &algo));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_name_of_letters_digits_and_marks_is_fine),
		UNIT_TEST(a_name_that_breaks_a_rule_is_refused),
		UNIT_TEST(ref_names_follow_the_rules_of_git),
		UNIT_TEST(a_ref_name_has_a_greatest_length),
		UNIT_TEST(words_are_read_as_they_are_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

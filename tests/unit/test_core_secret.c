#include "core/secret.h"

#include "unit.h"

static void secrets_are_long_and_never_the_same(void **state)
{
	struct ctx *c = *state;
	struct str a = secret_make(c), b = secret_make(c);
	assert_int_equal(a.len, SECRET_LEN);
	assert_int_equal(b.len, SECRET_LEN);
	assert_false(str_eq(a, b));
	assert_int_equal(secret_word(c, 24).len, 24);
	assert_false(str_eq(secret_word(c, 24), secret_word(c, 24)));
}

static void a_hash_is_of_its_label_too(void **state)
{
	char a[65], b[65], again[65];
	(void)state;
	secret_hash("one", STR("secret"), a);
	secret_hash("two", STR("secret"), b);
	secret_hash("one", STR("secret"), again);
	assert_string_equal(a, again);
	assert_string_not_equal(a, b);
	assert_int_equal(strlen(a), 64);
}

static void a_log_has_no_links_that_work(void **state)
{
	(void)state;
	assert_str(secret_hidden(STR("/sign-in/abc")), "/sign-in/");
	assert_str(secret_hidden(STR("/new-password/abc")), "/new-password/");
	assert_str(secret_hidden(STR("/invitation/abc?x=y")), "/invitation/");
	assert_str(secret_hidden(STR("/r.git/pack/1?signature=abc")), "/r.git/pack/1?");
	assert_str(secret_hidden(STR("/sign-in")), "/sign-in");
	assert_str(secret_hidden(STR("/r/tree/main")), "/r/tree/main");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(secrets_are_long_and_never_the_same),
		UNIT_TEST(a_hash_is_of_its_label_too),
		UNIT_TEST(a_log_has_no_links_that_work),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

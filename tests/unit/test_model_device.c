#include "model/device.h"

#include "unit.h"

static void what_people_type_is_read_in_any_case_and_with_any_dash(void **state)
{
	static const char *const good[] = {
		"BCDF-GHJK", "bcdfghjk", " bcdf ghjk ", "B-C-D-F-G-H-J-K"};
	static const char *const bad[] = {"", "BCDF-GHJ", "BCDF-GHJKL", "ACDF-GHJK", "BCDF-GHJ0",
		"BCDF_GHJK", "BCDF-GHJ\xc3\x84", "bcdf-ghji"};
	char code[USER_CODE_LEN];
	struct ctx *c = *state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_true(user_code_read(str_of(good[i]), code));
		assert_str(str_from(code, USER_CODE_LEN), "BCDFGHJK");
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(user_code_read(str_of(bad[i]), code));
	assert_false(user_code_read(str_from("BCDFGHJ\0", 8), code));
	assert_str(user_code_text(c->arena, STR("BCDFGHJK")), "BCDF-GHJK");
}

static void a_refresh_token_has_a_family_and_a_secret(void **state)
{
	struct ctx *c = *state;
	struct str family, secret;
	const char *name = "aaaaaaaaaabbbbbbbbbbcc",
		   *word = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg";
	struct str good = str_of(arena_fmt(c->arena, "nbr_%s%s", name, word));
	assert_true(refresh_token_read(good, &family, &secret));
	assert_str(family, name);
	assert_str(secret, word);
	assert_false(refresh_token_read(str_until(good, good.len - 1), &family, &secret));
	assert_false(refresh_token_read(str_from_index(good, 1), &family, &secret));
	assert_false(refresh_token_read(
		str_of(arena_fmt(c->arena, "nbr_%s%.42s-", name, word)), &family, &secret));
	assert_false(refresh_token_read(
		str_of(arena_fmt(c->arena, "nbs_%s%s", name, word)), &family, &secret));
}

static void a_redirection_leads_to_this_machine_alone(void **state)
{
	static const char *const good[] = {"http://127.0.0.1:4711/", "http://127.0.0.1/back?x=1",
		"http://[::1]:1/", "http://localhost:65535", "http://127.0.0.1"};
	static const char *const bad[] = {"https://127.0.0.1/", "http://127.0.0.1.example.org/",
		"http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://127.0.0.1:4711@evil/",
		"http://localhost:1/#x", "http://localhost:1/ x", "http://localhost:1/\n",
		"http://example.org/", "", "http://localhost:1/;", "http://localhostx/"};
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(redirect_is_loopback(str_of(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(redirect_is_loopback(str_of(bad[i])));
}

static void two_programs_are_known(void **state)
{
	(void)state;
	assert_non_null(device_client_name(STR("nimbus")));
	assert_non_null(device_client_name(STR("git-credential-oauth")));
	assert_null(device_client_name(STR("")));
	assert_null(device_client_name(STR("nimbus ")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_people_type_is_read_in_any_case_and_with_any_dash),
		UNIT_TEST(a_refresh_token_has_a_family_and_a_secret),
		UNIT_TEST(a_redirection_leads_to_this_machine_alone),
		UNIT_TEST(two_programs_are_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

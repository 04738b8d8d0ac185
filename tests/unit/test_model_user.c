#include "unit.h"

#include "model/event.h"
#include "model/token.h"
#include "model/user.h"

static void usernames_are_short_and_lower_case(void **state)
{
	struct ctx *c = *state;
	static const char *const good[] = {"a", "7", "anna", "anna-b_c.d", "x-"};
	static const char *const bad[] = {
		"", "Anna", "-a", ".a", "_a", "a b", "a/b", "a@b", "\xc3\xa4", "a\n"};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_ok(c, username_check(c, str_of(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_err(c, username_check(c, str_of(bad[i])), ERR_INVALID);
	char longest[USERNAME_MAX + 1];
	memset(longest, 'a', sizeof longest);
	assert_ok(c, username_check(c, str_from(longest, USERNAME_MAX)));
	assert_err(c, username_check(c, str_from(longest, USERNAME_MAX + 1)), ERR_INVALID);
}

static void a_password_has_a_length_and_is_no_token(void **state)
{
	struct ctx *c = *state;
	char longest[PASSWORD_MAX + 1];
	memset(longest, 'a', sizeof longest);
	assert_ok(c, password_check(c, STR("12345678")));
	assert_ok(c, password_check(c, str_from(longest, PASSWORD_MAX)));
	assert_err(c, password_check(c, STR("1234567")), ERR_INVALID);
	assert_err(c, password_check(c, str_from(longest, PASSWORD_MAX + 1)), ERR_INVALID);
	assert_err(c, password_check(c, str_from("1234\0005678", 9)), ERR_INVALID);
	assert_err(c, password_check(c, STR(TOKEN_PREFIX "12345678")), ERR_INVALID);
}

static void a_password_is_counted_in_characters(void **state)
{
	struct ctx *c = *state;
	assert_err(c, password_check(c, STR("\xd0\xbf\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c")),
		ERR_INVALID);
	assert_ok(c, password_check(c, STR("\xd0\xbf\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c 1")));
	assert_ok(c, password_check(c, STR("\xff\xff\xff\xff\xff\xff\xff\xff")));
}

static void permissions_are_read_as_they_are_written(void **state)
{
	(void)state;
	for (int p = PERMISSION_NONE; p <= PERMISSION_ADMIN; p++) {
		enum permission back;
		assert_true(permission_parse(str_of(permission_name((enum permission)p)), &back));
		assert_int_equal(back, p);
	}
	enum permission none;
	assert_false(permission_parse(STR("owner"), &none));
	assert_false(permission_parse(STR(""), &none));
}

static void every_event_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int type = 0; type < EVENT_COUNT; type++) {
		enum event_type back;
		assert_true(
			event_type_parse(str_of(event_type_name((enum event_type)type)), &back));
		assert_int_equal(back, type);
		assert_true(event_type_text((enum event_type)type)[0] != 0);
	}
	enum event_type none;
	assert_false(event_type_parse(STR("repository"), &none));
}

static void what_a_webhook_can_be_told_is_of_a_repository_that_is_there(void **state)
{
	(void)state;
	for (int type = 0; type < EVENT_COUNT; type++)
		if (event_is_for((enum event_type)type, PERMISSION_READ))
			assert_int_equal(event_is_of_repository((enum event_type)type),
				type != EVENT_REPOSITORY_CREATED &&
					type != EVENT_REPOSITORY_PURGED);
	assert_true(event_is_of_repository(EVENT_RULE_CHANGED));
	assert_false(event_is_of_repository(EVENT_WEBHOOK_PING));
	assert_false(event_is_of_repository(EVENT_TOKEN_CREATED));
}

static void a_username_is_derived_from_whatever_is_said(void **state)
{
	struct ctx *c = *state;
	static const char *const rows[][2] = {
		{"ada", "ada"},
		{"Ada.Lovelace@example.org", "ada.lovelace"},
		{"Ada  Lovelace", "ada-lovelace"},
		{"CORP\\ada", "corp-ada"},
		{"-._ada-._", "ada"},
		{"a--b..c", "a-b.c"},
		{"Zo\xc3\xab", "zo"},
		{"\xe5\xb1\xb1\xe7\x94\xb0", "user"},
		{"@example.org", "user"},
		{"../../etc", "etc"},
		{"a\nb", "a-b"},
		{"", "user"},
		{"abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijklmnopqrstuvwxyz0123"},
		{"abcdefghijklmnopqrstuvwxyz012-3456", "abcdefghijklmnopqrstuvwxyz012"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str name = username_derive(c->arena, str_of(rows[i][0]));
		assert_str(name, rows[i][1]);
		assert_ok(c, username_check(c, name));
		assert_true(name.len <= USERNAME_DERIVED_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(usernames_are_short_and_lower_case),
		UNIT_TEST(a_username_is_derived_from_whatever_is_said),
		UNIT_TEST(a_password_has_a_length_and_is_no_token),
		UNIT_TEST(a_password_is_counted_in_characters),
		UNIT_TEST(permissions_are_read_as_they_are_written),
		UNIT_TEST(every_event_has_a_name_of_its_own),
		UNIT_TEST(what_a_webhook_can_be_told_is_of_a_repository_that_is_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "core_house.h"

static enum err make(struct ctx *c, const struct actor *who, const struct token_new *what,
	struct token *token, struct actor *by_token)
{
	struct str secret;
	TRY(token_create(c, core_of(c), who, what, token, &secret));
	assert_true(str_starts(secret, STR(TOKEN_PREFIX)));
	assert_int_equal(secret.len, strlen(TOKEN_PREFIX) + 43);
	struct credential cred = {CREDENTIAL_TOKEN, {0}, secret};
	return login_credential(c, core_of(c), &cred, STR(""), by_token);
}

static void a_token_is_its_owner_up_to_its_limit(void **state)
{
	struct ctx *c = *state;
	struct token token;
	struct actor by;
	struct token_new what = {STR("ci"), PERMISSION_READ, 60};
	assert_ok(c, make(c, &house_of(c)->owner, &what, &token, &by));
	assert_true(by.owner);
	assert_int_equal(by.limit, PERMISSION_READ);
	house_repo(c, "r", VISIBILITY_PRIVATE);
	struct repo repo;
	struct repo_new new = {.name = STR("x")};
	assert_ok(c, repo_get(c, core_of(c), &by, STR("r"), &repo, NULL));
	assert_err(c, repo_create(c, core_of(c), &by, &new, &repo), ERR_DENIED);
	assert_err(c, repo_delete(c, core_of(c), &by, STR("r"), NULL), ERR_DENIED);
	assert_err(c,
		collaborator_set_password(c, core_of(c), &by, STR("owner"), STR("battery staple")),
		ERR_DENIED);
}

static void a_token_below_admin_makes_no_tokens(void **state)
{
	struct ctx *c = *state;
	struct token token, *list;
	struct actor by, anonymous = ACTOR_ANONYMOUS;
	size_t count;
	struct token_new what = {STR("ci"), PERMISSION_WRITE, 0};
	assert_ok(c, make(c, &house_of(c)->owner, &what, &token, &by));
	assert_err(c, make(c, &by, &what, &token, &by), ERR_DENIED);
	assert_err(c, token_list(c, core_of(c), &by, &list, &count), ERR_DENIED);
	assert_err(c, token_revoke(c, core_of(c), &by, token.id), ERR_DENIED);
	assert_err(c, make(c, &anonymous, &what, &token, &by), ERR_UNAUTH);
}

static void a_tokens_child_does_not_outlive_it(void **state)
{
	struct ctx *c = *state;
	struct token parent, child;
	struct actor by, by_child;
	struct token_new hour = {STR("hour"), PERMISSION_ADMIN, 3600};
	struct token_new ever = {STR("ever"), PERMISSION_ADMIN, 0};
	struct token_new minute = {STR("minute"), PERMISSION_ADMIN, 60};
	assert_ok(c, make(c, &house_of(c)->owner, &hour, &parent, &by));
	assert_ok(c, make(c, &by, &ever, &child, &by_child));
	assert_int_equal(child.expires, parent.expires);
	assert_ok(c, make(c, &by, &minute, &child, &by_child));
	assert_true(child.expires < parent.expires);
}

static void odd_wishes_are_refused(void **state)
{
	struct ctx *c = *state;
	struct token token;
	struct actor by;
	char long_name[TOKEN_NAME_MAX + 1];
	memset(long_name, 'a', sizeof long_name);
	const struct token_new bad[] = {
		{STR(""), PERMISSION_READ, 0},
		{str_from(long_name, sizeof long_name), PERMISSION_READ, 0},
		{STR("a\nb"), PERMISSION_READ, 0},
		{STR("\xff"), PERMISSION_READ, 0},
		{STR("a"), PERMISSION_NONE, 0},
		{STR("a"), (enum permission)4, 0},
		{STR("a"), PERMISSION_READ, -1},
		{STR("a"), PERMISSION_READ, INT64_MAX},
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_err(c, make(c, &house_of(c)->owner, &bad[i], &token, &by), ERR_INVALID);
}

static void one_sees_and_revokes_ones_own_alone(void **state)
{
	struct ctx *c = *state;
	struct actor anna = house_person(c, "anna"), by;
	struct token hers, first, second, *list;
	size_t count;
	struct token_new what = {STR("t"), PERMISSION_READ, 0};
	assert_ok(c, make(c, &anna, &what, &hers, &by));
	assert_ok(c, make(c, &house_of(c)->owner, &what, &first, &by));
	assert_ok(c, make(c, &house_of(c)->owner, &what, &second, &by));
	assert_ok(c, token_list(c, core_of(c), &house_of(c)->owner, &list, &count));
	assert_int_equal(count, 2);
	assert_int_equal(list[0].id, second.id);
	assert_err(c, token_revoke(c, core_of(c), &house_of(c)->owner, hers.id), ERR_NOT_FOUND);
	assert_err(c, token_revoke(c, core_of(c), &anna, first.id), ERR_NOT_FOUND);
	assert_ok(c, token_revoke(c, core_of(c), &anna, hers.id));
	assert_err(c, token_revoke(c, core_of(c), &anna, hers.id), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(a_token_is_its_owner_up_to_its_limit),
		HOUSE_TEST(a_token_below_admin_makes_no_tokens),
		HOUSE_TEST(a_tokens_child_does_not_outlive_it),
		HOUSE_TEST(odd_wishes_are_refused),
		HOUSE_TEST(one_sees_and_revokes_ones_own_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

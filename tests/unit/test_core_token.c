#include "core_house.h"

#include "model/token.h"

static enum err make(struct ctx *c, const struct actor *who, const struct token_new *what,
	struct token *token, struct actor *by_token)
{
	struct str secret;
	TRY(token_create(c, core_of(c), who, what, token, &secret));
	assert_true(token_text_ok(secret));
	assert_int_equal(secret.len, strlen(TOKEN_PREFIX) + TOKEN_RANDOM + TOKEN_CHECKSUM);
	struct credential cred = {CREDENTIAL_TOKEN, {0}, secret};
	return login_credential(c, core_of(c), &cred, STR(""), by_token);
}

static void a_token_is_its_owner_up_to_its_limit(void **state)
{
	struct ctx *c = *state;
	struct token token;
	struct actor by;
	struct token_new what = {.name = STR("ci"), .limit = PERMISSION_READ, .seconds = 60};
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
	struct token_new what = {.name = STR("ci"), .limit = PERMISSION_WRITE, .seconds = 0};
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
	struct token_new hour = {.name = STR("hour"), .limit = PERMISSION_ADMIN, .seconds = 3600};
	struct token_new ever = {.name = STR("ever"), .limit = PERMISSION_ADMIN, .seconds = 0};
	struct token_new minute = {.name = STR("minute"), .limit = PERMISSION_ADMIN, .seconds = 60};
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
		{.name = STR(""), .limit = PERMISSION_READ},
		{.name = str_from(long_name, sizeof long_name), .limit = PERMISSION_READ},
		{.name = STR("a\nb"), .limit = PERMISSION_READ},
		{.name = STR("\xff"), .limit = PERMISSION_READ},
		{.name = STR("a"), .limit = PERMISSION_NONE},
		{.name = STR("a"), .limit = (enum permission)4},
		{.name = STR("a"), .limit = PERMISSION_READ, .seconds = -1},
		{.name = STR("a"), .limit = PERMISSION_READ, .seconds = INT64_MAX},
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
	struct token_new what = {.name = STR("t"), .limit = PERMISSION_READ, .seconds = 0};
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

static void a_token_that_is_not_as_it_was_seen_is_left(void **state)
{
	struct ctx *c = *state;
	struct actor anna = house_person(c, "anna"), by;
	struct token made, *list;
	size_t count;
	const struct token_new what = {.name = STR("t"), .limit = PERMISSION_READ};
	assert_ok(c, make(c, &anna, &what, &made, &by));
	assert_ok(c, token_list(c, core_of(c), &anna, &list, &count));
	struct token seen = list[0];
	struct expected expected = {.token = &seen};
	seen.used++;
	assert_err(c, token_revoke_seen(c, core_of(c), &anna, made.id, &expected), ERR_CONFLICT);
	assert_true(expected.changed);
	seen.used--;
	assert_ok(c, token_revoke_seen(c, core_of(c), &anna, made.id, &expected));
	assert_err(c, token_revoke_seen(c, core_of(c), &anna, made.id, &expected), ERR_CONFLICT);
}

static struct scope scope_of(struct ctx *c, const char *text)
{
	struct scope scope;
	assert_ok(c, scope_parse(c, str_of(text), &scope));
	return scope;
}

static void check_scope(struct ctx *c, const struct scope *scope, const char *text)
{
	assert_non_null(scope);
	assert_str(scope_text(c->arena, scope), text);
}

#define LIMITS                                                                        \
	"{\"repositories\":[\"team-*\"],\"refs\":[\"agent-*\"],\"paths\":[\"docs\"]," \
	"\"operations\":[\"repository.fetch\",\"account.change\"],\"bytes\":1000}"

static void a_key_is_limited_as_it_was_made(void **state)
{
	struct ctx *c = *state;
	struct token token, *list;
	struct actor by;
	size_t count;
	struct token_new what = {
		.name = STR("agent"), .limit = PERMISSION_ADMIN, .scope = scope_of(c, LIMITS)};
	assert_ok(c, make(c, &house_of(c)->owner, &what, &token, &by));
	check_scope(c, by.scope, LIMITS);
	assert_ok(c, token_list(c, core_of(c), &house_of(c)->owner, &list, &count));
	check_scope(c, &list[0].scope, LIMITS);
	assert_int_equal(list[0].spent, 0);
}

/* The second time it is known from memory. */
static void a_limited_key_is_limited_each_time(void **state)
{
	struct ctx *c = *state;
	struct token token;
	struct str secret;
	struct actor by;
	struct token_new what = {
		.name = STR("agent"), .limit = PERMISSION_ADMIN, .scope = scope_of(c, LIMITS)};
	assert_ok(c, token_create(c, core_of(c), &house_of(c)->owner, &what, &token, &secret));
	for (int i = 0; i < 3; i++) {
		struct credential cred = {CREDENTIAL_TOKEN, {0}, secret};
		assert_ok(c, login_credential(c, core_of(c), &cred, STR(""), &by));
		check_scope(c, by.scope, LIMITS);
	}
}

static void a_limited_key_makes_what_is_limited_as_it_is(void **state)
{
	struct ctx *c = *state;
	struct token token;
	struct actor plain, manager, spender, child;
	struct token_new what = {.name = STR("t"), .limit = PERMISSION_ADMIN};
	struct token_new all = what, wide = what;
	what.scope = scope_of(c, "{\"repositories\":[\"a\"]}");
	assert_ok(c, make(c, &house_of(c)->owner, &what, &token, &plain));
	assert_err(c, make(c, &plain, &all, &token, &child), ERR_DENIED);

	static const char manages[] = "{\"operations\":[\"account.change\"]}";
	what.scope = scope_of(c, manages);
	assert_ok(c, make(c, &house_of(c)->owner, &what, &token, &manager));
	assert_ok(c, make(c, &manager, &all, &token, &child));
	check_scope(c, child.scope, manages);
	wide.scope = scope_of(c, "{\"operations\":[\"instance.admin\"]}");
	assert_err(c, make(c, &manager, &wide, &token, &child), ERR_DENIED);

	what.scope = scope_of(c, "{\"operations\":[\"account.change\"],\"bytes\":10}");
	assert_ok(c, make(c, &house_of(c)->owner, &what, &token, &spender));
	assert_err(c, make(c, &spender, &all, &token, &child), ERR_DENIED);
}

/* As an older version would find what a newer one has written. */
static void a_key_whose_limits_cannot_be_read_is_no_key(void **state)
{
	struct ctx *c = *state;
	struct token token;
	struct actor by;
	struct str secret;
	DB_TX *tx = NULL;
	struct token_new what = {.name = STR("t"), .limit = PERMISSION_ADMIN};
	assert_ok(c, token_create(c, core_of(c), &house_of(c)->owner, &what, &token, &secret));
	assert_ok(c, db_begin(c, core_of(c)->db, DB_WRITE, &tx));
	assert_ok(c, db_run(c, tx, "UPDATE token SET scope = '{\"new\":1}'", NULL, 0, NULL));
	assert_ok(c, db_commit(c, &tx));
	struct credential cred = {CREDENTIAL_TOKEN, {0}, secret};
	assert_err(c, login_credential(c, core_of(c), &cred, STR(""), &by), ERR_DAMAGED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(a_token_is_its_owner_up_to_its_limit),
		HOUSE_TEST(a_token_below_admin_makes_no_tokens),
		HOUSE_TEST(a_tokens_child_does_not_outlive_it),
		HOUSE_TEST(odd_wishes_are_refused),
		HOUSE_TEST(one_sees_and_revokes_ones_own_alone),
		HOUSE_TEST(a_token_that_is_not_as_it_was_seen_is_left),
		HOUSE_TEST(a_key_is_limited_as_it_was_made),
		HOUSE_TEST(a_limited_key_is_limited_each_time),
		HOUSE_TEST(a_limited_key_makes_what_is_limited_as_it_is),
		HOUSE_TEST(a_key_whose_limits_cannot_be_read_is_no_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

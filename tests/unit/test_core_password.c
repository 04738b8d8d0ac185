#include "core_house.h"

#include "core/password.h"

static const char good[] = "gravel-otter-ninety-lamp";

static enum err prove(struct ctx *c, const char *name, const char *password, struct actor *who)
{
	struct credential cred = {CREDENTIAL_PASSWORD, str_of(name), str_of(password)};
	return login_credential(c, core_of(c), &cred, STR("10.0.0.1"), who);
}

static enum err change(
	struct ctx *c, const struct actor *who, const char *current, const char *fresh)
{
	const struct password_change what = {
		.current = str_of(current), .fresh = str_of(fresh), .peer = STR("10.0.0.1")};
	return password_change(c, core_of(c), who, &what);
}

static void one_that_is_easy_to_guess_is_refused_with_what_to_do(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor *owner = &house_of(c)->owner;
	struct user user;
	core->strength = strength_zxcvbn_open();
	assert_err(c, password_judge(c, core, STR("short"), STR("anna")), ERR_INVALID);
	assert_err(c, password_judge(c, core, STR("password1"), STR("anna")), ERR_INVALID);
	assert_non_null(strstr(c->error.text, "Take four or more words"));
	assert_err(c, password_judge(c, core, STR("nimbus-anna"), STR("anna")), ERR_INVALID);
	assert_ok(c, password_judge(c, core, str_of(good), STR("anna")));
	assert_err(c, collaborator_create(c, core, owner, STR("anna"), STR("password1"), &user),
		ERR_INVALID);
	assert_ok(c, collaborator_create(c, core, owner, STR("anna"), str_of(good), &user));
	assert_err(c, collaborator_set_password(c, core, owner, STR("anna"), STR("password1")),
		ERR_INVALID);
	assert_err(c, change(c, owner, "correct horse", "password1"), ERR_INVALID);
	strength_close(core->strength);
	core->strength = NULL;
}

static void ones_own_is_changed_by_who_knows_it(void **state)
{
	struct ctx *c = *state;
	struct actor *owner = &house_of(c)->owner, who;
	struct session s = house_session(c, owner);
	assert_err(c, change(c, owner, "wrong", good), ERR_UNAUTH);
	assert_string_equal(c->error.text, "that is not the password you have");
	assert_err(c, change(c, owner, "", good), ERR_UNAUTH);
	assert_ok(c, change(c, owner, "correct horse", good));
	assert_err(c, session_get(c, core_of(c), s.cookie, &s), ERR_UNAUTH);
	assert_err(c, prove(c, "owner", "correct horse", &who), ERR_UNAUTH);
	assert_ok(c, prove(c, "owner", good, &who));
	/* Who was proven before is not any more. */
	assert_err(c, change(c, owner, good, "another good one"), ERR_UNAUTH);
	const struct password_change proven = {.proven = true, .fresh = STR("another good one")};
	assert_ok(c, password_change(c, core_of(c), &who, &proven));
}

static void guessing_the_current_one_is_counted(void **state)
{
	struct ctx *c = *state;
	struct actor *owner = &house_of(c)->owner;
	for (int i = 0; i < 10; i++)
		assert_err(c, change(c, owner, "wrong", good), ERR_UNAUTH);
	assert_err(c, change(c, owner, "correct horse", good), ERR_RATE_LIMITED);
}

static void a_token_in_place_of_the_current_one_is_refused(void **state)
{
	struct ctx *c = *state;
	struct token token;
	struct str secret;
	const struct token_new what = {.name = STR("t"), .limit = PERMISSION_ADMIN};
	struct actor *owner = &house_of(c)->owner, small;
	assert_ok(c, token_create(c, core_of(c), owner, &what, &token, &secret));
	assert_err(c, change(c, owner, str_dup(c->arena, secret), good), ERR_UNAUTH);
	small = house_token(c, owner, PERMISSION_WRITE, NULL);
	assert_err(c, change(c, &small, "correct horse", good), ERR_DENIED);
}

static void a_reset_takes_the_old_one_away_at_once(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor *owner = &house_of(c)->owner, who;
	struct user user;
	struct str secret, later, name;
	assert_ok(c, collaborator_create(c, core, owner, STR("anna"), str_of(good), &user));
	struct actor anna = meta_user_actor(&user);
	struct session s = house_session(c, &anna);
	assert_ok(c, password_reset(c, core, owner, STR("anna"), 600, &secret));
	assert_err(c, prove(c, "anna", good, &who), ERR_UNAUTH);
	assert_err(c, session_get(c, core, s.cookie, &s), ERR_UNAUTH);
	/* It signs nobody in by itself. */
	assert_err(c, login_link_take(c, core, secret, &who), ERR_UNAUTH);
	assert_ok(c, password_reset_whose(c, core, secret, &name));
	assert_str(name, "anna");
	/* A later one ends it. */
	assert_ok(c, password_reset(c, core, owner, STR("anna"), 600, &later));
	assert_err(
		c, password_reset_take(c, core, secret, STR("a new password"), &who), ERR_UNAUTH);
	assert_err(c, password_reset_take(c, core, later, STR("short"), &who), ERR_INVALID);
	assert_ok(c, password_reset_take(c, core, later, STR("a new password"), &who));
	assert_str(who.username, "anna");
	house_session(c, &who);
	assert_ok(c, prove(c, "anna", "a new password", &who));
	assert_err(c, password_reset_take(c, core, later, STR("a new password"), &who), ERR_UNAUTH);
}

static void a_reset_is_the_owners_and_ends_in_time(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor *owner = &house_of(c)->owner, anna = house_person(c, "anna"), who;
	struct actor key = house_token(c, owner, PERMISSION_ADMIN, NULL);
	struct str secret;
	assert_err(c, password_reset(c, core, &anna, STR("owner"), 600, &secret), ERR_DENIED);
	/* A key must not become the owner in person. */
	assert_err(c, password_reset(c, core, &key, STR("owner"), 600, &secret), ERR_DENIED);
	assert_non_null(strstr(c->error.text, "a key cannot reset the owner's password"));
	assert_ok(c, password_reset(c, core, &key, STR("anna"), 600, &secret));
	assert_err(c, password_reset(c, core, owner, STR("nobody"), 600, &secret), ERR_NOT_FOUND);
	assert_ok(c, prove(c, "owner", "correct horse", &who));
	assert_ok(c, password_reset(c, core, owner, STR("anna"), 600, &secret));
	house_moved += 600 * 1000000LL;
	assert_err(c, password_reset_whose(c, core, secret, &secret), ERR_UNAUTH);
	assert_err(c, password_reset_take(c, core, secret, str_of(good), &who), ERR_UNAUTH);
}

static void a_key_sets_no_first_password(void **state)
{
	struct ctx *c = *state;
	struct actor anna = house_person(c, "anna"), *owner = &house_of(c)->owner, who;
	struct actor key = house_token(c, &anna, PERMISSION_ADMIN, NULL);
	assert_err(c, change(c, &key, "", good), ERR_DENIED);
	assert_non_null(strstr(c->error.text, "a key cannot choose the first password"));
	assert_err(c, prove(c, "anna", good, &who), ERR_UNAUTH);
	assert_ok(c, change(c, &anna, "", good));
	assert_ok(c, prove(c, "anna", good, &who));
	/* With the one before, it is no more than what whoever knows that may do. */
	key = house_token(c, owner, PERMISSION_ADMIN, NULL);
	assert_err(c, change(c, &key, "wrong", good), ERR_UNAUTH);
	const struct password_change proven = {.proven = true, .fresh = str_of(good)};
	assert_err(c, password_change(c, core_of(c), &key, &proven), ERR_UNAUTH);
	assert_ok(c, change(c, &key, "correct horse", good));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(one_that_is_easy_to_guess_is_refused_with_what_to_do),
		HOUSE_TEST(ones_own_is_changed_by_who_knows_it),
		HOUSE_TEST(guessing_the_current_one_is_counted),
		HOUSE_TEST(a_token_in_place_of_the_current_one_is_refused),
		HOUSE_TEST(a_reset_takes_the_old_one_away_at_once),
		HOUSE_TEST(a_reset_is_the_owners_and_ends_in_time),
		HOUSE_TEST(a_key_sets_no_first_password),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

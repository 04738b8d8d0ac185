#include "core_house.h"

static void only_the_owner_manages_people(void **state)
{
	struct ctx *c = *state;
	struct actor anna = house_person(c, "anna"), anonymous = ACTOR_ANONYMOUS;
	struct user user, *list;
	size_t count;
	struct str none = {0};
	assert_err(c, collaborator_create(c, core_of(c), &anna, STR("b"), none, &user), ERR_DENIED);
	assert_err(c, collaborator_create(c, core_of(c), &anonymous, STR("b"), none, &user),
		ERR_UNAUTH);
	assert_err(c, collaborator_list(c, core_of(c), &anna, &list, &count), ERR_DENIED);
	assert_err(c, collaborator_remove(c, core_of(c), &anna, STR("anna")), ERR_DENIED);
	assert_err(c,
		collaborator_set_password(
			c, core_of(c), &anna, STR("owner"), STR("battery staple")),
		ERR_DENIED);
}

static void people_come_and_go(void **state)
{
	struct ctx *c = *state;
	struct actor *owner = &house_of(c)->owner, who;
	struct user user, *list;
	size_t count;
	assert_ok(c, collaborator_create(
			     c, core_of(c), owner, STR("bob"), STR("battery staple"), &user));
	assert_true(user.has_password);
	assert_err(c, collaborator_create(c, core_of(c), owner, STR("bob"), STR(""), &user),
		ERR_EXISTS);
	assert_err(c, collaborator_create(c, core_of(c), owner, STR("owner"), STR(""), &user),
		ERR_EXISTS);
	assert_err(c, collaborator_create(c, core_of(c), owner, STR("Bob"), STR(""), &user),
		ERR_INVALID);
	assert_err(c, collaborator_create(c, core_of(c), owner, STR("c"), STR("short"), &user),
		ERR_INVALID);
	struct credential cred = {CREDENTIAL_PASSWORD, STR("bob"), STR("battery staple")};
	assert_ok(c, login_credential(c, core_of(c), &cred, STR(""), &who));
	assert_false(who.owner);
	assert_ok(c, collaborator_list(c, core_of(c), owner, &list, &count));
	assert_int_equal(count, 2);
	assert_str(list[0].username, "bob");
	assert_true(list[1].owner);
	assert_err(c, collaborator_remove(c, core_of(c), owner, STR("owner")), ERR_INVALID);
	assert_err(c, collaborator_remove(c, core_of(c), owner, STR("nobody")), ERR_NOT_FOUND);
	assert_err(c, collaborator_remove(c, core_of(c), owner, STR("../x")), ERR_NOT_FOUND);
	assert_ok(c, collaborator_remove(c, core_of(c), owner, STR("bob")));
	assert_err(c, login_credential(c, core_of(c), &cred, STR(""), &who), ERR_UNAUTH);
}

static void who_is_not_as_they_were_seen_is_left(void **state)
{
	struct ctx *c = *state;
	struct actor *owner = &house_of(c)->owner;
	struct core *core = core_of(c);
	struct str name = STR("anna"), word = STR("battery staple");
	struct user seen, *list;
	size_t count;
	house_person(c, "anna");
	assert_ok(c, collaborator_list(c, core, owner, &list, &count));
	seen = list[0];
	struct expected expected = {.user = &seen};
	int64_t later = c->world->clock() / 1000000 + 3600;
	assert_ok(c, collaborator_set_expires_seen(c, core, owner, name, later, &expected));
	assert_err(
		c, collaborator_set_expires_seen(c, core, owner, name, 0, &expected), ERR_CONFLICT);
	assert_true(expected.changed);
	seen.expires = later;
	expected.changed = false;
	assert_ok(c, collaborator_set_password_seen(c, core, owner, name, word, &expected));
	assert_err(c, collaborator_set_password_seen(c, core, owner, name, word, &expected),
		ERR_CONFLICT);
	assert_err(c, collaborator_remove_seen(c, core, owner, name, &expected), ERR_CONFLICT);
	assert_true(expected.changed);
	assert_ok(c, collaborator_list(c, core, owner, &list, &count));
	seen = list[0];
	assert_ok(c, collaborator_remove_seen(c, core, owner, name, &expected));
}

static void a_name_that_comes_again_is_somebody_new(void **state)
{
	struct ctx *c = *state;
	struct actor *owner = &house_of(c)->owner;
	house_repo(c, "r", VISIBILITY_PRIVATE);
	struct actor first = house_person(c, "anna");
	struct permission_on on = {STR("r"), STR("anna")};
	struct repo repo;
	assert_ok(c, permission_put(c, core_of(c), owner, &on, PERMISSION_ADMIN, 0));
	assert_ok(c, collaborator_remove(c, core_of(c), owner, STR("anna")));
	struct actor second = house_person(c, "anna");
	assert_int_not_equal(first.user_id, second.user_id);
	assert_err(c, repo_get(c, core_of(c), &second, STR("r"), &repo, NULL), ERR_NOT_FOUND);
	assert_err(c, repo_get(c, core_of(c), &first, STR("r"), &repo, NULL), ERR_UNAUTH);
}

static void permissions_are_the_admins_to_give(void **state)
{
	struct ctx *c = *state;
	struct actor *owner = &house_of(c)->owner;
	struct actor anna = house_person(c, "anna"), bob = house_person(c, "bob");
	struct actor carl = house_person(c, "carl");
	struct permission_row *rows;
	size_t count;
	house_repo(c, "r", VISIBILITY_PRIVATE);
	struct permission_on for_anna = {STR("r"), STR("anna")}, for_bob = {STR("r"), STR("bob")};
	struct permission_on nobody = {STR("r"), STR("nobody")}, master = {STR("r"), STR("owner")};
	assert_ok(c, permission_put(c, core_of(c), owner, &for_anna, PERMISSION_ADMIN, 0));
	assert_ok(c, permission_put(c, core_of(c), &anna, &for_bob, PERMISSION_WRITE, 0));
	assert_err(
		c, permission_put(c, core_of(c), &bob, &for_bob, PERMISSION_ADMIN, 0), ERR_DENIED);
	assert_err(c, permission_put(c, core_of(c), &carl, &for_bob, PERMISSION_ADMIN, 0),
		ERR_NOT_FOUND);
	assert_err(c, permission_put(c, core_of(c), &anna, &nobody, PERMISSION_READ, 0),
		ERR_NOT_FOUND);
	assert_err(
		c, permission_put(c, core_of(c), &anna, &master, PERMISSION_READ, 0), ERR_INVALID);
	assert_err(
		c, permission_put(c, core_of(c), &anna, &for_bob, PERMISSION_NONE, 0), ERR_INVALID);
	assert_err(c, permission_list(c, core_of(c), &bob, STR("r"), &rows, &count), ERR_DENIED);
	assert_ok(c, permission_list(c, core_of(c), &anna, STR("r"), &rows, &count));
	assert_int_equal(count, 2);
	assert_str(rows[1].username, "bob");
	assert_int_equal(rows[1].level, PERMISSION_WRITE);
	assert_ok(c, permission_delete(c, core_of(c), &anna, &for_bob));
	assert_err(c, permission_delete(c, core_of(c), &anna, &for_bob), ERR_NOT_FOUND);
	struct repo repo;
	assert_err(c, repo_get(c, core_of(c), &bob, STR("r"), &repo, NULL), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(only_the_owner_manages_people),
		HOUSE_TEST(people_come_and_go),
		HOUSE_TEST(who_is_not_as_they_were_seen_is_left),
		HOUSE_TEST(a_name_that_comes_again_is_somebody_new),
		HOUSE_TEST(permissions_are_the_admins_to_give),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

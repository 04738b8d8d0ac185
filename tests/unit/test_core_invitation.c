#include "core_house.h"

#include "core/invitation.h"

static const char good[] = "gravel-otter-ninety-lamp";

static enum err invite(struct ctx *c, const struct actor *who, const char *username,
	struct invitation *out, struct str *secret)
{
	const struct invitation_new what = {.username = str_of(username), .seconds = 600};
	return invitation_create(c, core_of(c), who, &what, out, secret);
}

static enum err accept(struct ctx *c, struct str secret, const char *username, const char *password)
{
	struct actor who;
	return invitation_accept(c, core_of(c), secret, str_of(username), str_of(password), &who);
}

static void a_guest_makes_an_account_once(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct invitation made, seen, *list;
	struct str secret;
	size_t count;
	struct actor who, *owner = &house_of(c)->owner;
	assert_ok(c, invite(c, owner, "", &made, &secret));
	assert_int_equal(made.expires - made.created, 600);
	assert_ok(c, invitation_look(c, core, secret, &seen));
	assert_int_equal(seen.id, made.id);
	assert_err(c, invitation_look(c, core, STR("wrong"), &seen), ERR_UNAUTH);
	/* What can be put right leaves the link. */
	assert_err(c, accept(c, secret, "Bad Name", good), ERR_INVALID);
	assert_err(c, accept(c, secret, "anna", "short"), ERR_INVALID);
	assert_err(c, accept(c, secret, "owner", good), ERR_EXISTS);
	assert_ok(c, invitation_accept(c, core, secret, STR("anna"), str_of(good), &who));
	assert_str(who.username, "anna");
	assert_false(who.owner);
	house_session(c, &who);
	assert_err(c, accept(c, secret, "ben", good), ERR_UNAUTH);
	assert_ok(c, invitation_list(c, core, owner, &list, &count));
	assert_int_equal(count, 0);
}

static void it_gives_what_it_promised(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor *owner = &house_of(c)->owner, who;
	struct invitation made;
	struct str secret;
	struct permission_row *rows;
	size_t count;
	struct repo gone = house_repo(c, "gone", VISIBILITY_PRIVATE);
	house_repo(c, "kept", VISIBILITY_PRIVATE);
	struct invitation_grant grants[] = {{.repo = STR("kept"), .level = PERMISSION_WRITE},
		{.repo = gone.name, .level = PERMISSION_READ}};
	struct invitation_new what = {.seconds = 600, .grants = grants, .grant_count = 2};
	assert_ok(c, invitation_create(c, core, owner, &what, &made, &secret));
	assert_ok(c, repo_delete(c, core, owner, STR("gone"), NULL));
	assert_ok(c, invitation_accept(c, core, secret, STR("anna"), str_of(good), &who));
	assert_ok(c, permission_list(c, core, owner, STR("kept"), &rows, &count));
	assert_int_equal(count, 1);
	assert_str(rows[0].username, "anna");
	assert_int_equal(rows[0].level, PERMISSION_WRITE);
	grants[1] = grants[0];
	assert_err(c, invitation_create(c, core, owner, &what, &made, &secret), ERR_INVALID);
	grants[1].repo = STR("nothing");
	assert_err(c, invitation_create(c, core, owner, &what, &made, &secret), ERR_NOT_FOUND);
	grants[1].level = PERMISSION_NONE;
	assert_err(c, invitation_create(c, core, owner, &what, &made, &secret), ERR_INVALID);
}

static void a_name_that_was_given_is_the_name(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor *owner = &house_of(c)->owner, who;
	struct invitation made;
	struct str secret;
	assert_err(c, invite(c, owner, "Bad Name", &made, &secret), ERR_INVALID);
	assert_err(c, invite(c, owner, "owner", &made, &secret), ERR_EXISTS);
	assert_ok(c, invite(c, owner, "anna", &made, &secret));
	assert_ok(c, invitation_accept(c, core, secret, STR("ben"), str_of(good), &who));
	assert_str(who.username, "anna");
}

static void it_ends_in_time_and_when_it_is_withdrawn(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor *owner = &house_of(c)->owner;
	struct invitation made, seen, *list;
	struct str secret;
	size_t count;
	assert_ok(c, invite(c, owner, "", &made, &secret));
	assert_ok(c, invitation_list(c, core, owner, &list, &count));
	assert_int_equal(count, 1);
	assert_ok(c, invitation_revoke(c, core, owner, made.id));
	assert_err(c, invitation_revoke(c, core, owner, made.id), ERR_NOT_FOUND);
	assert_err(c, accept(c, secret, "anna", good), ERR_UNAUTH);
	assert_ok(c, invite(c, owner, "", &made, &secret));
	house_moved += 600 * 1000000LL;
	assert_err(c, invitation_look(c, core, secret, &seen), ERR_UNAUTH);
	assert_err(c, accept(c, secret, "anna", good), ERR_UNAUTH);
	assert_ok(c, invitation_list(c, core, owner, &list, &count));
	assert_int_equal(count, 0);
}

static void one_that_is_not_as_it_was_seen_is_left(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor *owner = &house_of(c)->owner;
	struct invitation_grant grants[] = {{.repo = STR("r"), .level = PERMISSION_READ}};
	struct invitation_new what = {.seconds = 600, .grants = grants, .grant_count = 1};
	struct invitation made, *list;
	struct str secret, fresh = STR("renamed");
	struct repo after;
	size_t count;
	house_repo(c, "r", VISIBILITY_PRIVATE);
	assert_ok(c, invitation_create(c, core, owner, &what, &made, &secret));
	assert_ok(c, invitation_list(c, core, owner, &list, &count));
	struct expected expected = {.invitation = &list[0]};
	struct repo_change change = {.name = &fresh};
	assert_ok(c, repo_update(c, core, owner, STR("r"), &change, &after));
	assert_err(c, invitation_revoke_seen(c, core, owner, made.id, &expected), ERR_CONFLICT);
	assert_true(expected.changed);
	assert_ok(c, invitation_list(c, core, owner, &list, &count));
	expected = (struct expected){.invitation = &list[0]};
	assert_ok(c, invitation_revoke_seen(c, core, owner, made.id, &expected));
	assert_err(c, invitation_revoke_seen(c, core, owner, made.id, &expected), ERR_CONFLICT);
	assert_true(expected.changed);
}

static void invitations_are_the_owners(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor anna = house_person(c, "anna"), anonymous = ACTOR_ANONYMOUS;
	struct actor small = house_token(c, &house_of(c)->owner, PERMISSION_WRITE, NULL);
	struct invitation made, *list;
	struct str secret;
	size_t count;
	assert_err(c, invite(c, &anna, "", &made, &secret), ERR_DENIED);
	assert_err(c, invite(c, &small, "", &made, &secret), ERR_DENIED);
	assert_err(c, invite(c, &anonymous, "", &made, &secret), ERR_UNAUTH);
	assert_err(c, invitation_list(c, core, &anna, &list, &count), ERR_DENIED);
	assert_err(c, invitation_revoke(c, core, &anna, 1), ERR_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(a_guest_makes_an_account_once),
		HOUSE_TEST(it_gives_what_it_promised),
		HOUSE_TEST(a_name_that_was_given_is_the_name),
		HOUSE_TEST(it_ends_in_time_and_when_it_is_withdrawn),
		HOUSE_TEST(one_that_is_not_as_it_was_seen_is_left),
		HOUSE_TEST(invitations_are_the_owners),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

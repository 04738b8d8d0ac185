#include "core_house.h"

#include "core/push.h"

static enum err ask(struct ctx *c, const struct actor *who, const char *name, enum permission level)
{
	DB_TX *tx = NULL;
	struct repo repo;
	static const enum operation wants[] = {
		[PERMISSION_READ] = OPERATION_REPOSITORY_READ,
		[PERMISSION_WRITE] = OPERATION_REPOSITORY_PUSH,
		[PERMISSION_ADMIN] = OPERATION_REPOSITORY_CHANGE,
	};
	const struct permit_need need = {str_of(name), wants[level], .mode = DB_READ};
	return permit_begin_repo(c, core_of(c), who, &need, &tx, &repo);
}

static enum err as_owner(struct ctx *c, const struct actor *who)
{
	DB_TX *tx = NULL;
	enum err early = permit_owner_early(c, who);
	enum err kind = permit_begin_owner(c, core_of(c), who, DB_READ, &tx);
	assert_true(!early || early == kind);
	return kind;
}

static enum err pushing(struct ctx *c, const struct actor *who, const char *name)
{
	DB_TX *tx = NULL;
	struct push_target target;
	const struct permit_need need = push_need(str_of(name), DB_READ);
	return push_begin(c, core_of(c), who, &need, &tx, &target);
}

static void give(struct ctx *c, const char *repo, const char *username, enum permission level)
{
	struct permission_on on = {str_of(repo), str_of(username)};
	assert_ok(c, permission_put(c, core_of(c), &house_of(c)->owner, &on, level, 0));
}

/* Which of read, write, admin somebody gets of a repository: three kinds of error. */
static void check(
	struct ctx *c, const struct actor *who, const char *repo, const enum err expected[3])
{
	for (int i = 0; i < 3; i++) {
		enum permission level = (enum permission)(PERMISSION_READ + i);
		enum err got = ask(c, who, repo, level);
		if (got != expected[i])
			fail_msg("%.*s wants %s of %s: %s instead of %s", STR_FMT(who->username),
				permission_name(level), repo, err_name(got), err_name(expected[i]));
	}
}

#define NO ERR_DENIED
#define NOWHERE ERR_NOT_FOUND
#define SIGN_IN ERR_UNAUTH
#define EXPECT(a, b, c) ((const enum err[3]){a, b, c})

static void everybody_gets_exactly_what_they_may(void **state)
{
	struct ctx *c = *state;
	house_repo(c, "secret", VISIBILITY_PRIVATE);
	house_repo(c, "open", VISIBILITY_PUBLIC);
	struct actor stranger = house_person(c, "stranger"), reader = house_person(c, "reader");
	struct actor writer = house_person(c, "writer"), admin = house_person(c, "admin");
	struct actor anonymous = ACTOR_ANONYMOUS;
	give(c, "secret", "reader", PERMISSION_READ);
	give(c, "secret", "writer", PERMISSION_WRITE);
	give(c, "secret", "admin", PERMISSION_ADMIN);
	give(c, "open", "writer", PERMISSION_WRITE);

	check(c, &house_of(c)->owner, "secret", EXPECT(OK, OK, OK));
	check(c, &admin, "secret", EXPECT(OK, OK, OK));
	check(c, &writer, "secret", EXPECT(OK, OK, NO));
	check(c, &reader, "secret", EXPECT(OK, NO, NO));
	check(c, &stranger, "secret", EXPECT(NOWHERE, NOWHERE, NOWHERE));
	check(c, &anonymous, "secret", EXPECT(SIGN_IN, SIGN_IN, SIGN_IN));
	check(c, &writer, "open", EXPECT(OK, OK, NO));
	check(c, &stranger, "open", EXPECT(OK, NO, NO));
	check(c, &anonymous, "open", EXPECT(OK, SIGN_IN, SIGN_IN));
	check(c, &house_of(c)->owner, "missing", EXPECT(NOWHERE, NOWHERE, NOWHERE));
	check(c, &anonymous, "missing", EXPECT(SIGN_IN, SIGN_IN, SIGN_IN));
}

static void a_token_caps_what_its_owner_may(void **state)
{
	struct ctx *c = *state;
	house_repo(c, "secret", VISIBILITY_PRIVATE);
	struct actor *owner = &house_of(c)->owner;
	struct actor reading = house_token(c, owner, PERMISSION_READ, NULL);
	struct actor writing = house_token(c, owner, PERMISSION_WRITE, NULL);
	check(c, &reading, "secret", EXPECT(OK, NO, NO));
	check(c, &writing, "secret", EXPECT(OK, OK, NO));
	assert_err(c, as_owner(c, &reading), ERR_DENIED);
	assert_err(c, as_owner(c, &writing), ERR_DENIED);
	assert_ok(c, as_owner(c, owner));
}

static void a_key_for_some_repositories_knows_of_no_others(void **state)
{
	struct ctx *c = *state;
	house_repo(c, "team-a", VISIBILITY_PRIVATE);
	house_repo(c, "other", VISIBILITY_PUBLIC);
	struct actor key = house_limited(c, "{\"repositories\": [\"team-*\"]}");
	check(c, &key, "team-a", EXPECT(OK, OK, OK));
	check(c, &key, "other", EXPECT(NOWHERE, NOWHERE, NOWHERE));
	assert_err(c, as_owner(c, &key), ERR_DENIED);

	assert_err(c, pushing(c, &key, "other"), ERR_NOT_FOUND);
	assert_err(c, pushing(c, &key, "team-b"), ERR_NOT_FOUND);
}

static void a_key_for_some_operations_does_no_others(void **state)
{
	struct ctx *c = *state;
	house_repo(c, "secret", VISIBILITY_PRIVATE);
	struct actor fetching = house_limited(c, "{\"operations\": [\"repository.fetch\"]}");
	struct actor pushing = house_limited(c, "{\"operations\": [\"ref.create\"]}");
	check(c, &fetching, "secret", EXPECT(NO, NO, NO));
	check(c, &pushing, "secret", EXPECT(NO, OK, NO));
	assert_err(c, as_owner(c, &fetching), ERR_DENIED);
}

/* The error, with the name that was asked for taken out of its text. */
static struct error answer(struct ctx *c, const struct actor *who, const char *name)
{
	assert_int_not_equal(ask(c, who, name, PERMISSION_READ), OK);
	struct error error = c->error;
	char *at = strstr(error.text, name);
	assert_non_null(at);
	memmove(at, at + strlen(name), strlen(at + strlen(name)) + 1);
	return error;
}

static void what_one_may_not_read_answers_as_what_does_not_exist(void **state)
{
	struct ctx *c = *state;
	house_repo(c, "secret", VISIBILITY_PRIVATE);
	struct actor stranger = house_person(c, "stranger"), anonymous = ACTOR_ANONYMOUS;
	const struct actor *people[] = {&stranger, &anonymous};
	for (int i = 0; i < 2; i++) {
		struct error there = answer(c, people[i], "secret");
		struct error not_there = answer(c, people[i], "nothing");
		struct error impossible = answer(c, people[i], "no/name");
		assert_int_equal(there.kind, not_there.kind);
		assert_string_equal(there.text, not_there.text);
		assert_int_equal(there.kind, impossible.kind);
		assert_string_equal(there.text, impossible.text);
	}
}

static void a_name_in_other_letters_is_the_same_repository(void **state)
{
	struct ctx *c = *state;
	house_repo(c, "Hello", VISIBILITY_PRIVATE);
	assert_ok(c, ask(c, &house_of(c)->owner, "hELLO", PERMISSION_ADMIN));
	struct repo repo;
	struct repo_new what = {.name = STR("HELLO")};
	assert_err(c, repo_create(c, core_of(c), &house_of(c)->owner, &what, &repo), ERR_EXISTS);
}

static void only_the_owner_in_full_passes_for_the_owner(void **state)
{
	struct ctx *c = *state;
	struct actor admin = house_person(c, "admin"), anonymous = ACTOR_ANONYMOUS;
	assert_err(c, as_owner(c, &admin), ERR_DENIED);
	assert_err(c, as_owner(c, &anonymous), ERR_UNAUTH);
}

static enum err as_self(struct ctx *c, const struct actor *who)
{
	DB_TX *tx = NULL;
	TRY(db_begin(c, core_of(c)->db, DB_READ, &tx));
	return permit_self(c, core_of(c), tx, who);
}

static void check_ended(struct ctx *c, const struct actor *who)
{
	assert_err(c, ask(c, who, "open", PERMISSION_READ), ERR_UNAUTH);
	assert_err(c, ask(c, who, "missing", PERMISSION_READ), ERR_UNAUTH);
	assert_err(c, ask(c, who, "no/name", PERMISSION_READ), ERR_UNAUTH);
	assert_err(c, as_self(c, who), ERR_UNAUTH);
	assert_err(c, as_owner(c, who), who->owner ? ERR_UNAUTH : ERR_DENIED);
}

static void check_stands(struct ctx *c, const struct actor *who)
{
	assert_ok(c, ask(c, who, "open", PERMISSION_READ));
	assert_ok(c, as_self(c, who));
}

static void who_one_was_ends_with_what_proved_it(void **state)
{
	struct ctx *c = *state;
	struct actor *owner = &house_of(c)->owner, anna = house_person(c, "anna");
	struct token first, second;
	house_repo(c, "open", VISIBILITY_PUBLIC);
	struct actor by_first = house_token(c, &anna, PERMISSION_READ, &first);
	struct actor by_second = house_token(c, &anna, PERMISSION_READ, &second);
	struct actor by_owners = house_token(c, owner, PERMISSION_ADMIN, NULL);
	check_stands(c, &anna);
	check_stands(c, &by_first);
	check_stands(c, &by_second);

	assert_ok(c, token_revoke(c, core_of(c), &anna, first.id));
	check_ended(c, &by_first);
	check_stands(c, &by_second);
	check_stands(c, &anna);

	/* A new password ends what the old one proved, and no token. */
	assert_ok(c, collaborator_set_password(
			     c, core_of(c), owner, STR("anna"), STR("battery staple")));
	check_ended(c, &anna);
	check_stands(c, &by_second);

	assert_ok(c, collaborator_remove(c, core_of(c), owner, STR("anna")));
	struct actor again = house_person(c, "anna");
	check_ended(c, &by_second);
	check_ended(c, &anna);
	check_stands(c, &again);
	assert_ok(c, collaborator_set_password(
			     c, core_of(c), owner, STR("owner"), STR("battery staple")));
	check_ended(c, owner);
	check_stands(c, &by_owners);
}

static void a_token_ends_with_its_time_for_who_came_by_it_before(void **state)
{
	struct ctx *c = *state;
	struct token token;
	struct str secret;
	struct actor by;
	struct token_new what = {.name = STR("an hour"), .limit = PERMISSION_READ, .seconds = 3600};
	house_repo(c, "open", VISIBILITY_PUBLIC);
	assert_ok(c, token_create(c, core_of(c), &house_of(c)->owner, &what, &token, &secret));
	struct credential cred = {CREDENTIAL_TOKEN, {0}, secret};
	assert_ok(c, login_credential(c, core_of(c), &cred, STR(""), &by));
	house_moved += 3590 * 1000000LL;
	check_stands(c, &by);
	house_moved += 11 * 1000000LL;
	assert_err(c, ask(c, &by, "open", PERMISSION_READ), ERR_UNAUTH);
	assert_err(c, as_self(c, &by), ERR_UNAUTH);
}

/* What an actor says is looked at whole: who could make one up gets nowhere with it. */
static void an_actor_that_was_never_proven_is_nobody(void **state)
{
	struct ctx *c = *state;
	struct actor anna = house_person(c, "anna");
	struct token token;
	house_repo(c, "open", VISIBILITY_PUBLIC);
	struct actor by = house_token(c, &house_of(c)->owner, PERMISSION_READ, &token);
	struct actor wrong[6];
	for (int i = 0; i < 6; i++)
		wrong[i] = i < 3 ? anna : by;
	wrong[0].owner = true;
	wrong[1].generation++;
	wrong[2].username = STR("owner");
	wrong[3].limit = PERMISSION_ADMIN;
	wrong[4].token_id++;
	wrong[5].user_id = anna.user_id;
	for (int i = 0; i < 6; i++)
		assert_err(c, ask(c, &wrong[i], "open", PERMISSION_READ), ERR_UNAUTH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(everybody_gets_exactly_what_they_may),
		HOUSE_TEST(a_token_caps_what_its_owner_may),
		HOUSE_TEST(a_key_for_some_repositories_knows_of_no_others),
		HOUSE_TEST(a_key_for_some_operations_does_no_others),
		HOUSE_TEST(what_one_may_not_read_answers_as_what_does_not_exist),
		HOUSE_TEST(a_name_in_other_letters_is_the_same_repository),
		HOUSE_TEST(only_the_owner_in_full_passes_for_the_owner),
		HOUSE_TEST(who_one_was_ends_with_what_proved_it),
		HOUSE_TEST(a_token_ends_with_its_time_for_who_came_by_it_before),
		HOUSE_TEST(an_actor_that_was_never_proven_is_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

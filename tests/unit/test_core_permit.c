#include "core_house.h"

static enum err ask(struct ctx *c, const struct actor *who, const char *name, enum permission level)
{
	DB_TX *tx = NULL;
	struct repo repo;
	TRY(db_begin(c, core_of(c)->db, DB_READ, &tx));
	return permit_repo(
		c, core_of(c), tx, who, (struct permit_need){str_of(name), level}, &repo);
}

static void give(struct ctx *c, const char *repo, const char *username, enum permission level)
{
	struct permission_on on = {str_of(repo), str_of(username)};
	assert_ok(c, permission_put(c, core_of(c), &house_of(c)->owner, &on, level));
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
	struct actor reading = house_of(c)->owner, writing = reading;
	reading.token_id = writing.token_id = 1;
	reading.limit = PERMISSION_READ;
	writing.limit = PERMISSION_WRITE;
	check(c, &reading, "secret", EXPECT(OK, NO, NO));
	check(c, &writing, "secret", EXPECT(OK, OK, NO));
	assert_err(c, permit_owner(c, &reading), ERR_DENIED);
	assert_err(c, permit_owner(c, &writing), ERR_DENIED);
	assert_ok(c, permit_owner(c, &house_of(c)->owner));
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
	assert_err(c, permit_owner(c, &admin), ERR_DENIED);
	assert_err(c, permit_owner(c, &anonymous), ERR_UNAUTH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(everybody_gets_exactly_what_they_may),
		HOUSE_TEST(a_token_caps_what_its_owner_may),
		HOUSE_TEST(what_one_may_not_read_answers_as_what_does_not_exist),
		HOUSE_TEST(a_name_in_other_letters_is_the_same_repository),
		HOUSE_TEST(only_the_owner_in_full_passes_for_the_owner),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

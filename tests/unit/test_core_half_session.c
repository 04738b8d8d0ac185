#include "core/half_session.h"

#include "core_house.h"

static struct actor half_owner(struct ctx *c)
{
	struct actor who = house_of(c)->owner;
	who.half = true;
	return who;
}

static void it_is_of_somebody_until_it_is_taken(void **state)
{
	struct ctx *c = *state;
	const struct actor who = half_owner(c);
	struct actor got;
	struct str secret;
	assert_ok(c, half_session_begin(c, core_of(c), &who, &secret));
	assert_int_equal(secret.len, 43);
	assert_ok(c, half_session_get(c, core_of(c), secret, &got));
	assert_true(got.half);
	assert_int_equal(got.user_id, who.user_id);
	assert_str(got.username, "owner");
	assert_str(got.via, "password");
	assert_ok(c, half_session_take(c, core_of(c), secret));
	assert_err(c, half_session_take(c, core_of(c), secret), ERR_UNAUTH);
	assert_err(c, half_session_get(c, core_of(c), secret, &got), ERR_UNAUTH);
}

static void it_is_nobody_to_every_verb(void **state)
{
	struct ctx *c = *state;
	const struct actor who = half_owner(c);
	struct session session;
	const struct session_from from = {0};
	struct repo repo;
	DB_TX *tx = NULL;
	assert_err(c, session_begin(c, core_of(c), &who, &from, &session), ERR_UNAUTH);
	assert_ok(c, db_begin(c, core_of(c)->db, DB_READ, &tx));
	assert_err(c, permit_self(c, core_of(c), tx, &who), ERR_UNAUTH);
	db_rollback(&tx);
	assert_err(c, permit_begin_owner(c, core_of(c), &who, DB_READ, &tx), ERR_UNAUTH);
	db_rollback(&tx);
	const struct permit_need need = {
		.name = STR("r"), .operation = OPERATION_REPOSITORY_READ, .mode = DB_READ};
	assert_err(c, permit_begin_repo(c, core_of(c), &who, &need, &tx, &repo), ERR_UNAUTH);
}

static void it_ends_by_itself(void **state)
{
	struct ctx *c = *state;
	const struct actor who = half_owner(c);
	struct actor got;
	struct str secret;
	assert_ok(c, half_session_begin(c, core_of(c), &who, &secret));
	house_moved += (HALF_SESSION_SECONDS - 1) * 1000000LL;
	assert_ok(c, half_session_get(c, core_of(c), secret, &got));
	house_moved += 2 * 1000000LL;
	assert_err(c, half_session_get(c, core_of(c), secret, &got), ERR_UNAUTH);
	assert_err(c, half_session_get(c, core_of(c), STR(""), &got), ERR_UNAUTH);
	assert_err(c, half_session_get(c, core_of(c), STR("short"), &got), ERR_UNAUTH);
}

static void it_ends_with_so_many_failures(void **state)
{
	struct ctx *c = *state;
	const struct actor who = half_owner(c);
	struct actor got;
	struct str secret;
	assert_ok(c, half_session_begin(c, core_of(c), &who, &secret));
	for (int i = 1; i < HALF_SESSION_TRIES; i++) {
		half_session_failed(c, core_of(c), secret);
		assert_ok(c, half_session_get(c, core_of(c), secret, &got));
	}
	half_session_failed(c, core_of(c), secret);
	assert_err(c, half_session_get(c, core_of(c), secret, &got), ERR_UNAUTH);
}

static void it_ends_with_another_password(void **state)
{
	struct ctx *c = *state;
	const struct actor who = half_owner(c);
	struct actor got;
	struct str secret;
	assert_ok(c, half_session_begin(c, core_of(c), &who, &secret));
	assert_ok(c, session_end_all(c, core_of(c), &house_of(c)->owner, STR("owner")));
	assert_err(c, half_session_get(c, core_of(c), secret, &got), ERR_UNAUTH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(it_is_of_somebody_until_it_is_taken),
		HOUSE_TEST(it_is_nobody_to_every_verb),
		HOUSE_TEST(it_ends_by_itself),
		HOUSE_TEST(it_ends_with_so_many_failures),
		HOUSE_TEST(it_ends_with_another_password),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

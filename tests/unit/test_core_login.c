#include "core_house.h"

#include "model/token.h"

static enum err sign_in(
	struct ctx *c, const char *name, const char *password, const char *peer, struct actor *who)
{
	struct credential cred = {CREDENTIAL_PASSWORD, str_of(name), str_of(password)};
	return login_credential(c, core_of(c), &cred, str_of(peer), who);
}

static void after_ten_failures_a_minute_must_pass(void **state)
{
	struct ctx *c = *state;
	struct actor who;
	for (int i = 0; i < 10; i++)
		assert_err(c, sign_in(c, "owner", "wrong password", "10.0.0.1", &who), ERR_UNAUTH);
	assert_err(c, sign_in(c, "owner", "wrong password", "10.0.0.1", &who), ERR_RATE_LIMITED);
	assert_err(c, sign_in(c, "owner", "correct horse", "10.0.0.1", &who), ERR_RATE_LIMITED);
	assert_int_equal(err_http_status(ERR_RATE_LIMITED), 429);
	assert_ok(c, sign_in(c, "owner", "correct horse", "10.0.0.2", &who));
	house_moved += 61 * 1000000LL;
	assert_ok(c, sign_in(c, "owner", "correct horse", "10.0.0.1", &who));
}

/* Or the cache would let who is blocked find out which guess is right. */
static void who_failed_is_blocked_though_the_right_password_is_known(void **state)
{
	struct ctx *c = *state;
	struct actor who;
	core_of(c)->limits.login_tries = 2;
	assert_ok(c, sign_in(c, "owner", "correct horse", "10.0.0.1", &who));
	for (int i = 0; i < 2; i++)
		assert_err(c, sign_in(c, "owner", "wrong password", "10.0.0.1", &who), ERR_UNAUTH);
	for (int i = 0; i < 3; i++)
		assert_err(c, sign_in(c, "owner", "correct horse", "10.0.0.1", &who),
			ERR_RATE_LIMITED);
	/* So is who tried many names, of one that they did not try. */
	for (int i = 0; i < 20; i++) {
		const char *name = arena_fmt(c->arena, "name%d", i);
		assert_err(c, sign_in(c, name, "wrong", "10.0.0.2", &who), ERR_UNAUTH);
	}
	assert_err(c, sign_in(c, "owner", "correct horse", "10.0.0.2", &who), ERR_RATE_LIMITED);
	assert_ok(c, sign_in(c, "owner", "correct horse", "10.0.0.3", &who));
}

static void a_token_is_never_rate_limited(void **state)
{
	struct ctx *c = *state;
	struct actor who;
	for (int i = 0; i < 30; i++)
		assert_err(
			c, sign_in(c, "robot", TOKEN_PREFIX "wrong", "10.0.0.1", &who), ERR_UNAUTH);
}

static struct str make_token(struct ctx *c)
{
	struct token token;
	struct str secret;
	struct token_new what = {.name = STR("ci"), .limit = PERMISSION_WRITE, .seconds = 0};
	assert_ok(c, token_create(c, core_of(c), &house_of(c)->owner, &what, &token, &secret));
	return secret;
}

static void a_token_works_in_either_place(void **state)
{
	struct ctx *c = *state;
	struct actor who;
	struct str secret = make_token(c);
	assert_ok(c, sign_in(c, "whatever", str_dup(c->arena, secret), "", &who));
	assert_int_equal(who.limit, PERMISSION_WRITE);
	struct credential bearer = {CREDENTIAL_TOKEN, {0}, secret};
	assert_ok(c, login_credential(c, core_of(c), &bearer, STR(""), &who));
	assert_str(who.username, "owner");
	struct credential nonsense = {CREDENTIAL_TOKEN, {0}, STR("nonsense")};
	assert_err(c, login_credential(c, core_of(c), &nonsense, STR(""), &who), ERR_UNAUTH);
}

static void a_session_is_known_by_its_cookie_until_it_ends(void **state)
{
	struct ctx *c = *state;
	struct session s, again;
	assert_ok(c, session_begin(c, core_of(c), &house_of(c)->owner, &s));
	assert_int_equal(s.cookie.len, 43);
	assert_ok(c, session_get(c, core_of(c), s.cookie, &again));
	assert_true(again.who.owner);
	assert_str(again.who.username, "owner");
	assert_string_equal(again.csrf, s.csrf);
	assert_ok(c, session_check_csrf(c, &again, str_of(s.csrf)));
	assert_err(c, session_check_csrf(c, &again, STR("")), ERR_DENIED);
	assert_err(c, session_check_csrf(c, &again, s.cookie), ERR_DENIED);
	assert_ok(c, session_end(c, core_of(c), s.cookie));
	assert_err(c, session_get(c, core_of(c), s.cookie, &again), ERR_UNAUTH);
	assert_err(c, session_get(c, core_of(c), STR(""), &again), ERR_UNAUTH);
	assert_ok(c, session_end(c, core_of(c), s.cookie));
}

static void two_sessions_share_nothing(void **state)
{
	struct ctx *c = *state;
	struct session one, two;
	assert_ok(c, session_begin(c, core_of(c), &house_of(c)->owner, &one));
	assert_ok(c, session_begin(c, core_of(c), &house_of(c)->owner, &two));
	assert_false(str_eq(one.cookie, two.cookie));
	assert_err(c, session_check_csrf(c, &one, str_of(two.csrf)), ERR_DENIED);
	assert_ok(c, session_end(c, core_of(c), one.cookie));
	assert_ok(c, session_get(c, core_of(c), two.cookie, &two));
}

static void a_session_in_use_lives_on_and_an_idle_one_ends(void **state)
{
	struct ctx *c = *state;
	struct session s;
	assert_ok(c, session_begin(c, core_of(c), &house_of(c)->owner, &s));
	for (int i = 0; i < 4; i++) {
		house_moved += 2000 * 1000000LL;
		assert_ok(c, session_get(c, core_of(c), s.cookie, &s));
	}
	house_moved += 3601 * 1000000LL;
	assert_err(c, session_get(c, core_of(c), s.cookie, &s), ERR_UNAUTH);
}

static void a_new_password_or_a_removal_ends_all_sessions(void **state)
{
	struct ctx *c = *state;
	struct actor anna = house_person(c, "anna"), *owner = &house_of(c)->owner;
	struct session s, t;
	assert_ok(c, session_begin(c, core_of(c), &anna, &s));
	assert_ok(c, collaborator_set_password(
			     c, core_of(c), &anna, STR("anna"), STR("battery staple")));
	assert_err(c, session_get(c, core_of(c), s.cookie, &t), ERR_UNAUTH);
	/* Nor does what the old password proved begin another. */
	assert_err(c, session_begin(c, core_of(c), &anna, &s), ERR_UNAUTH);
	assert_ok(c, sign_in(c, "anna", "battery staple", "", &anna));
	assert_ok(c, session_begin(c, core_of(c), &anna, &s));
	assert_ok(c, session_get(c, core_of(c), s.cookie, &t));
	assert_ok(c, collaborator_remove(c, core_of(c), owner, STR("anna")));
	assert_err(c, session_get(c, core_of(c), s.cookie, &t), ERR_UNAUTH);
}

static void only_a_person_begins_a_session(void **state)
{
	struct ctx *c = *state;
	struct session s;
	struct actor anonymous = ACTOR_ANONYMOUS, token = house_of(c)->owner;
	token.token_id = 7;
	assert_err(c, session_begin(c, core_of(c), &anonymous, &s), ERR_UNAUTH);
	assert_err(c, session_begin(c, core_of(c), &token, &s), ERR_DENIED);
}

static enum err make_link(struct ctx *c, const char *username, struct str *secret)
{
	const struct login_link link = {str_of(username), 600};
	return login_link_create(c, core_of(c), NULL, &link, secret);
}

static void a_sign_in_link_works_once_and_in_time(void **state)
{
	struct ctx *c = *state;
	struct str secret;
	struct actor who;
	assert_ok(c, make_link(c, "owner", &secret));
	assert_err(c, login_link_take(c, core_of(c), STR("wrong"), &who), ERR_UNAUTH);
	assert_ok(c, login_link_take(c, core_of(c), secret, &who));
	assert_true(who.owner);
	assert_err(c, login_link_take(c, core_of(c), secret, &who), ERR_UNAUTH);
	assert_ok(c, make_link(c, "owner", &secret));
	house_moved += 601 * 1000000LL;
	assert_err(c, login_link_take(c, core_of(c), secret, &who), ERR_UNAUTH);
	assert_err(c, make_link(c, "nobody", &secret), ERR_NOT_FOUND);
	const struct login_link link = {STR("owner"), 600};
	struct actor anna = house_person(c, "anna"), anonymous = ACTOR_ANONYMOUS;
	assert_err(c, login_link_create(c, core_of(c), &anna, &link, &secret), ERR_DENIED);
	assert_err(c, login_link_create(c, core_of(c), &anonymous, &link, &secret), ERR_UNAUTH);
	assert_ok(c, login_link_create(c, core_of(c), &house_of(c)->owner, &link, &secret));
}

static void a_second_start_finds_what_the_first_made(void **state)
{
	struct ctx *c = *state;
	struct instance again;
	assert_ok(c, instance_start(c, core_of(c), STR("other"), STR("other password"), &again));
	assert_false(again.first);
	assert_string_equal(again.id, core_of(c)->instance);
	assert_str(again.owner, "owner");
	assert_int_equal(again.password.len, 0);
}

static void a_first_start_makes_up_a_password(void **state)
{
	struct ctx *c = *state;
	struct core core = *core_of(c);
	struct instance first;
	struct actor who;
	assert_ok(c, db_sqlite_open(c, ":memory:", &core.db));
	core.auth[0] = auth_password_open(core.db, core.kv);
	assert_err(c, instance_start(c, &core, STR("Bad Name"), STR(""), &first), ERR_INVALID);
	assert_err(c, instance_start(c, &core, STR("me"), STR("short"), &first), ERR_INVALID);
	assert_ok(c, instance_start(c, &core, STR("me"), STR(""), &first));
	assert_true(first.first);
	assert_int_equal(first.password.len, 20);
	struct credential cred = {CREDENTIAL_PASSWORD, STR("me"), first.password};
	assert_ok(c, login_credential(c, &core, &cred, STR(""), &who));
	assert_true(who.owner);
	auth_close(core.auth[0]);
	db_close(core.db);
}

/* A Redis that is not there. */
static struct kv *lose_kv(struct ctx *c)
{
	struct kv *kept = core_of(c)->kv;
	assert_ok(c, kv_redis_open(c, "redis://127.0.0.1:1/0", &core_of(c)->kv));
	return kept;
}

static void find_kv(struct ctx *c, struct kv *kept)
{
	kv_close(core_of(c)->kv);
	core_of(c)->kv = kept;
}

static void without_the_store_who_proves_themselves_is_let_in(void **state)
{
	struct ctx *c = *state;
	struct actor who;
	struct str secret = make_token(c);
	struct kv *kept = lose_kv(c);
	assert_ok(c, sign_in(c, "owner", "correct horse", "10.0.0.1", &who));
	assert_int_equal(c->error.kind, OK);
	assert_ok(c, sign_in(c, "whatever", str_dup(c->arena, secret), "10.0.0.1", &who));
	for (int i = 0; i < 12; i++)
		assert_err(c, sign_in(c, "owner", "wrong password", "10.0.0.1", &who), ERR_UNAUTH);
	assert_ok(c, sign_in(c, "owner", "correct horse", "10.0.0.1", &who));
	find_kv(c, kept);
}

static void without_the_store_nobody_has_a_session_until_it_is_back(void **state)
{
	struct ctx *c = *state;
	struct session before, s;
	assert_ok(c, session_begin(c, core_of(c), &house_of(c)->owner, &before));
	assert_ok(c, session_ready(c, core_of(c)));
	struct kv *kept = lose_kv(c);
	assert_err(c, session_ready(c, core_of(c)), ERR_UNAVAILABLE);
	assert_err(c, session_begin(c, core_of(c), &house_of(c)->owner, &s), ERR_UNAVAILABLE);
	assert_non_null(strstr(c->error.text, "nobody can sign in just now"));
	assert_err(c, session_get(c, core_of(c), before.cookie, &s), ERR_UNAUTH);
	assert_err(c, session_end(c, core_of(c), before.cookie), ERR_UNAVAILABLE);
	find_kv(c, kept);
	assert_ok(c, session_get(c, core_of(c), before.cookie, &s));
	assert_ok(c, session_begin(c, core_of(c), &house_of(c)->owner, &s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(after_ten_failures_a_minute_must_pass),
		HOUSE_TEST(who_failed_is_blocked_though_the_right_password_is_known),
		HOUSE_TEST(a_token_is_never_rate_limited),
		HOUSE_TEST(a_token_works_in_either_place),
		HOUSE_TEST(a_session_is_known_by_its_cookie_until_it_ends),
		HOUSE_TEST(two_sessions_share_nothing),
		HOUSE_TEST(a_session_in_use_lives_on_and_an_idle_one_ends),
		HOUSE_TEST(a_new_password_or_a_removal_ends_all_sessions),
		HOUSE_TEST(only_a_person_begins_a_session),
		HOUSE_TEST(a_sign_in_link_works_once_and_in_time),
		HOUSE_TEST(without_the_store_who_proves_themselves_is_let_in),
		HOUSE_TEST(without_the_store_nobody_has_a_session_until_it_is_back),
		HOUSE_TEST(a_second_start_finds_what_the_first_made),
		HOUSE_TEST(a_first_start_makes_up_a_password),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

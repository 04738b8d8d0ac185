#include "core_house.h"

enum { HOUR = 3600, DAY = 86400 };

static void pass(int64_t seconds)
{
	house_moved += seconds * 1000000LL;
}

static void a_session_is_known_by_its_cookie_until_it_ends(void **state)
{
	struct ctx *c = *state;
	struct session s = house_session(c, &house_of(c)->owner), again;
	assert_int_equal(s.cookie.len, 65);
	assert_true(s.is_new);
	assert_int_equal(s.seconds, 4 * DAY);
	assert_ok(c, session_get(c, core_of(c), s.cookie, &again));
	assert_false(again.is_new);
	assert_true(again.who.owner);
	assert_str(again.who.username, "owner");
	assert_true(str_eq(again.cookie, s.cookie));
	assert_string_equal(again.csrf, s.csrf);
	struct str page = session_csrf(c, &s), next = session_csrf(c, &s);
	assert_false(str_eq(page, next));
	assert_ok(c, session_check_csrf(c, &again, page));
	assert_ok(c, session_check_csrf(c, &again, next));
	assert_err(c, session_check_csrf(c, &again, str_until(page, page.len - 1)), ERR_DENIED);
	((char *)(uintptr_t)next.at)[0] ^= 1;
	assert_err(c, session_check_csrf(c, &again, next), ERR_DENIED);
	assert_err(c, session_check_csrf(c, &again, str_of(s.csrf)), ERR_DENIED);
	assert_err(c, session_check_csrf(c, &again, STR("")), ERR_DENIED);
	assert_err(c, session_check_csrf(c, &again, s.cookie), ERR_DENIED);
	assert_err(c, session_check_csrf(c, &again, s.id), ERR_DENIED);
	assert_ok(c, session_end(c, core_of(c), s.cookie));
	assert_err(c, session_get(c, core_of(c), s.cookie, &again), ERR_UNAUTH);
	assert_err(c, session_get(c, core_of(c), STR(""), &again), ERR_UNAUTH);
	assert_ok(c, session_end(c, core_of(c), s.cookie));
	assert_ok(c, session_end(c, core_of(c), STR("no cookie")));
}

static void two_sessions_share_nothing(void **state)
{
	struct ctx *c = *state;
	struct session one = house_session(c, &house_of(c)->owner);
	struct session two = house_session(c, &house_of(c)->owner);
	assert_false(str_eq(one.cookie, two.cookie));
	assert_err(c, session_check_csrf(c, &one, session_csrf(c, &two)), ERR_DENIED);
	assert_ok(c, session_end(c, core_of(c), one.cookie));
	assert_ok(c, session_get(c, core_of(c), two.cookie, &two));
}

/* The list shows ids to who may see it: an id with another secret opens nothing. */
static void an_id_without_its_secret_is_nobody(void **state)
{
	struct ctx *c = *state;
	struct session one = house_session(c, &house_of(c)->owner), out;
	struct session two = house_session(c, &house_of(c)->owner);
	const char *mixed =
		arena_fmt(c->arena, "%.*s%.*s", STR_FMT(one.id), 43, two.cookie.at + 22);
	assert_err(c, session_get(c, core_of(c), str_of(mixed), &out), ERR_UNAUTH);
	/* Nor does it end anything. */
	assert_ok(c, session_end(c, core_of(c), str_of(mixed)));
	assert_ok(c, session_get(c, core_of(c), one.cookie, &out));
	assert_ok(c, session_end(c, core_of(c), one.cookie));
	assert_err(c, session_get(c, core_of(c), one.cookie, &out), ERR_UNAUTH);
}

static void who_signs_out_may_have_the_secret_of_before(void **state)
{
	struct ctx *c = *state;
	struct session s = house_session(c, &house_of(c)->owner), turned, out;
	struct session t = house_session(c, &house_of(c)->owner), late;
	pass(DAY);
	assert_ok(c, session_get(c, core_of(c), s.cookie, &turned));
	assert_ok(c, session_get(c, core_of(c), t.cookie, &late));
	assert_ok(c, session_end(c, core_of(c), s.cookie));
	assert_err(c, session_get(c, core_of(c), turned.cookie, &out), ERR_UNAUTH);
	pass(SESSION_OVERLAP);
	assert_err(c, session_get(c, core_of(c), t.cookie, &out), ERR_UNAUTH);
	assert_ok(c, session_get(c, core_of(c), late.cookie, &out));
	assert_ok(c, session_end(c, core_of(c), t.cookie));
	assert_err(c, session_get(c, core_of(c), late.cookie, &out), ERR_UNAUTH);
}

static void a_session_in_use_lives_on_but_not_for_ever(void **state)
{
	struct ctx *c = *state;
	struct session s = house_session(c, &house_of(c)->owner);
	for (int hours = 20; hours < 96; hours += 20) {
		pass(20 * HOUR);
		assert_ok(c, session_get(c, core_of(c), s.cookie, &s));
	}
	pass(16 * HOUR);
	assert_err(c, session_get(c, core_of(c), s.cookie, &s), ERR_UNAUTH);
}

static void an_idle_session_ends(void **state)
{
	struct ctx *c = *state;
	struct session s = house_session(c, &house_of(c)->owner);
	pass(47 * HOUR);
	assert_ok(c, session_get(c, core_of(c), s.cookie, &s));
	pass(48 * HOUR);
	assert_err(c, session_get(c, core_of(c), s.cookie, &s), ERR_UNAUTH);
}

static void after_a_day_there_is_another_secret_and_the_old_one_ends_soon(void **state)
{
	struct ctx *c = *state;
	struct session s = house_session(c, &house_of(c)->owner), turned, late;
	pass(DAY);
	assert_ok(c, session_get(c, core_of(c), s.cookie, &turned));
	assert_true(turned.is_new);
	assert_true(str_eq(turned.id, s.id));
	assert_false(str_eq(turned.cookie, s.cookie));
	assert_string_equal(turned.csrf, s.csrf);
	/* What was on its way with the old one comes through, and changes nothing. */
	assert_ok(c, session_get(c, core_of(c), s.cookie, &late));
	assert_false(late.is_new);
	assert_ok(c, session_get(c, core_of(c), turned.cookie, &late));
	assert_false(late.is_new);
	pass(SESSION_OVERLAP);
	assert_err(c, session_get(c, core_of(c), s.cookie, &late), ERR_UNAUTH);
	assert_ok(c, session_get(c, core_of(c), turned.cookie, &late));
}

static void a_proof_anew_is_another_session_with_the_same_end(void **state)
{
	struct ctx *c = *state;
	struct session s = house_session(c, &house_of(c)->owner), fresh, out;
	const struct session_from from = {STR("10.0.0.9"), STR("Firefox")};
	pass(HOUR);
	assert_ok(c, session_get(c, core_of(c), s.cookie, &s));
	assert_int_equal(s.now - s.proved, HOUR);
	assert_ok(c, session_prove(c, core_of(c), &s, &from, &fresh));
	assert_int_equal(fresh.now, fresh.proved);
	assert_int_equal(fresh.seconds, 4 * DAY - HOUR);
	assert_false(str_eq(fresh.cookie, s.cookie));
	assert_string_equal(fresh.csrf, s.csrf);
	assert_err(c, session_get(c, core_of(c), s.cookie, &out), ERR_UNAUTH);
	assert_ok(c, session_get(c, core_of(c), fresh.cookie, &out));
	assert_err(c, session_prove(c, core_of(c), &s, &from, &out), ERR_UNAUTH);
}

static void a_new_password_or_a_removal_ends_all_sessions(void **state)
{
	struct ctx *c = *state;
	struct actor anna = house_person(c, "anna"), *owner = &house_of(c)->owner;
	struct session s = house_session(c, &anna), t;
	const struct session_from from = {0};
	assert_ok(c, collaborator_set_password(
			     c, core_of(c), &anna, STR("anna"), STR("battery staple")));
	assert_err(c, session_get(c, core_of(c), s.cookie, &t), ERR_UNAUTH);
	/* Nor does what the old password proved begin another. */
	assert_err(c, session_begin(c, core_of(c), &anna, &from, &s), ERR_UNAUTH);
	struct credential cred = {CREDENTIAL_PASSWORD, STR("anna"), STR("battery staple")};
	assert_ok(c, login_credential(c, core_of(c), &cred, STR(""), &anna));
	s = house_session(c, &anna);
	assert_ok(c, session_get(c, core_of(c), s.cookie, &t));
	assert_ok(c, collaborator_remove(c, core_of(c), owner, STR("anna")));
	assert_err(c, session_get(c, core_of(c), s.cookie, &t), ERR_UNAUTH);
}

static void only_a_person_begins_a_session(void **state)
{
	struct ctx *c = *state;
	struct session s;
	const struct session_from from = {0};
	struct actor anonymous = ACTOR_ANONYMOUS, token = house_of(c)->owner;
	token.token_id = 7;
	assert_err(c, session_begin(c, core_of(c), &anonymous, &from, &s), ERR_UNAUTH);
	assert_err(c, session_begin(c, core_of(c), &token, &from, &s), ERR_DENIED);
}

static void the_list_has_all_that_live_the_latest_first(void **state)
{
	struct ctx *c = *state;
	struct actor *owner = &house_of(c)->owner, anna = house_person(c, "anna");
	struct session first = house_session(c, owner), second, out;
	struct session_row *rows;
	size_t count;
	const struct session_from odd = {STR("10.0.0.2 x"), STR("a\nb\x01 c")};
	pass(10);
	assert_ok(c, session_begin(c, core_of(c), owner, &odd, &second));
	house_session(c, &anna);
	assert_ok(c, session_list(c, core_of(c), owner, STR("owner"), &rows, &count));
	assert_int_equal(count, 2);
	assert_true(str_eq(rows[0].id, second.id));
	assert_str(rows[0].from.address, "10.0.0.2?x");
	assert_str(rows[0].from.browser, "a?b? c");
	assert_true(str_eq(rows[1].id, first.id));
	assert_str(rows[1].from.browser, "Firefox");
	assert_in_range(rows[0].started - rows[1].started, 10, 12); /* the clock goes on */
	/* One that is used is before one that is not. */
	pass(600);
	assert_ok(c, session_get(c, core_of(c), first.cookie, &out));
	assert_ok(c, session_end(c, core_of(c), second.cookie));
	assert_ok(c, session_list(c, core_of(c), owner, STR("owner"), &rows, &count));
	assert_int_equal(count, 1);
	assert_in_range(rows[0].seen - rows[0].started, 610, 613);
}

static void sessions_are_ended_from_afar_by_whose_they_are_and_by_the_owner(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor *owner = &house_of(c)->owner, anna = house_person(c, "anna");
	struct actor anonymous = ACTOR_ANONYMOUS;
	struct session mine = house_session(c, owner), hers = house_session(c, &anna), out;
	struct session_row *rows;
	size_t count;
	assert_err(c, session_list(c, core, &anna, STR("owner"), &rows, &count), ERR_DENIED);
	assert_err(c, session_list(c, core, &anonymous, STR("anna"), &rows, &count), ERR_UNAUTH);
	assert_err(c, session_end_one(c, core, &anna, STR("owner"), mine.id), ERR_DENIED);
	assert_err(c, session_end_one(c, core, &anna, STR("anna"), mine.id), ERR_NOT_FOUND);
	assert_ok(c, session_get(c, core, mine.cookie, &out));
	assert_ok(c, session_end_one(c, core, &anna, STR("anna"), hers.id));
	assert_err(c, session_get(c, core, hers.cookie, &out), ERR_UNAUTH);
	assert_err(c, session_end_one(c, core, &anna, STR("anna"), hers.id), ERR_NOT_FOUND);
	hers = house_session(c, &anna);
	assert_err(c, session_end_all(c, core, &anna, STR("owner")), ERR_DENIED);
	assert_err(c, session_end_all(c, core, owner, STR("nobody")), ERR_NOT_FOUND);
	assert_ok(c, session_end_all(c, core, owner, STR("anna")));
	assert_err(c, session_get(c, core, hers.cookie, &out), ERR_UNAUTH);
	/* What was proven before is over too. */
	assert_err(c, session_list(c, core, &anna, STR("anna"), &rows, &count), ERR_UNAUTH);
	assert_ok(c, session_list(c, core, owner, STR("anna"), &rows, &count));
	assert_int_equal(count, 0);
}

static void one_that_was_used_since_it_was_seen_is_left(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor *owner = &house_of(c)->owner;
	struct session s = house_session(c, owner), out;
	struct str name = STR("owner");
	struct session_row *rows;
	size_t count;
	assert_ok(c, session_list(c, core, owner, name, &rows, &count));
	struct expected expected = {.session = &rows[0]};
	pass(600);
	assert_ok(c, session_get(c, core, s.cookie, &out));
	assert_err(c, session_end_one_seen(c, core, owner, name, s.id, &expected), ERR_CONFLICT);
	assert_true(expected.changed);
	assert_ok(c, session_list(c, core, owner, name, &rows, &count));
	assert_int_equal(count, 1);
	expected = (struct expected){.session = &rows[0]};
	assert_ok(c, session_end_one_seen(c, core, owner, name, s.id, &expected));
	assert_err(c, session_end_one_seen(c, core, owner, name, s.id, &expected), ERR_CONFLICT);
	assert_true(expected.changed);
}

static void a_small_token_sees_and_ends_no_session(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct session s = house_session(c, &house_of(c)->owner);
	struct actor by = house_token(c, &house_of(c)->owner, PERMISSION_WRITE, NULL);
	struct session_row *rows;
	size_t count;
	assert_err(c, session_list(c, core, &by, STR("owner"), &rows, &count), ERR_DENIED);
	assert_err(c, session_end_one(c, core, &by, STR("owner"), s.id), ERR_DENIED);
	assert_err(c, session_end_all(c, core, &by, STR("owner")), ERR_DENIED);
	by = house_token(c, &house_of(c)->owner, PERMISSION_ADMIN, NULL);
	assert_ok(c, session_end_all(c, core, &by, STR("owner")));
	assert_err(c, session_get(c, core, s.cookie, &s), ERR_UNAUTH);
}

static void without_the_store_nobody_has_a_session_until_it_is_back(void **state)
{
	struct ctx *c = *state;
	struct session before = house_session(c, &house_of(c)->owner), other, s;
	const struct session_from from = {0};
	other = house_session(c, &house_of(c)->owner);
	assert_ok(c, session_ready(c, core_of(c)));
	struct kv *kept = house_lose_kv(c);
	assert_err(c, session_ready(c, core_of(c)), ERR_UNAVAILABLE);
	assert_err(
		c, session_begin(c, core_of(c), &house_of(c)->owner, &from, &s), ERR_UNAVAILABLE);
	assert_non_null(strstr(c->error.text, "nobody can sign in just now"));
	assert_err(c, session_get(c, core_of(c), before.cookie, &s), ERR_UNAUTH);
	/* Who signs out meanwhile is signed out when it is back. */
	assert_ok(c, session_end(c, core_of(c), other.cookie));
	house_find_kv(c, kept);
	assert_ok(c, session_get(c, core_of(c), before.cookie, &s));
	assert_err(c, session_get(c, core_of(c), other.cookie, &s), ERR_UNAUTH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(a_session_is_known_by_its_cookie_until_it_ends),
		HOUSE_TEST(two_sessions_share_nothing),
		HOUSE_TEST(an_id_without_its_secret_is_nobody),
		HOUSE_TEST(who_signs_out_may_have_the_secret_of_before),
		HOUSE_TEST(a_session_in_use_lives_on_but_not_for_ever),
		HOUSE_TEST(an_idle_session_ends),
		HOUSE_TEST(after_a_day_there_is_another_secret_and_the_old_one_ends_soon),
		HOUSE_TEST(a_proof_anew_is_another_session_with_the_same_end),
		HOUSE_TEST(a_new_password_or_a_removal_ends_all_sessions),
		HOUSE_TEST(only_a_person_begins_a_session),
		HOUSE_TEST(the_list_has_all_that_live_the_latest_first),
		HOUSE_TEST(sessions_are_ended_from_afar_by_whose_they_are_and_by_the_owner),
		HOUSE_TEST(one_that_was_used_since_it_was_seen_is_left),
		HOUSE_TEST(a_small_token_sees_and_ends_no_session),
		HOUSE_TEST(without_the_store_nobody_has_a_session_until_it_is_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

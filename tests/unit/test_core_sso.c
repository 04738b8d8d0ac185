/* Signing in by a provider that says whatever a test wants: tests/page/test_sso.py has a real one. */
#include "sso_house.h"

static void who_has_a_group_gets_an_account_and_keeps_it(void **state)
{
	struct ctx *c = *state;
	struct sso_end first, second;
	size_t count;
	gives(&corp, reads, 1);
	assert_ok(c, sign_in(c, &first));
	assert_true(first.joined);
	assert_str(first.who.username, "ada-lovelace");
	assert_str(first.who.via, "oidc:corp");
	assert_str(first.next, "/x?y=z");
	assert_false(first.who.owner);
	assert_str(house_audit(c).via, "oidc:corp");
	assert_str(house_audit(c).peer, "10.0.0.1");
	/* All that they are called may change. */
	corp.person.username = STR("owner");
	corp.person.email = STR("owner@example.org");
	assert_ok(c, sign_in(c, &second));
	assert_false(second.joined);
	assert_int_equal(second.who.user_id, first.who.user_id);
	assert_int_equal(second.by.identity_id, first.by.identity_id);
	struct identity *list = identities(c, "ada-lovelace", &count);
	assert_int_equal(count, 1);
	assert_str(list[0].name, "owner");
	assert_str(list[0].subject, "s1");
	assert_true(list[0].used > 0);
}

static void who_may_sign_up_is_a_setting(void **state)
{
	struct ctx *c = *state;
	struct sso_end end;
	static const struct {
		enum provider_sign_up sign_up;
		bool has_group, may;
	} rows[] = {
		{PROVIDER_SIGN_UP_INVITED, false, false},
		{PROVIDER_SIGN_UP_INVITED, true, false},
		{PROVIDER_SIGN_UP_GROUPS, false, false},
		{PROVIDER_SIGN_UP_GROUPS, true, true},
		{PROVIDER_SIGN_UP_ALL, false, true},
		{PROVIDER_SIGN_UP_ALL, true, true},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t before = people(c);
		corp.provider.sign_up = rows[i].sign_up;
		corp.person.subject = str_of(arena_fmt(c->arena, "s%zu", i));
		gives(&corp, reads, rows[i].has_group);
		enum err kind = sign_in(c, &end);
		if (rows[i].may)
			assert_ok(c, kind);
		else
			assert_err(c, kind, ERR_DENIED);
		assert_int_equal(people(c) - before, rows[i].may);
	}
}

static void names_are_made_unique_and_nobody_is_matched_by_them(void **state)
{
	struct ctx *c = *state;
	struct sso_end end;
	struct actor there = house_person(c, "ada");
	static const char *const said[] = {"Ada", "ADA@example.org", "ada"};
	static const char *const made[] = {"ada-2", "ada-3", "ada-4"};
	gives(&corp, reads, 1);
	for (size_t i = 0; i < 3; i++) {
		corp.person.username = str_of(said[i]);
		corp.person.subject = str_of(made[i]);
		assert_ok(c, sign_in(c, &end));
		assert_str(end.who.username, made[i]);
		assert_int_not_equal(end.who.user_id, there.user_id);
	}
	/* The same subject of another issuer is another person. */
	corp.person.issuer = STR("https://elsewhere.example.org");
	corp.person.subject = STR("ada-2");
	assert_ok(c, sign_in(c, &end));
	assert_str(end.who.username, "ada-5");
}

static void groups_decide_with_each_sign_in(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct sso_end end;
	struct grant by_hand = {.username = STR("ada-lovelace"),
			     .pattern = STR("docs"),
			     .level = PERMISSION_ADMIN},
		     *list;
	size_t count;
	gives(&corp, reads, 1);
	assert_ok(c, sign_in(c, &end));
	assert_ok(c, grant_put(c, core, &house_of(c)->owner, &by_hand, &by_hand));
	gives(&corp, writes, 2);
	assert_ok(c, sign_in(c, &end));
	list = grants(c, &count);
	assert_int_equal(count, 3);
	assert_str(list[0].pattern, "docs");
	assert_str(list[0].source, "");
	assert_int_equal(list[0].level, PERMISSION_ADMIN);
	assert_str(list[1].source, "oidc:corp");
	assert_int_equal(list[1].level, PERMISSION_READ);
	assert_str(list[2].pattern, "web-*");
	assert_int_equal(list[2].level, PERMISSION_WRITE);
	/* What stays as it is is not written anew. */
	int64_t id = list[2].id;
	gives(&corp, writes, 1);
	assert_ok(c, sign_in(c, &end));
	list = grants(c, &count);
	assert_int_equal(count, 2);
	assert_int_equal(list[1].id, id);
	gives(&corp, NULL, 0);
	assert_ok(c, sign_in(c, &end));
	list = grants(c, &count);
	assert_int_equal(count, 1);
	assert_str(list[0].source, "");
}

/* Only then are their groups looked at again. */
static void whom_a_provider_signed_in_signs_in_anew_every_day(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct sso_end end;
	const int64_t hour = 3600 * 1000000LL;
	gives(&corp, reads, 1);
	assert_ok(c, sign_in(c, &end));
	struct session s = session_by(c, &end), own = house_session(c, &house_of(c)->owner), got;
	assert_int_equal(s.seconds, 86400);
	for (int i = 0; i < 23; i++) {
		house_moved += hour;
		assert_ok(c, session_get(c, core, s.cookie, &got));
	}
	/* Proving it once more gives no more time: no group was looked at for that. */
	assert_ok(c, session_prove_by(c, core, &got, &(struct session_from){0}, &end.by, &s));
	assert_ok(c, session_get(c, core, s.cookie, &got));
	house_moved += hour;
	assert_err(c, session_get(c, core, s.cookie, &got), ERR_UNAUTH);
	assert_ok(c, session_get(c, core, own.cookie, &got));
	core->limits.session_seconds = 600;
	assert_ok(c, sign_in(c, &end));
	s = session_by(c, &end);
	assert_int_equal(s.seconds, 600);
}

static void a_flow_is_of_one_browser_once_and_for_ten_minutes(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct sso_end end;
	struct str url;
	const struct sso_begin what = wish(SSO_SIGN_IN);
	gives(&corp, reads, 1);
	assert_ok(c, sso_begin(c, core, &nobody, &what, &url));
	struct sso_answer good = answer_of(c), bad = good;
	bad.browser = STR("another-another-another-another-another-ano");
	assert_err(c, sso_finish(c, core, &nobody, &bad, &end), ERR_UNAUTH);
	bad.browser = STR("");
	assert_err(c, sso_finish(c, core, &nobody, &bad, &end), ERR_UNAUTH);
	bad = good;
	bad.provider = STR("other");
	assert_err(c, sso_finish(c, core, &nobody, &bad, &end), ERR_UNAUTH);
	bad = good;
	bad.query = STR("code=1&state=x");
	assert_err(c, sso_finish(c, core, &nobody, &bad, &end), ERR_UNAUTH);
	bad.query = STR("");
	assert_err(c, sso_finish(c, core, &nobody, &bad, &end), ERR_UNAUTH);
	bad.provider = STR("none");
	assert_err(c, sso_finish(c, core, &nobody, &bad, &end), ERR_NOT_FOUND);
	/* None of these used it up. */
	assert_ok(c, sso_finish(c, core, &nobody, &good, &end));
	assert_err(c, sso_finish(c, core, &nobody, &good, &end), ERR_UNAUTH);
	says(c, "begin it again");
	assert_ok(c, sso_begin(c, core, &nobody, &what, &url));
	house_moved += (SSO_SECONDS + 1) * 1000000LL;
	good = answer_of(c);
	assert_err(c, sso_finish(c, core, &nobody, &good, &end), ERR_UNAUTH);
	assert_int_equal(people(c), 2);
}

static void what_a_provider_refuses_is_refused(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct sso_end end;
	struct str url;
	const struct sso_begin what = wish(SSO_SIGN_IN);
	static const enum err from[] = {ERR_UNAUTH, ERR_UNAVAILABLE, ERR_TIMEOUT};
	static const enum err to[] = {ERR_UNAUTH, ERR_UNAVAILABLE, ERR_UNAVAILABLE};
	gives(&corp, reads, 1);
	for (size_t i = 0; i < 3; i++) {
		corp.refuses = OK;
		assert_ok(c, sso_begin(c, core, &nobody, &what, &url));
		const struct sso_answer answer = answer_of(c);
		corp.refuses = from[i];
		assert_err(c, sso_finish(c, core, &nobody, &answer, &end), to[i]);
		assert_str(end.next, "/x?y=z");
		assert_err(c, sso_begin(c, core, &nobody, &what, &url), to[i]);
	}
	corp.refuses = ERR_UNSUPPORTED;
	assert_err(c, sso_begin(c, core, &nobody, &what, &url), ERR_NOT_FOUND);
	assert_int_equal(people(c), 1);
}

static void what_begins_a_flow_is_bounded(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct str url;
	struct sso_begin what = wish(SSO_SIGN_IN);
	what.next = STR("/a b");
	assert_err(c, sso_begin(c, core, &nobody, &what, &url), ERR_INVALID);
	what.next = STR("");
	assert_err(c, sso_begin(c, core, &nobody, &what, &url), ERR_INVALID);
	what = wish(SSO_SIGN_IN);
	what.browser = STR("");
	assert_err(c, sso_begin(c, core, &nobody, &what, &url), ERR_INVALID);
	what = wish(SSO_CONNECT);
	assert_err(c, sso_begin(c, core, &nobody, &what, &url), ERR_UNAUTH);
	what = wish(SSO_INVITED);
	what.invitation = STR("wrong");
	assert_err(c, sso_begin(c, core, &nobody, &what, &url), ERR_UNAUTH);
	what = wish(SSO_SIGN_IN);
	enum err kind = OK;
	for (int i = 0; i < 100 && !kind; i++)
		kind = sso_begin(c, core, &nobody, &what, &url);
	assert_err(c, kind, ERR_RATE_LIMITED);
	/* A customer has a whole network of IPv6. */
	kind = OK;
	for (int i = 0; i < 100 && !kind; i++) {
		what.peer = str_of(arena_fmt(c->arena, "2001:db8::%d", i + 1));
		kind = sso_begin(c, core, &nobody, &what, &url);
	}
	assert_err(c, kind, ERR_RATE_LIMITED);
	what.peer = STR("10.0.0.2");
	assert_ok(c, sso_begin(c, core, &nobody, &what, &url));
	house_moved += 61 * 1000000LL;
	what.peer = STR("10.0.0.1");
	assert_ok(c, sso_begin(c, core, &nobody, &what, &url));
	struct kv *kept = house_lose_kv(c);
	assert_err(c, sso_begin(c, core, &nobody, &what, &url), ERR_UNAVAILABLE);
	house_find_kv(c, kept);
}

static void an_account_is_connected_by_who_is_signed_in(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor ada = house_person(c, "ada"), ben = house_person(c, "ben");
	struct sso_end end;
	struct str url;
	size_t count;
	gives(&corp, reads, 1);
	assert_ok(c, go(c, &ada, SSO_CONNECT, &end));
	assert_true(corp.flow.anew);
	assert_false(end.joined);
	assert_str(house_audit(c).username, "ada");
	identities(c, "ada", &count);
	assert_int_equal(count, 1);
	/* Again is fine; another's is not. */
	assert_ok(c, go(c, &ada, SSO_CONNECT, &end));
	assert_err(c, go(c, &ben, SSO_CONNECT, &end), ERR_EXISTS);
	assert_ok(c, sign_in(c, &end));
	assert_str(end.who.username, "ada");
	/* They were asked for it there, and lately; of who does not say when, it is believed. */
	int64_t now = c->world->clock() / 1000000;
	corp.person.authenticated = now - 3600;
	assert_err(c, go(c, &ada, SSO_CONNECT, &end), ERR_UNAUTH);
	says(c, "did not ask you again");
	corp.person.subject = STR("s3");
	assert_err(c, go(c, &ben, SSO_CONNECT, &end), ERR_UNAUTH);
	identities(c, "ben", &count);
	assert_int_equal(count, 0);
	corp.person.subject = STR("s1");
	corp.person.authenticated = now - 10;
	assert_ok(c, go(c, &ada, SSO_CONNECT, &end));
	corp.person.authenticated = 0;
	corp.person.subject = STR("s2");
	/* Begun by one, ended by another. */
	const struct sso_begin what = wish(SSO_CONNECT);
	assert_ok(c, sso_begin(c, core, &ada, &what, &url));
	const struct sso_answer answer = answer_of(c);
	assert_err(c, sso_finish(c, core, &ben, &answer, &end), ERR_UNAUTH);
	assert_ok(c, sso_begin(c, core, &ada, &what, &url));
	const struct sso_answer later = answer_of(c);
	assert_err(c, sso_finish(c, core, &nobody, &later, &end), ERR_UNAUTH);
	identities(c, "ben", &count);
	assert_int_equal(count, 0);
}

static void the_owner_stays_the_owner_and_nobody_becomes_it(void **state)
{
	struct ctx *c = *state;
	struct sso_end end;
	size_t count;
	gives(&corp, writes, 2);
	assert_ok(c, go(c, &house_of(c)->owner, SSO_CONNECT, &end));
	assert_ok(c, sign_in(c, &end));
	assert_true(end.who.owner);
	/* Who has it all is given nothing. */
	grants(c, &count);
	assert_int_equal(count, 0);
	corp.person.subject = STR("s2");
	corp.person.username = STR("owner");
	assert_ok(c, sign_in(c, &end));
	assert_false(end.who.owner);
	assert_str(end.who.username, "owner-2");
}

static void who_proves_it_anew_is_the_same_and_was_asked_lately(void **state)
{
	struct ctx *c = *state;
	struct sso_end end;
	int64_t now = c->world->clock() / 1000000;
	gives(&corp, reads, 1);
	assert_ok(c, sign_in(c, &end));
	const struct actor ada = end.who;
	corp.person.authenticated = now - 10;
	assert_ok(c, go(c, &ada, SSO_PROVE, &end));
	assert_true(corp.flow.anew);
	assert_int_equal(end.by.proved, now - 10);
	corp.person.authenticated = now - 3600;
	assert_err(c, go(c, &ada, SSO_PROVE, &end), ERR_UNAUTH);
	says(c, "did not ask you again");
	corp.person.authenticated = 0;
	assert_ok(c, go(c, &ada, SSO_PROVE, &end));
	corp.person.subject = STR("s2");
	assert_err(c, go(c, &ada, SSO_PROVE, &end), ERR_UNAUTH);
	says(c, "somebody else");
	assert_int_equal(people(c), 2);
}

static void an_account_at_its_end_signs_in_nobody(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct sso_end end;
	gives(&corp, reads, 1);
	assert_ok(c, sign_in(c, &end));
	assert_ok(c, collaborator_set_expires(c, core, &house_of(c)->owner, STR("ada-lovelace"),
			     c->world->clock() / 1000000 + 60));
	house_moved += 120 * 1000000LL;
	assert_err(c, sign_in(c, &end), ERR_DENIED);
	assert_ok(c, collaborator_remove(c, core, &house_of(c)->owner, STR("ada-lovelace")));
	corp.provider.sign_up = PROVIDER_SIGN_UP_INVITED;
	assert_err(c, sign_in(c, &end), ERR_DENIED);
	says(c, "Ask the owner for an invitation");
}

static void an_invitation_makes_an_account(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	const struct invitation_new named = {.username = STR("grace"), .seconds = 600};
	struct invitation made, *list;
	struct sso_begin what = wish(SSO_INVITED);
	struct sso_end end;
	struct str url;
	size_t count;
	corp.provider.sign_up = PROVIDER_SIGN_UP_INVITED;
	assert_ok(c,
		invitation_create(c, core, &house_of(c)->owner, &named, &made, &what.invitation));
	assert_ok(c, sso_begin(c, core, &nobody, &what, &url));
	struct sso_answer answer = answer_of(c);
	assert_ok(c, sso_finish(c, core, &nobody, &answer, &end));
	assert_str(end.who.username, "grace");
	assert_true(end.joined);
	assert_ok(c, invitation_list(c, core, &house_of(c)->owner, &list, &count));
	assert_int_equal(count, 0);
	/* Used up between the two halves: nobody is made. */
	const struct invitation_new open = {.seconds = 600};
	assert_ok(
		c, invitation_create(c, core, &house_of(c)->owner, &open, &made, &what.invitation));
	assert_ok(c, sso_begin(c, core, &nobody, &what, &url));
	answer = answer_of(c);
	assert_err(c, sso_finish(c, core, &nobody, &answer, &end), ERR_EXISTS);
	corp.person.subject = STR("s2");
	assert_ok(c, sso_begin(c, core, &nobody, &what, &url));
	assert_ok(c, invitation_revoke(c, core, &house_of(c)->owner, made.id));
	answer = answer_of(c);
	assert_err(c, sso_finish(c, core, &nobody, &answer, &end), ERR_UNAUTH);
	assert_int_equal(people(c), 2);
}

/* A fault at every operation in turn: there is the whole account or none. */
static void an_account_is_made_in_one_piece(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct sso_end end;
	enum err kind = ERR_IO;
	gives(&corp, writes, 2);
	for (int64_t n = 1; kind; n++) {
		db_faulty_set(core->db, n, ERR_IO);
		kind = sign_in(c, &end);
		db_faulty_set(core->db, 0, OK);
		house_moved += 2 * 1000000LL; /* one address begins so many in a minute */
		assert_int_equal(people(c), kind ? 1 : 2);
		assert_true(n > 5 || kind);
		assert_true(!kind || kind == ERR_IO);
	}
	size_t count;
	grants(c, &count);
	assert_int_equal(count, 2);
	identities(c, "ada-lovelace", &count);
	assert_int_equal(count, 1);
}

static void a_key_neither_connects_nor_proves(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor ada = house_person(c, "ada");
	struct actor key = house_token(c, &ada, PERMISSION_ADMIN, NULL);
	static const enum sso_purpose purposes[] = {SSO_CONNECT, SSO_PROVE};
	struct sso_end end;
	struct str url;
	size_t count;
	for (size_t i = 0; i < 2; i++) {
		const struct sso_begin what = wish(purposes[i]);
		assert_err(c, sso_begin(c, core, &key, &what, &url), ERR_DENIED);
		says(c, "a key cannot");
		/* Nor when it is back from there, if a person had begun it. */
		assert_ok(c, sso_begin(c, core, &ada, &what, &url));
		const struct sso_answer answer = answer_of(c);
		assert_err(c, sso_finish(c, core, &key, &answer, &end), ERR_DENIED);
		says(c, "a key cannot");
		identities(c, "ada", &count);
		assert_int_equal(count, i);
		/* So that there is something to prove. */
		assert_ok(c, go(c, &ada, SSO_CONNECT, &end));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SSO_TEST(who_has_a_group_gets_an_account_and_keeps_it),
		SSO_TEST(who_may_sign_up_is_a_setting),
		SSO_TEST(names_are_made_unique_and_nobody_is_matched_by_them),
		SSO_TEST(groups_decide_with_each_sign_in),
		SSO_TEST(whom_a_provider_signed_in_signs_in_anew_every_day),
		SSO_TEST(a_flow_is_of_one_browser_once_and_for_ten_minutes),
		SSO_TEST(what_a_provider_refuses_is_refused),
		SSO_TEST(what_begins_a_flow_is_bounded),
		SSO_TEST(an_account_is_connected_by_who_is_signed_in),
		SSO_TEST(the_owner_stays_the_owner_and_nobody_becomes_it),
		SSO_TEST(who_proves_it_anew_is_the_same_and_was_asked_lately),
		SSO_TEST(an_account_at_its_end_signs_in_nobody),
		SSO_TEST(an_invitation_makes_an_account),
		SSO_TEST(an_account_is_made_in_one_piece),
		SSO_TEST(a_key_neither_connects_nor_proves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

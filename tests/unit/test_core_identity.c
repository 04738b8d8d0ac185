/* What somebody whom a provider knows has here: identities, sessions, keys. */
#include "sso_house.h"

#include "core/password.h"
#include "meta/factor.h"

static void identities_are_ones_own_and_the_owners(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor *owner = &house_of(c)->owner, ben = house_person(c, "ben");
	struct identity *list, made;
	struct sso_end end;
	size_t count;
	gives(&corp, reads, 1);
	assert_ok(c, sign_in(c, &end));
	struct actor ada = end.who;
	struct session session = session_by(c, &end), kept = house_session(c, &ada);
	assert_str(session.who.via, "oidc:corp");
	assert_str(kept.who.via, "session");
	int64_t id = end.by.identity_id;
	struct str name = ada.username;
	assert_err(c, identity_list(c, core, &ben, name, &list, &count), ERR_DENIED);
	assert_err(c, identity_list(c, core, &nobody, name, &list, &count), ERR_UNAUTH);
	assert_ok(c, identity_list(c, core, &ada, name, &list, &count));
	assert_err(c, identity_remove(c, core, &ben, name, id), ERR_DENIED);
	assert_err(c, identity_remove(c, core, &ben, STR("ben"), id), ERR_NOT_FOUND);
	assert_err(c, identity_remove(c, core, &ada, name, id + 1), ERR_NOT_FOUND);
	assert_err(c, identity_remove(c, core, &ada, name, id), ERR_INVALID);
	says(c, "only way to sign in");
	const struct identity_new what = {name, STR("other"), STR("s9")};
	assert_err(c, identity_add(c, core, &ada, &what, &made), ERR_DENIED);
	assert_ok(c, identity_add(c, core, owner, &what, &made));
	assert_str(made.issuer, "https://other.example.org");
	assert_ok(c, identity_remove(c, core, &ada, name, id));
	grants(c, &count);
	assert_int_equal(count, 0);
	assert_err(c, session_get(c, core, session.cookie, &session), ERR_UNAUTH);
	assert_ok(c, session_get(c, core, kept.cookie, &kept));
	assert_err(c, identity_remove(c, core, &ada, name, made.id), ERR_INVALID);
	/* A password is a way in where it counts. */
	assert_ok(c,
		collaborator_set_password(c, core, owner, name, STR("gravel-otter-ninety-lamp")));
	struct credential cred = {CREDENTIAL_PASSWORD, name, STR("gravel-otter-ninety-lamp")};
	assert_ok(c, login_credential(c, core, &cred, STR(""), &ada));
	core->passwords_owner_only = true;
	assert_err(c, identity_remove(c, core, &ada, name, made.id), ERR_INVALID);
	core->passwords_owner_only = false;
	assert_ok(c, identity_remove(c, core, &ada, name, made.id));
	assert_err(c, identity_remove(c, core, owner, name, made.id), ERR_NOT_FOUND);
}

static void one_that_signed_in_since_it_was_seen_is_left(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor *owner = &house_of(c)->owner;
	struct identity *list;
	struct sso_end end;
	size_t count;
	gives(&corp, reads, 1);
	assert_ok(c, sign_in(c, &end));
	struct str name = end.who.username;
	int64_t id = end.by.identity_id;
	assert_ok(c, identity_list(c, core, owner, name, &list, &count));
	struct expected expected = {.identity = &list[0]};
	house_moved += 10 * 1000000LL;
	assert_ok(c, sign_in(c, &end));
	assert_err(c, identity_remove_seen(c, core, owner, name, id, &expected), ERR_CONFLICT);
	assert_true(expected.changed);
	assert_ok(c, identity_list(c, core, owner, name, &list, &count));
	expected = (struct expected){.identity = &list[0]};
	assert_ok(c, identity_remove_seen(c, core, owner, name, id, &expected));
	assert_err(c, identity_remove_seen(c, core, owner, name, id, &expected), ERR_CONFLICT);
	assert_true(expected.changed);
}

static void what_is_added_by_hand_is_checked(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor *owner = &house_of(c)->owner;
	struct identity made;
	struct identity_new what = {STR("ben"), STR("corp"), STR("repo:x/y:ref:refs/heads/main")};
	assert_err(c, identity_add(c, core, owner, &what, &made), ERR_NOT_FOUND);
	house_person(c, "ben");
	assert_ok(c, identity_add(c, core, owner, &what, &made));
	assert_err(c, identity_add(c, core, owner, &what, &made), ERR_EXISTS);
	what.provider = STR("none");
	assert_err(c, identity_add(c, core, owner, &what, &made), ERR_NOT_FOUND);
	what.provider = STR("corp");
	static const char *const bad[] = {"", "a\nb", "\xff"};
	for (size_t i = 0; i < 3; i++) {
		what.subject = str_of(bad[i]);
		assert_err(c, identity_add(c, core, owner, &what, &made), ERR_INVALID);
	}
	enum err kind = OK;
	for (int i = 0; i < 30 && !kind; i++) {
		what.subject = str_of(arena_fmt(c->arena, "s%d", i));
		kind = identity_add(c, core, owner, &what, &made);
	}
	assert_err(c, kind, ERR_INVALID);
}

static void sessions_remember_by_whom_they_were_begun(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	const struct session_from from = {STR("10.0.0.1"), STR("Firefox")};
	struct session s, fresh;
	struct sso_end end;
	int64_t now = c->world->clock() / 1000000;
	gives(&corp, reads, 1);
	corp.person.id_token = STR("a.b.c");
	corp.person.authenticated = now - 3600;
	assert_ok(c, sign_in(c, &end));
	s = session_by(c, &end);
	assert_int_equal(s.proved, now - 3600);
	assert_ok(c, session_prove(c, core, &s, &from, &fresh));
	assert_str(fresh.who.via, "oidc:corp");
	assert_true(fresh.proved >= now);
	assert_int_equal(session_take_id_token(c, core, s.id).len, 0);
	struct str token = session_take_id_token(c, core, fresh.id);
	assert_str(token, "a.b.c");
	assert_int_equal(session_take_id_token(c, core, fresh.id).len, 0);
	/* A provider's clock that is ahead gives no more time. */
	end.by.proved = now + 9999;
	s = session_by(c, &end);
	assert_true(s.proved <= s.now);
	struct str url = sso_sign_out(c, core, s.who.via, token, STR("https://git/"));
	assert_str(url, ISSUER "/end?hint=a.b.c&back=https://git/");
	assert_int_equal(sso_sign_out(c, core, STR("session"), token, STR("/")).len, 0);
	assert_int_equal(sso_sign_out(c, core, STR("oidc:none"), token, STR("/")).len, 0);
	corp.refuses = ERR_UNAVAILABLE;
	assert_int_equal(sso_sign_out(c, core, s.who.via, token, STR("/")).len, 0);
	assert_int_equal(c->error.kind, OK);
}

static void who_signs_out_there_is_signed_out_here(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct sso_end end;
	struct session s[3], by_hand;
	static const char *const there[] = {"t1", "t1", "t2"};
	gives(&corp, reads, 1);
	for (size_t i = 0; i < 3; i++) {
		corp.person.session = str_of(there[i]);
		assert_ok(c, sign_in(c, &end));
		s[i] = session_by(c, &end);
	}
	by_hand = house_session(c, &end.who);
	corp.signed_out = (struct provider_signed_out){.issuer = STR("https://elsewhere"),
		.subject = STR("s1"),
		.id = STR("j0"),
		.expires = c->world->clock() / 1000000 + 100};
	assert_ok(c, sso_signed_out(c, core, STR("corp"), STR("x")));
	assert_ok(c, session_get(c, core, s[0].cookie, &s[0]));
	corp.signed_out.issuer = STR(ISSUER);
	corp.signed_out.session = STR("t1");
	corp.signed_out.id = STR("j1");
	assert_ok(c, sso_signed_out(c, core, STR("corp"), STR("x")));
	assert_err(c, session_get(c, core, s[0].cookie, &s[0]), ERR_UNAUTH);
	assert_err(c, session_get(c, core, s[1].cookie, &s[1]), ERR_UNAUTH);
	assert_ok(c, session_get(c, core, s[2].cookie, &s[2]));
	assert_str(house_audit(c).action, "session.ended");
	assert_str(house_audit(c).subject, "ada-lovelace");
	assert_str(house_audit(c).via, "oidc:corp");
	assert_err(c, sso_signed_out(c, core, STR("corp"), STR("x")), ERR_UNAUTH);
	says(c, "came before");
	assert_err(c, sso_signed_out(c, core, STR("none"), STR("x")), ERR_NOT_FOUND);
	/* Of a session that has no name; and of a subject, wherever. */
	corp.signed_out.subject = STR("");
	corp.signed_out.session = STR("t2");
	corp.signed_out.id = STR("j2");
	assert_ok(c, sso_signed_out(c, core, STR("corp"), STR("x")));
	assert_err(c, session_get(c, core, s[2].cookie, &s[2]), ERR_UNAUTH);
	s[0] = session_by(c, &end);
	corp.signed_out.subject = STR("s1");
	corp.signed_out.session = STR("");
	corp.signed_out.id = STR("j3");
	assert_ok(c, sso_signed_out(c, core, STR("corp"), STR("x")));
	assert_err(c, session_get(c, core, s[0].cookie, &s[0]), ERR_UNAUTH);
	assert_ok(c, session_get(c, core, by_hand.cookie, &by_hand));
	corp.refuses = ERR_UNAUTH;
	assert_err(c, sso_signed_out(c, core, STR("corp"), STR("x")), ERR_UNAUTH);
}

/* A change that ends all sessions keeps the one of who made it: it is still of the provider. */
static void a_session_that_goes_on_is_still_of_the_provider(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct session before, kept, got;
	struct sso_end end;
	gives(&corp, reads, 1);
	corp.person.session = STR("t1");
	corp.person.id_token = STR("who.it.is");
	assert_ok(c, sign_in(c, &end));
	before = session_by(c, &end);
	assert_ok(c, session_get(c, core, before.cookie, &before));
	assert_ok(c, session_end_all(c, core, &before.who, before.who.username));
	assert_ok(c, session_keep(c, core, &before, &kept));
	assert_str(kept.who.via, "oidc:corp");
	assert_ok(c, session_get(c, core, kept.cookie, &got));
	assert_str(got.who.via, "oidc:corp");
	assert_int_equal(got.proved, before.proved);
	assert_str(session_take_id_token(c, core, got.id), "who.it.is");
	corp.signed_out = (struct provider_signed_out){.issuer = STR(ISSUER),
		.session = STR("t1"),
		.id = STR("j1"),
		.expires = c->world->clock() / 1000000 + 100};
	assert_ok(c, sso_signed_out(c, core, STR("corp"), STR("x")));
	assert_err(c, session_get(c, core, kept.cookie, &got), ERR_UNAUTH);
	/* One that was begun by a password stays that. */
	struct session own = house_session(c, &house_of(c)->owner);
	assert_ok(c, session_end_all(c, core, &own.who, STR("owner")));
	assert_ok(c, session_keep(c, core, &own, &kept));
	assert_ok(c, session_get(c, core, kept.cookie, &got));
	assert_str(got.who.via, "session");
}

/* What came to nothing may come again. */
static void a_logout_that_failed_is_not_used_up(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct session session;
	struct sso_end end;
	enum err kind = ERR_IO;
	gives(&corp, reads, 1);
	assert_ok(c, sign_in(c, &end));
	session = session_by(c, &end);
	corp.signed_out = (struct provider_signed_out){.issuer = STR(ISSUER),
		.subject = STR("s1"),
		.id = STR("j1"),
		.expires = c->world->clock() / 1000000 + 100};
	for (int64_t n = 1; kind; n++) {
		db_faulty_set(core->db, n, ERR_IO);
		kind = sso_signed_out(c, core, STR("corp"), STR("x"));
		db_faulty_set(core->db, 0, OK);
		assert_true(!kind || kind == ERR_IO);
		assert_true(n > 3 || kind);
		if (kind)
			assert_ok(c, session_get(c, core, session.cookie, &session));
	}
	assert_err(c, session_get(c, core, session.cookie, &session), ERR_UNAUTH);
	assert_err(c, sso_signed_out(c, core, STR("corp"), STR("x")), ERR_UNAUTH);
	says(c, "came before");
}

static void a_token_of_theirs_is_a_key(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor ben = house_person(c, "ben"), who;
	const struct identity_new what = {STR("ben"), STR("corp"), STR("s1")};
	const struct credential cred = {CREDENTIAL_TOKEN, {0}, STR("eyJh.eyJh.x")};
	const struct credential basic = {CREDENTIAL_PASSWORD, STR("any"), STR("eyJh.eyJh.x")};
	struct identity made;
	struct session session;
	const struct session_from from = {STR("10.0.0.1"), STR("curl")};
	struct user self;
	DB_TX *tx = NULL;
	core->auth[4] = core->auth[0];
	core->auth[0] = auth_oidc_open(core->db, core->providers, core->provider_count);
	core->auth_count = 5;
	corp.person.expires = c->world->clock() / 1000000 + 100;
	assert_err(c, login_credential(c, core, &cred, STR(""), &who), ERR_UNAUTH);
	assert_ok(c, identity_add(c, core, &house_of(c)->owner, &what, &made));
	assert_ok(c, login_credential(c, core, &basic, STR(""), &who));
	assert_ok(c, login_credential(c, core, &cred, STR("10.0.0.7"), &who));
	assert_int_equal(who.user_id, ben.user_id);
	assert_str(who.via, "oidc:corp");
	assert_str(who.peer, "10.0.0.7");
	assert_true(actor_has_key(&who));
	assert_err(c, session_begin(c, core, &who, &from, &session), ERR_DENIED);
	assert_ok(c, db_begin(c, core->db, DB_READ, &tx));
	assert_ok(c, permit_self(c, core, tx, &who));
	db_rollback(&tx);
	/* From its end on, and from the commit that disconnects it. */
	house_moved += 101 * 1000000LL;
	assert_ok(c, db_begin(c, core->db, DB_READ, &tx));
	assert_err(c, permit_self(c, core, tx, &who), ERR_UNAUTH);
	db_rollback(&tx);
	who.ends += 1000;
	assert_ok(c, identity_remove(c, core, &house_of(c)->owner, STR("ben"), made.id));
	assert_ok(c, db_begin(c, core->db, DB_READ, &tx));
	assert_err(c, permit_self(c, core, tx, &who), ERR_UNAUTH);
	assert_ok(c, meta_user_get(c, tx, ben.user_id, &self));
	db_rollback(&tx);
	corp.refuses = other.refuses = ERR_UNSUPPORTED;
	assert_err(c, login_credential(c, core, &cred, STR(""), &who), ERR_UNAUTH);
	auth_close(core->auth[0]);
	core->auth[0] = core->auth[4];
}

static void passwords_may_be_the_owners_alone(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor who;
	struct user ben;
	struct invitation made;
	struct str secret;
	const char *password = "gravel-otter-ninety-lamp";
	const struct invitation_new open = {.seconds = 600};
	assert_ok(c, collaborator_create(
			     c, core, &house_of(c)->owner, STR("ben"), str_of(password), &ben));
	const struct credential right = {CREDENTIAL_PASSWORD, STR("ben"), str_of(password)};
	const struct credential wrong = {CREDENTIAL_PASSWORD, STR("ben"), STR("wrong")};
	const struct credential owner = {CREDENTIAL_PASSWORD, STR("owner"), STR("correct horse")};
	core->passwords_owner_only = true;
	assert_err(c, login_credential(c, core, &wrong, STR(""), &who), ERR_UNAUTH);
	const char *said = arena_strdup(c->arena, c->error.text);
	assert_err(c, login_credential(c, core, &right, STR(""), &who), ERR_UNAUTH);
	assert_string_equal(said, c->error.text);
	assert_ok(c, login_credential(c, core, &owner, STR(""), &who));
	assert_ok(c, invitation_create(c, core, &house_of(c)->owner, &open, &made, &secret));
	assert_err(c, invitation_accept(c, core, secret, STR("eve"), str_of(password), &who),
		ERR_DENIED);
	core->passwords_owner_only = false;
	assert_ok(c, login_credential(c, core, &right, STR(""), &who));
}

static void nobody_is_given_a_password_that_does_not_count(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor *owner = &house_of(c)->owner, who;
	struct user user;
	struct str secret, fresh, name;
	const struct str password = STR("gravel-otter-ninety-lamp");
	const struct credential right = {CREDENTIAL_PASSWORD, STR("ben"), password};
	assert_ok(c, collaborator_create(c, core, owner, STR("ben"), password, &user));
	core->passwords_owner_only = true;
	assert_err(c, password_reset(c, core, owner, STR("ben"), 600, &secret), ERR_DENIED);
	says(c, "passwords are the owner's alone");
	assert_err(c,
		collaborator_set_password(c, core, owner, STR("ben"), STR("another good one")),
		ERR_DENIED);
	says(c, "passwords are the owner's alone");
	assert_err(c, collaborator_create(c, core, owner, STR("eve"), password, &user), ERR_DENIED);
	assert_int_equal(people(c), 2);
	assert_ok(c, collaborator_create(c, core, owner, STR("eve"), STR(""), &user));
	/* Nothing of it was done. */
	core->passwords_owner_only = false;
	assert_ok(c, login_credential(c, core, &right, STR(""), &who));
	assert_ok(c, password_reset(c, core, owner, STR("ben"), 600, &secret));
	core->passwords_owner_only = true;
	assert_err(c, password_reset_whose(c, core, secret, &name), ERR_DENIED);
	assert_err(c, password_reset_take(c, core, secret, password, &who), ERR_DENIED);
	core->passwords_owner_only = false;
	assert_ok(c, password_reset_take(c, core, secret, password, &who));
	/* The owner's counts. */
	core->passwords_owner_only = true;
	assert_ok(c, password_reset(c, core, owner, STR("owner"), 600, &fresh));
	assert_ok(c, password_reset_take(c, core, fresh, password, &who));
	assert_true(who.owner);
	assert_ok(c, collaborator_set_password(c, core, &who, STR("owner"), STR("correct horse")));
	core->passwords_owner_only = false;
}

/* What signs in to it by a provider is asked for nothing more by us. */
static void a_key_opens_no_account_that_it_could_not_open_before(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor *owner = &house_of(c)->owner, ada = house_person(c, "ada");
	struct actor key = house_token(c, owner, PERMISSION_ADMIN, NULL);
	struct totp_row row = {.sealed = STR("sealed")};
	struct identity_new what = {STR("owner"), STR("corp"), STR("s7")};
	struct identity made;
	DB_TX *tx = NULL;
	assert_err(c, identity_add(c, core, &key, &what, &made), ERR_DENIED);
	says(c, "a key cannot connect");
	assert_ok(c, identity_add(c, core, owner, &what, &made));
	/* Of whom a password alone, or nothing, is asked, a key may. */
	what = (struct identity_new){STR("ada"), STR("corp"), STR("s8")};
	assert_ok(c, identity_add(c, core, &key, &what, &made));
	assert_ok(c, db_begin(c, core->db, DB_WRITE, &tx));
	assert_ok(c, meta_totp_add(c, tx, ada.user_id, &row));
	assert_ok(c, db_commit(c, &tx));
	what.subject = STR("s9");
	assert_err(c, identity_add(c, core, &key, &what, &made), ERR_DENIED);
	assert_ok(c, identity_add(c, core, owner, &what, &made));
}

static void a_key_disconnects_nobody_from_their_own(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor *owner = &house_of(c)->owner, ada = house_person(c, "ada");
	struct actor hers = house_token(c, &ada, PERMISSION_ADMIN, NULL);
	struct actor key = house_token(c, owner, PERMISSION_ADMIN, NULL);
	struct identity one, two, own;
	const struct identity_new first = {STR("ada"), STR("corp"), STR("s1")};
	const struct identity_new second = {STR("ada"), STR("other"), STR("s2")};
	const struct identity_new third = {STR("owner"), STR("corp"), STR("s3")};
	assert_ok(c, identity_add(c, core, owner, &first, &one));
	assert_ok(c, identity_add(c, core, owner, &second, &two));
	assert_ok(c, identity_add(c, core, owner, &third, &own));
	assert_err(c, identity_remove(c, core, &hers, STR("ada"), one.id), ERR_DENIED);
	says(c, "a key cannot disconnect");
	assert_err(c, identity_remove(c, core, &key, STR("owner"), own.id), ERR_DENIED);
	assert_ok(c, identity_remove(c, core, &key, STR("ada"), two.id));
	assert_ok(c, identity_remove(c, core, owner, STR("owner"), own.id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SSO_TEST(identities_are_ones_own_and_the_owners),
		SSO_TEST(one_that_signed_in_since_it_was_seen_is_left),
		SSO_TEST(what_is_added_by_hand_is_checked),
		SSO_TEST(sessions_remember_by_whom_they_were_begun),
		SSO_TEST(who_signs_out_there_is_signed_out_here),
		SSO_TEST(a_session_that_goes_on_is_still_of_the_provider),
		SSO_TEST(a_logout_that_failed_is_not_used_up),
		SSO_TEST(a_token_of_theirs_is_a_key),
		SSO_TEST(passwords_may_be_the_owners_alone),
		SSO_TEST(nobody_is_given_a_password_that_does_not_count),
		SSO_TEST(a_key_opens_no_account_that_it_could_not_open_before),
		SSO_TEST(a_key_disconnects_nobody_from_their_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

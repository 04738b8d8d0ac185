#include "core/factor.h"

#include "base/hex.h"
#include "core_house.h"
#include "model/totp.h"

enum { WRONG_CODES = 50, DAY_STEPS = 86400 / TOTP_SECONDS };

/* An app: the secret of its offer. */
static struct str secret_of(struct ctx *c, const struct actor *who, const struct totp_offer *offer)
{
	const struct seal_bound bound = {"totp offer", who->user_id};
	char *bytes = arena_raw(c->arena, offer->sealed.len);
	size_t len;
	struct str secret;
	assert_true(base64url_decode(offer->sealed, bytes, &len));
	assert_ok(c, seal_open(c, &core_of(c)->seals, &bound, str_from(bytes, len), &secret));
	return secret;
}

static int64_t step_now(struct ctx *c)
{
	return c->world->clock() / 1000000 / TOTP_SECONDS;
}

static struct str code_at(struct ctx *c, struct str secret, int64_t step)
{
	char *code = arena_alloc(c->arena, TOTP_DIGITS + 1);
	totp_code(secret, step, code);
	return str_of(code);
}

/* Sets up an app; the person as they are from then on. */
static struct str enrol(struct ctx *c, struct actor *who, const struct recovery_code **fresh)
{
	struct totp_offer offer;
	assert_ok(
		c, factor_totp_offer(c, core_of(c), who, STR("git.example.org"), STR(""), &offer));
	struct str secret = secret_of(c, who, &offer);
	assert_ok(c, factor_totp_add(c, core_of(c), who, offer.sealed,
			     code_at(c, secret, step_now(c)), fresh));
	assert_non_null(*fresh);
	who->generation++;
	return secret;
}

static void pass(int64_t steps)
{
	house_moved += steps * TOTP_SECONDS * 1000000LL;
}

static struct credential password(const char *username)
{
	return (struct credential){CREDENTIAL_PASSWORD, str_of(username), STR("correct horse")};
}

static void an_offer_is_for_an_app_and_one_account(void **state)
{
	struct ctx *c = *state;
	struct actor owner = house_of(c)->owner, other = house_person(c, "ada");
	struct totp_offer offer;
	const struct recovery_code *fresh;
	assert_ok(c,
		factor_totp_offer(c, core_of(c), &owner, STR("git.example.org"), STR(""), &offer));
	assert_int_equal(offer.text.len, 32);
	assert_true(str_starts(
		offer.uri, STR("otpauth://totp/Nimbus%20Git%20git.example.org:owner?secret=")));
	struct str code = code_at(c, secret_of(c, &owner, &offer), step_now(c));
	struct str text = offer.text;
	assert_ok(c, factor_totp_offer(
			     c, core_of(c), &owner, STR("git.example.org"), offer.sealed, &offer));
	assert_true(str_eq(offer.text, text));
	assert_err(
		c, factor_totp_add(c, core_of(c), &other, offer.sealed, code, &fresh), ERR_INVALID);
	assert_err(c, factor_totp_add(c, core_of(c), &owner, STR("x"), code, &fresh), ERR_INVALID);
	assert_err(c, factor_totp_add(c, core_of(c), &owner, offer.sealed, STR("12345"), &fresh),
		ERR_INVALID);
	assert_ok(c, factor_totp_add(c, core_of(c), &owner, offer.sealed, code, &fresh));
	owner.generation++;
	assert_err(
		c, factor_totp_offer(c, core_of(c), &owner, STR("x"), STR(""), &offer), ERR_EXISTS);
}

static void with_the_first_one_all_that_was_proven_is_over(void **state)
{
	struct ctx *c = *state;
	struct actor owner = house_of(c)->owner, got;
	const struct actor before = owner;
	const struct credential cred = password("owner");
	const struct recovery_code *fresh;
	const struct login_link what = {STR("owner"), 600};
	struct session session = house_session(c, &owner), same;
	struct str link;
	DB_TX *tx = NULL;
	assert_ok(c, login_link_create(c, core_of(c), &owner, &what, &link));
	enrol(c, &owner, &fresh);
	assert_err(c, login_link_take(c, core_of(c), link, &got), ERR_UNAUTH);
	assert_err(c, session_get(c, core_of(c), session.cookie, &same), ERR_UNAUTH);
	assert_ok(c, db_begin(c, core_of(c)->db, DB_READ, &tx));
	assert_err(c, permit_self(c, core_of(c), tx, &before), ERR_UNAUTH);
	db_rollback(&tx);
	/* The password is right, and half of what is needed; it is never remembered as more. */
	for (int i = 0; i < 2; i++) {
		assert_err(c, login_credential(c, core_of(c), &cred, STR("::1"), &got), ERR_UNAUTH);
		assert_non_null(strstr(c->error.text, "API key"));
		assert_ok(c, login_person(c, core_of(c), &cred,
				     &(struct login_from){.peer = STR("::1")}, &got));
		assert_true(got.half);
	}
	assert_ok(c, session_keep(c, core_of(c), &session, &same));
	assert_ok(c, session_get(c, core_of(c), same.cookie, &same));
}

static void a_code_is_good_once_and_for_three_steps(void **state)
{
	struct ctx *c = *state;
	struct actor owner = house_of(c)->owner;
	const struct recovery_code *fresh;
	const char *how;
	struct str secret = enrol(c, &owner, &fresh);
	/* That it was shown with the enrolment was its one time. */
	struct str used = code_at(c, secret, step_now(c));
	assert_err(c, factor_check_code(c, core_of(c), &owner, used, &how), ERR_UNAUTH);
	pass(5);
	const int64_t now = step_now(c);
	assert_err(c, factor_check_code(c, core_of(c), &owner, code_at(c, secret, now - 2), &how),
		ERR_UNAUTH);
	assert_err(c, factor_check_code(c, core_of(c), &owner, code_at(c, secret, now + 2), &how),
		ERR_UNAUTH);
	assert_ok(c, factor_check_code(c, core_of(c), &owner, code_at(c, secret, now - 1), &how));
	assert_string_equal(how, "totp");
	assert_ok(c, factor_check_code(c, core_of(c), &owner, code_at(c, secret, now + 1), &how));
	assert_err(c, factor_check_code(c, core_of(c), &owner, code_at(c, secret, now), &how),
		ERR_UNAUTH);
	assert_err(c, factor_check_code(c, core_of(c), &owner, STR(""), &how), ERR_UNAUTH);
}

static void a_recovery_code_is_good_once(void **state)
{
	struct ctx *c = *state;
	struct actor owner = house_of(c)->owner;
	const struct recovery_code *fresh, *later;
	struct factors f;
	const char *how;
	enrol(c, &owner, &fresh);
	struct str code = str_of(fresh[3].text);
	assert_ok(c, factor_check_code(c, core_of(c), &owner, code, &how));
	assert_string_equal(how, "recovery");
	assert_err(c, factor_check_code(c, core_of(c), &owner, code, &how), ERR_UNAUTH);
	assert_ok(c, factor_list(c, core_of(c), &owner, STR("owner"), &f));
	assert_int_equal(f.recovery_left, RECOVERY_CODES - 1);
	assert_ok(c, factor_recovery_make(c, core_of(c), &owner, &later));
	assert_err(c, factor_check_code(c, core_of(c), &owner, str_of(fresh[4].text), &how),
		ERR_UNAUTH);
	assert_ok(c, factor_check_code(c, core_of(c), &owner, str_of(later[4].text), &how));
}

static void another_accounts_codes_are_nothing(void **state)
{
	struct ctx *c = *state;
	struct actor owner = house_of(c)->owner, other = house_person(c, "ada");
	const struct recovery_code *fresh, *theirs;
	const char *how;
	struct str secret = enrol(c, &owner, &fresh);
	enrol(c, &other, &theirs);
	pass(3);
	assert_err(c,
		factor_check_code(c, core_of(c), &other, code_at(c, secret, step_now(c)), &how),
		ERR_UNAUTH);
	assert_err(c, factor_check_code(c, core_of(c), &other, str_of(fresh[0].text), &how),
		ERR_UNAUTH);
	assert_ok(c, factor_check_code(c, core_of(c), &other, str_of(theirs[0].text), &how));
}

/* By many addresses: none of them is blocked, the account's codes are. */
static void guesses_from_everywhere_are_bounded(void **state)
{
	struct ctx *c = *state;
	struct actor owner = house_of(c)->owner;
	const struct recovery_code *fresh;
	const char *how;
	struct str secret = enrol(c, &owner, &fresh);
	pass(3);
	for (int i = 0; i < WRONG_CODES; i++) {
		owner.peer = str_of(arena_fmt(c->arena, "10.0.0.%d", i));
		assert_err(c, factor_check_code(c, core_of(c), &owner, STR("000 000"), &how),
			ERR_UNAUTH);
	}
	owner.peer = STR("10.0.1.1");
	struct str right = code_at(c, secret, step_now(c));
	assert_err(c, factor_check_code(c, core_of(c), &owner, right, &how), ERR_RATE_LIMITED);
	assert_ok(c, factor_check_code(c, core_of(c), &owner, str_of(fresh[0].text), &how));
	pass(21);
	right = code_at(c, secret, step_now(c));
	assert_ok(c, factor_check_code(c, core_of(c), &owner, right, &how));
}

/* Wrong codes, each from an address of its own, and as after a restart: at home the kv is memory. */
static void guess_and_restart(struct ctx *c, struct actor who)
{
	const char *how;
	struct kv *kept = core_of(c)->kv;
	core_of(c)->kv = kv_memory_open(1 << 20, c->world);
	for (int i = 0; i < WRONG_CODES; i++) {
		who.peer = str_of(arena_fmt(c->arena, "10.0.0.%d", i));
		assert_err(
			c, factor_check_code(c, core_of(c), &who, STR("000000"), &how), ERR_UNAUTH);
	}
	kv_close(core_of(c)->kv);
	core_of(c)->kv = kept;
}

static void a_restart_gives_no_more_guesses_a_day(void **state)
{
	struct ctx *c = *state;
	struct actor owner = house_of(c)->owner;
	const struct recovery_code *fresh;
	const char *how;
	struct str secret = enrol(c, &owner, &fresh);
	guess_and_restart(c, owner);
	pass(3);
	struct str right = code_at(c, secret, step_now(c));
	assert_ok(c, factor_check_code(c, core_of(c), &owner, right, &how));
	guess_and_restart(c, owner);
	pass(3);
	right = code_at(c, secret, step_now(c));
	assert_err(c, factor_check_code(c, core_of(c), &owner, right, &how), ERR_RATE_LIMITED);
	assert_non_null(strstr(c->error.text, "within a day"));

	/* For a day from then on, or until they prove who they are. */
	pass(DAY_STEPS - 4);
	right = code_at(c, secret, step_now(c));
	assert_err(c, factor_check_code(c, core_of(c), &owner, right, &how), ERR_RATE_LIMITED);
	pass(4);
	right = code_at(c, secret, step_now(c));
	assert_ok(c, factor_check_code(c, core_of(c), &owner, right, &how));
	guess_and_restart(c, owner);
	guess_and_restart(c, owner);
	pass(3);
	assert_ok(c, factor_check_code(c, core_of(c), &owner, str_of(fresh[0].text), &how));
	right = code_at(c, secret, step_now(c));
	assert_ok(c, factor_check_code(c, core_of(c), &owner, right, &how));
}

static void one_address_is_slowed_as_by_passwords(void **state)
{
	struct ctx *c = *state;
	struct actor owner = house_of(c)->owner;
	const struct recovery_code *fresh;
	const char *how;
	enrol(c, &owner, &fresh);
	owner.peer = STR("10.0.0.1");
	for (int i = 0; i < 10; i++)
		assert_err(c, factor_check_code(c, core_of(c), &owner, STR("000000"), &how),
			ERR_UNAUTH);
	struct str code = str_of(fresh[0].text);
	assert_err(c, factor_check_code(c, core_of(c), &owner, code, &how), ERR_RATE_LIMITED);
	owner.peer = STR("10.0.0.2");
	assert_ok(c, factor_check_code(c, core_of(c), &owner, code, &how));
}

static void a_key_changes_nothing_of_it(void **state)
{
	struct ctx *c = *state;
	struct actor owner = house_of(c)->owner;
	struct actor key = house_token(c, &owner, PERMISSION_ADMIN, NULL);
	const struct recovery_code *fresh;
	struct totp_offer offer;
	assert_err(
		c, factor_totp_offer(c, core_of(c), &key, STR("x"), STR(""), &offer), ERR_DENIED);
	enrol(c, &owner, &fresh);
	assert_err(c, factor_totp_remove(c, core_of(c), &key), ERR_DENIED);
	assert_err(c, factor_recovery_make(c, core_of(c), &key, &fresh), ERR_DENIED);
	assert_err(c, factor_reset(c, core_of(c), &key, STR("owner")), ERR_DENIED);
}

static void the_owner_removes_those_of_others(void **state)
{
	struct ctx *c = *state;
	struct actor owner = house_of(c)->owner, ada = house_person(c, "ada");
	const struct recovery_code *fresh;
	struct factors f;
	enrol(c, &ada, &fresh);
	assert_err(c, factor_reset(c, core_of(c), &ada, STR("owner")), ERR_DENIED);
	assert_err(c, factor_list(c, core_of(c), &ada, STR("owner"), &f), ERR_DENIED);
	assert_ok(c, factor_list(c, core_of(c), &owner, STR("ada"), &f));
	assert_true(f.totp);
	assert_ok(c, factor_reset(c, core_of(c), &owner, STR("ada")));
	assert_err(c, factor_reset(c, core_of(c), &owner, STR("ada")), ERR_NOT_FOUND);
	assert_err(c, factor_reset(c, core_of(c), &owner, STR("nobody")), ERR_NOT_FOUND);
	assert_ok(c, factor_list(c, core_of(c), &owner, STR("ada"), &f));
	assert_false(f.totp);
	assert_int_equal(f.recovery_left, 0);
	enrol(c, &owner, &fresh);
	assert_ok(c, factor_reset(c, core_of(c), &owner, STR("owner")));
}

static void it_can_be_asked_of_everybody(void **state)
{
	struct ctx *c = *state;
	struct actor owner = house_of(c)->owner, ada = house_person(c, "ada");
	const struct recovery_code *fresh;
	struct session session = house_session(c, &ada), got;
	assert_err(c, factor_require(c, core_of(c), &ada, true), ERR_DENIED);
	assert_ok(c, session_get(c, core_of(c), session.cookie, &got));
	assert_false(got.must_enrol);
	assert_ok(c, factor_require(c, core_of(c), &owner, true));
	assert_ok(c, session_get(c, core_of(c), session.cookie, &got));
	assert_true(got.must_enrol);
	enrol(c, &ada, &fresh);
	session = house_session(c, &ada);
	assert_ok(c, session_get(c, core_of(c), session.cookie, &got));
	assert_false(got.must_enrol);
	assert_err(c, factor_totp_remove(c, core_of(c), &ada), ERR_DENIED);
	assert_ok(c, factor_require(c, core_of(c), &owner, false));
	assert_ok(c, factor_totp_remove(c, core_of(c), &ada));
	assert_err(c, factor_totp_remove(c, core_of(c), &ada), ERR_NOT_FOUND);
	assert_err(c, factor_recovery_make(c, core_of(c), &ada, &fresh), ERR_INVALID);
}

/* Of a bare password too; also of one that a process knows, without a statement for each request. */
static void it_is_asked_of_bare_passwords(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c), pod = *core;
	struct actor owner = house_of(c)->owner, who;
	const struct credential cred = password("owner");
	const struct token_new what = {.name = STR("x"), .limit = PERMISSION_READ};
	struct credential key = {CREDENTIAL_TOKEN, {0}, {0}};
	struct token token;
	pod.logins = login_cache_open(c->world);
	assert_ok(c, login_cache_listen(c, pod.logins, core->kv));
	assert_ok(c, token_create(c, core, &owner, &what, &token, &key.secret));
	assert_ok(c, login_credential(c, core, &cred, STR("::1"), &who));
	assert_ok(c, login_credential(c, &pod, &cred, STR("::1"), &who));
	const int64_t before = db_faulty_count(core->db);
	assert_ok(c, login_credential(c, core, &cred, STR("::1"), &who));
	assert_int_equal(db_faulty_count(core->db), before);
	assert_ok(c, factor_require(c, core, &owner, true));
	for (int i = 0; i < 3; i++) {
		struct core *at = i == 2 ? &pod : core;
		assert_err(c, login_credential(c, at, &cred, STR("::1"), &who), ERR_UNAUTH);
		assert_non_null(strstr(c->error.text, "everybody must have a second factor"));
	}
	assert_ok(c, login_person(c, core, &cred, &(struct login_from){.peer = STR("::1")}, &who));
	assert_false(who.half);
	assert_ok(c, login_credential(c, core, &key, STR("::1"), &who));
	/* Who hears nothing knows it within seconds. */
	login_cache_close(pod.logins);
	pod.logins = login_cache_open(c->world);
	assert_err(c, login_credential(c, &pod, &cred, STR("::1"), &who), ERR_UNAUTH);
	assert_ok(c, factor_require(c, core, &owner, false));
	assert_ok(c, login_credential(c, core, &cred, STR("::1"), &who));
	house_moved += LOGIN_CACHE_RULE_SECONDS * 1000000LL;
	assert_ok(c, login_credential(c, &pod, &cred, STR("::1"), &who));
	login_cache_close(pod.logins);
	pod.logins = NULL;
	assert_ok(c, login_credential(c, &pod, &cred, STR("::1"), &who));
	assert_ok(c, factor_require(c, core, &owner, true));
	assert_err(c, login_credential(c, &pod, &cred, STR("::1"), &who), ERR_UNAUTH);
}

static void guess(struct ctx *c, struct actor *who, int from, int count)
{
	const char *how;
	for (int i = from; i < from + count; i++) {
		who->peer = str_of(arena_fmt(c->arena, "10.0.%d.1", i));
		assert_err(
			c, factor_check_code(c, core_of(c), who, STR("000000"), &how), ERR_UNAUTH);
	}
	who->peer = STR("10.1.0.1");
}

/* Slowly enough for the ten minutes, and all the same no more than so many in a day. */
static void guesses_are_bounded_by_the_day(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor owner = house_of(c)->owner;
	const struct recovery_code *fresh;
	const char *how;
	struct str secret = enrol(c, &owner, &fresh);
	for (int round = 0; round < 2; round++) {
		guess(c, &owner, 0, 45);
		pass(21);
		/* That the app was right in between changes nothing. */
		assert_ok(c,
			factor_check_code(c, core, &owner, code_at(c, secret, step_now(c)), &how));
		guess(c, &owner, 45, 45);
		pass(21);
		assert_ok(c, audit_flush(c, core, true));
		guess(c, &owner, 90, 10);
		assert_ok(c, audit_flush(c, core, true));
		assert_str(house_audit(c).action, "second_factor.blocked");
		assert_str(house_audit(c).subject, "owner");
		pass(21);
		struct str right = code_at(c, secret, step_now(c));
		assert_err(c, factor_check_code(c, core, &owner, right, &how), ERR_RATE_LIMITED);
		assert_non_null(strstr(c->error.text, "within a day"));
		if (round)
			break;
		assert_ok(c, factor_check_code(c, core, &owner, str_of(fresh[0].text), &how));
		assert_ok(c, factor_check_code(c, core, &owner, right, &how));
	}
	pass(24 * 3600 / TOTP_SECONDS);
	assert_ok(c, factor_check_code(c, core, &owner, code_at(c, secret, step_now(c)), &how));
	guess(c, &owner, 0, 10);
}

/* A secret that was sealed with a key of before goes on, and is sealed with the new one by its use. */
static void a_new_key_seals_what_is_used(void **state)
{
	struct ctx *c = *state;
	struct actor owner = house_of(c)->owner;
	struct seal_keys *keys = &core_of(c)->seals;
	const struct seal_keys before = *keys;
	const struct recovery_code *fresh;
	const char *how;
	struct str secret = enrol(c, &owner, &fresh);
	*keys = (struct seal_keys){0};
	assert_ok(c, seal_keys_add(c, keys, secret_make(c)));
	const struct seal_keys after = *keys;
	pass(3);
	assert_err(c,
		factor_check_code(c, core_of(c), &owner, code_at(c, secret, step_now(c)), &how),
		ERR_UNAVAILABLE);
	keys->at[keys->count++] = before.at[0];
	assert_ok(
		c, factor_check_code(c, core_of(c), &owner, code_at(c, secret, step_now(c)), &how));
	*keys = after;
	pass(3);
	assert_ok(
		c, factor_check_code(c, core_of(c), &owner, code_at(c, secret, step_now(c)), &how));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(an_offer_is_for_an_app_and_one_account),
		HOUSE_TEST(with_the_first_one_all_that_was_proven_is_over),
		HOUSE_TEST(a_code_is_good_once_and_for_three_steps),
		HOUSE_TEST(a_recovery_code_is_good_once),
		HOUSE_TEST(another_accounts_codes_are_nothing),
		HOUSE_TEST(guesses_from_everywhere_are_bounded),
		HOUSE_TEST(a_restart_gives_no_more_guesses_a_day),
		HOUSE_TEST(one_address_is_slowed_as_by_passwords),
		HOUSE_TEST(a_key_changes_nothing_of_it),
		HOUSE_TEST(the_owner_removes_those_of_others),
		HOUSE_TEST(it_can_be_asked_of_everybody),
		HOUSE_TEST(it_is_asked_of_bare_passwords),
		HOUSE_TEST(guesses_are_bounded_by_the_day),
		HOUSE_TEST(a_new_key_seals_what_is_used),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "core/passkey.h"

#include "core/factor.h"

#include "authenticator.h"
#include "core_house.h"

#define ORIGIN STR("https://git.example.org")

/* As web/passkey.js reads the options: the challenge that was asked. */
static struct webauthn_ceremony read_ask(
	struct ctx *c, const struct passkey_ask *ask, struct str *handle)
{
	struct json *options;
	struct webauthn_ceremony ceremony = {.passkey = true};
	size_t len;
	assert_ok(c, webauthn_party(c, ORIGIN, STR("Nimbus Git"), &ceremony.party));
	assert_ok(c, json_parse(c, ask->options, &options));
	struct str text = json_get(options, "challenge")->text;
	char *bytes = arena_raw(c->arena, text.len);
	assert_true(base64url_decode(text, bytes, &len));
	ceremony.challenge = str_from(bytes, len);
	if (!handle)
		return ceremony;
	text = json_get(json_get(options, "user"), "id")->text;
	bytes = arena_raw(c->arena, text.len);
	assert_true(base64url_decode(text, bytes, &len));
	*handle = str_from(bytes, len);
	return ceremony;
}

/* A new passkey in somebody's authenticator, which has none yet. */
static enum err add(struct ctx *c, const struct actor *who, struct authenticator *a,
	const struct recovery_code **fresh)
{
	struct passkey_ask ask;
	TRY(passkey_ask_new(c, core_of(c), who, ORIGIN, &ask));
	const struct webauthn_ceremony ceremony = read_ask(c, &ask, &a->handle);
	const struct passkey_answer answer = {
		authenticator_create(a, &ceremony), ask.ceremony, ORIGIN};
	return passkey_add(c, core_of(c), who, &answer, STR(" My key "), fresh);
}

static struct passkey_answer sign_in_answer(struct ctx *c, struct authenticator *a)
{
	struct passkey_ask ask;
	assert_ok(c, passkey_ask_anybody(c, core_of(c), ORIGIN, &ask));
	const struct webauthn_ceremony ceremony = read_ask(c, &ask, NULL);
	return (struct passkey_answer){authenticator_get(a, &ceremony), ask.ceremony, ORIGIN};
}

static enum err sign_in(struct ctx *c, struct authenticator *a, struct actor *who)
{
	const struct passkey_answer answer = sign_in_answer(c, a);
	return passkey_sign_in(c, core_of(c), &answer, STR("::1"), who);
}

static void it_proves_whose_it_is(void **state)
{
	struct ctx *c = *state;
	struct actor owner = house_of(c)->owner, got;
	struct authenticator *a = authenticator_make(c, COSE_ES256, "");
	const struct recovery_code *fresh, *none;
	struct factors f;
	assert_err(c, sign_in(c, a, &got), ERR_UNAUTH);
	assert_ok(c, add(c, &owner, a, &fresh));
	assert_non_null(fresh);
	owner.generation++;
	assert_ok(c, sign_in(c, a, &got));
	assert_str(got.username, "owner");
	assert_str(got.via, "passkey");
	assert_str(got.peer, "::1");
	assert_false(got.half);
	assert_int_equal(got.generation, owner.generation);
	assert_ok(c, factor_list(c, core_of(c), &owner, STR("owner"), &f));
	assert_int_equal(f.passkey_count, 1);
	assert_str(f.passkeys[0].name, "My key");
	assert_true(f.passkeys[0].used > 0);
	assert_int_equal(f.recovery_left, RECOVERY_CODES);
	/* The next one ends nothing. */
	struct authenticator *b = authenticator_make(c, COSE_EDDSA, "");
	assert_ok(c, add(c, &owner, b, &none));
	assert_null(none);
	assert_ok(c, sign_in(c, b, &got));
	authenticator_done(a);
	authenticator_done(b);
}

static void an_answer_is_good_once_and_soon(void **state)
{
	struct ctx *c = *state;
	struct actor owner = house_of(c)->owner, got;
	struct authenticator *a = authenticator_make(c, COSE_ES256, "");
	const struct recovery_code *fresh;
	assert_ok(c, add(c, &owner, a, &fresh));
	struct passkey_answer answer = sign_in_answer(c, a);
	assert_ok(c, passkey_sign_in(c, core_of(c), &answer, STR(""), &got));
	assert_err(c, passkey_sign_in(c, core_of(c), &answer, STR(""), &got), ERR_UNAUTH);
	answer = sign_in_answer(c, a);
	house_moved += (PASSKEY_SECONDS + 1) * 1000000LL;
	assert_err(c, passkey_sign_in(c, core_of(c), &answer, STR(""), &got), ERR_UNAUTH);
	authenticator_done(a);
}

static void it_is_for_our_address_and_what_was_asked(void **state)
{
	struct ctx *c = *state;
	struct actor owner = house_of(c)->owner, got;
	struct authenticator *a = authenticator_make(c, COSE_ES256, "");
	const struct recovery_code *fresh;
	struct passkey_ask ask;
	assert_ok(c, add(c, &owner, a, &fresh));
	owner.generation++;
	struct passkey_answer answer = sign_in_answer(c, a);
	answer.origin = STR("https://evil.example.org");
	assert_err(c, passkey_sign_in(c, core_of(c), &answer, STR(""), &got), ERR_UNAUTH);
	answer.origin = STR("https://127.0.0.1");
	assert_err(c, passkey_sign_in(c, core_of(c), &answer, STR(""), &got), ERR_UNSUPPORTED);
	answer.origin = ORIGIN;
	answer.ceremony = STR("AAAA");
	assert_err(c, passkey_sign_in(c, core_of(c), &answer, STR(""), &got), ERR_UNAUTH);
	/* A second factor's is not one for signing in, nor the other way. */
	assert_ok(c, passkey_ask_second(c, core_of(c), &owner, ORIGIN, &ask));
	struct webauthn_ceremony ceremony = read_ask(c, &ask, NULL);
	answer = (struct passkey_answer){authenticator_get(a, &ceremony), ask.ceremony, ORIGIN};
	assert_err(c, passkey_sign_in(c, core_of(c), &answer, STR(""), &got), ERR_UNAUTH);
	answer = sign_in_answer(c, a);
	assert_err(c, passkey_check_second(c, core_of(c), &owner, &answer), ERR_UNAUTH);
	a->lies.origin = "https://evil.example.org";
	assert_err(c, sign_in(c, a, &got), ERR_UNAUTH);
	authenticator_done(a);
}

static void alone_it_must_verify_who_holds_it(void **state)
{
	struct ctx *c = *state;
	struct actor owner = house_of(c)->owner, got;
	struct authenticator *a = authenticator_make(c, COSE_ES256, "");
	const struct recovery_code *fresh;
	struct passkey_ask ask;
	a->lies.without = UV;
	assert_err(c, add(c, &owner, a, &fresh), ERR_INVALID);
	a->lies.without = 0;
	assert_ok(c, add(c, &owner, a, &fresh));
	owner.generation++;
	a->lies.without = UV;
	assert_err(c, sign_in(c, a, &got), ERR_UNAUTH);
	assert_ok(c, passkey_ask_second(c, core_of(c), &owner, ORIGIN, &ask));
	const struct webauthn_ceremony ceremony = read_ask(c, &ask, NULL);
	const struct passkey_answer answer = {
		authenticator_get(a, &ceremony), ask.ceremony, ORIGIN};
	assert_ok(c, passkey_check_second(c, core_of(c), &owner, &answer));
	authenticator_done(a);
}

static void a_second_factor_is_of_whose_password_it_was(void **state)
{
	struct ctx *c = *state;
	struct actor owner = house_of(c)->owner, ada = house_person(c, "ada");
	struct authenticator *a = authenticator_make(c, COSE_ES256, "");
	struct authenticator *b = authenticator_make(c, COSE_ES256, "");
	const struct recovery_code *fresh;
	struct passkey_ask ask;
	assert_ok(c, passkey_ask_second(c, core_of(c), &owner, ORIGIN, &ask));
	assert_int_equal(ask.options.len, 0);
	assert_ok(c, add(c, &owner, a, &fresh));
	owner.generation++;
	assert_ok(c, add(c, &ada, b, &fresh));
	ada.generation++;
	assert_ok(c, passkey_ask_second(c, core_of(c), &owner, ORIGIN, &ask));
	const struct webauthn_ceremony ceremony = read_ask(c, &ask, NULL);
	const struct passkey_answer answer = {
		authenticator_get(b, &ceremony), ask.ceremony, ORIGIN};
	assert_err(c, passkey_check_second(c, core_of(c), &owner, &answer), ERR_UNAUTH);
	assert_err(c, passkey_check_second(c, core_of(c), &ada, &answer), ERR_UNAUTH);
	authenticator_done(a);
	authenticator_done(b);
}

/* Who was kept from codes by another's guesses has them again by their passkey. */
static void it_ends_what_guesses_led_to(void **state)
{
	struct ctx *c = *state;
	struct actor owner = house_of(c)->owner;
	struct authenticator *a = authenticator_make(c, COSE_ES256, "");
	const struct recovery_code *fresh;
	struct passkey_ask ask;
	const char *how;
	assert_ok(c, add(c, &owner, a, &fresh));
	owner.generation++;
	for (int i = 0; i < 50; i++) {
		owner.peer = str_of(arena_fmt(c->arena, "10.0.%d.1", i));
		assert_err(c, factor_check_code(c, core_of(c), &owner, STR("000000"), &how),
			ERR_UNAUTH);
	}
	assert_err(
		c, factor_check_code(c, core_of(c), &owner, STR("000000"), &how), ERR_RATE_LIMITED);
	assert_ok(c, passkey_ask_second(c, core_of(c), &owner, ORIGIN, &ask));
	const struct webauthn_ceremony ceremony = read_ask(c, &ask, NULL);
	const struct passkey_answer answer = {
		authenticator_get(a, &ceremony), ask.ceremony, ORIGIN};
	assert_ok(c, passkey_check_second(c, core_of(c), &owner, &answer));
	assert_err(c, factor_check_code(c, core_of(c), &owner, STR("000000"), &how), ERR_UNAUTH);
	authenticator_done(a);
}

static void a_count_that_goes_back_is_refused(void **state)
{
	struct ctx *c = *state;
	struct actor owner = house_of(c)->owner, got;
	struct authenticator *a = authenticator_make(c, COSE_ES256, "");
	const struct recovery_code *fresh;
	assert_ok(c, add(c, &owner, a, &fresh));
	assert_ok(c, sign_in(c, a, &got));
	a->count -= 1;
	assert_err(c, sign_in(c, a, &got), ERR_DENIED);
	authenticator_done(a);
}

static void a_credential_is_of_one_account(void **state)
{
	struct ctx *c = *state;
	struct actor owner = house_of(c)->owner, ada = house_person(c, "ada");
	struct authenticator *a = authenticator_make(c, COSE_ES256, "");
	const struct recovery_code *fresh;
	assert_ok(c, add(c, &owner, a, &fresh));
	assert_err(c, add(c, &ada, a, &fresh), ERR_EXISTS);
	authenticator_done(a);
}

static void they_are_named_and_removed(void **state)
{
	struct ctx *c = *state;
	struct actor owner = house_of(c)->owner, ada = house_person(c, "ada"), got;
	struct actor key;
	struct authenticator *a = authenticator_make(c, COSE_ES256, "");
	const struct recovery_code *fresh;
	struct factors f;
	assert_ok(c, add(c, &owner, a, &fresh));
	owner.generation++;
	key = house_token(c, &owner, PERMISSION_ADMIN, NULL);
	assert_ok(c, factor_list(c, core_of(c), &owner, STR("owner"), &f));
	int64_t id = f.passkeys[0].id;
	assert_err(c, passkey_rename(c, core_of(c), &ada, id, STR("Mine")), ERR_NOT_FOUND);
	assert_err(c, passkey_rename(c, core_of(c), &owner, id, STR(" ")), ERR_INVALID);
	assert_err(c, passkey_rename(c, core_of(c), &owner, id, STR("a\nb")), ERR_INVALID);
	assert_err(c, passkey_rename(c, core_of(c), &key, id, STR("Key")), ERR_DENIED);
	assert_ok(c, passkey_rename(c, core_of(c), &owner, id, STR("Old")));
	assert_ok(c, factor_list(c, core_of(c), &owner, STR("owner"), &f));
	assert_str(f.passkeys[0].name, "Old");
	assert_err(c, passkey_remove(c, core_of(c), &ada, id), ERR_NOT_FOUND);
	assert_err(c, passkey_remove(c, core_of(c), &key, id), ERR_DENIED);
	assert_ok(c, passkey_remove(c, core_of(c), &owner, id));
	assert_err(c, passkey_remove(c, core_of(c), &owner, id), ERR_NOT_FOUND);
	assert_err(c, sign_in(c, a, &got), ERR_UNAUTH);
	authenticator_done(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(it_proves_whose_it_is),
		HOUSE_TEST(an_answer_is_good_once_and_soon),
		HOUSE_TEST(it_is_for_our_address_and_what_was_asked),
		HOUSE_TEST(alone_it_must_verify_who_holds_it),
		HOUSE_TEST(a_second_factor_is_of_whose_password_it_was),
		HOUSE_TEST(it_ends_what_guesses_led_to),
		HOUSE_TEST(a_count_that_goes_back_is_refused),
		HOUSE_TEST(a_credential_is_of_one_account),
		HOUSE_TEST(they_are_named_and_removed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "core_house.h"

static struct auth *open_auth(struct ctx *c, const char *accounts)
{
	struct auth *a;
	assert_ok(c, auth_mtls_open(c, core_of(c)->db, accounts, &a));
	return a;
}

static enum err try(struct ctx *c, struct auth *a, enum credential_kind kind, const char *name,
	struct actor *who)
{
	const struct credential cred = {.kind = kind, .secret = str_of(name)};
	return auth_authenticate(c, a, &cred, who);
}

static void the_first_name_that_fits_counts(void **state)
{
	struct ctx *c = *state;
	struct actor anna = house_person(c, "anna"), bob = house_person(c, "bob"), who;
	struct auth *a = open_auth(
		c, " dns:a.ci.example.org = anna,, dns:*.ci.example.org=bob,uri:spiffe://x/*=anna");
	assert_ok(c, try(c, a, CREDENTIAL_CERTIFICATE, "dns:A.ci.example.org", &who));
	assert_int_equal(who.user_id, anna.user_id);
	assert_str(who.via, "certificate");
	assert_str(who.subject, "dns:A.ci.example.org");
	assert_true(actor_has_key(&who));
	assert_false(scope_has_operation(who.scope, OPERATION_ACCOUNT_CHANGE));
	assert_true(scope_has_operation(who.scope, OPERATION_REPOSITORY_DELETE));
	assert_ok(c, try(c, a, CREDENTIAL_CERTIFICATE, "dns:b.ci.example.org", &who));
	assert_int_equal(who.user_id, bob.user_id);
	assert_ok(c, try(c, a, CREDENTIAL_CERTIFICATE, "uri:spiffe://x/git", &who));
	assert_int_equal(who.user_id, anna.user_id);
	auth_close(a);
}

static void others_are_not_of_its_kind(void **state)
{
	struct ctx *c = *state;
	struct auth *a = open_auth(c, "dns:*.ci.example.org=anna");
	struct actor who;
	struct str stored;
	house_person(c, "anna");
	static const char *const names[] = {
		"", "dns:ci.example.org", "dns:a.b.ci.example.org", "uri:a.ci.example.org"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_err(c, try(c, a, CREDENTIAL_CERTIFICATE, names[i], &who), ERR_UNSUPPORTED);
	/* A name is no secret: who only writes it proves nothing. */
	assert_err(
		c, try(c, a, CREDENTIAL_PASSWORD, "dns:a.ci.example.org", &who), ERR_UNSUPPORTED);
	assert_err(c, try(c, a, CREDENTIAL_TOKEN, "dns:a.ci.example.org", &who), ERR_UNSUPPORTED);
	assert_err(c, auth_enrol(c, a, STR("x"), &stored), ERR_UNSUPPORTED);
	auth_close(a);
}

static void only_a_collaborator_who_has_time_left(void **state)
{
	struct ctx *c = *state;
	struct auth *a = open_auth(c, "dns:o=owner, dns:n=nobody, dns:a=anna");
	struct actor who;
	house_person(c, "anna");
	assert_err(c, try(c, a, CREDENTIAL_CERTIFICATE, "dns:o", &who), ERR_UNAUTH);
	assert_err(c, try(c, a, CREDENTIAL_CERTIFICATE, "dns:n", &who), ERR_UNAUTH);
	assert_non_null(strstr(c->error.text, "NIMBUS_TLS_CLIENT_ACCOUNTS"));
	assert_ok(c, try(c, a, CREDENTIAL_CERTIFICATE, "dns:a", &who));
	assert_ok(c, collaborator_set_expires(c, core_of(c), &house_of(c)->owner, STR("anna"),
			     os_world()->clock() / 1000000 + 3600));
	house_moved += 3601 * INT64_C(1000000);
	assert_err(c, try(c, a, CREDENTIAL_CERTIFICATE, "dns:a", &who), ERR_UNAUTH);
	auth_close(a);
}

static void nobody_works_by_an_unknown_certificate(void **state)
{
	struct ctx *c = *state;
	struct core *core = core_of(c);
	struct actor anna = house_person(c, "anna"), who;
	core->auth[core->auth_count++] = open_auth(c, "dns:a=anna");
	assert_ok(c, login_certificate(c, core, STR("dns:b"), STR("10.0.0.1"), &who));
	assert_true(actor_is_anonymous(&who));
	assert_str(who.peer, "10.0.0.1");
	assert_ok(c, login_certificate(c, core, STR("dns:a"), STR("10.0.0.1"), &who));
	assert_int_equal(who.user_id, anna.user_id);
	assert_err(c, session_begin(c, core, &who, &(struct session_from){0}, &(struct session){0}),
		ERR_DENIED);
	/* What it proved is not remembered for whoever writes the name. */
	const struct credential bearer = {.kind = CREDENTIAL_TOKEN, .secret = STR("dns:a")};
	assert_err(c, login_credential(c, core, &bearer, STR(""), &who), ERR_UNAUTH);
	auth_close(core->auth[--core->auth_count]);
}

static void what_makes_no_sense_is_said(void **state)
{
	struct ctx *c = *state;
	static const char *const wrong[] = {
		"dns:a", "=anna", "dns:a=", "a=anna", "dns:a=an na", "dns:a=anna,b"};
	struct auth *a;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_err(c, auth_mtls_open(c, core_of(c)->db, wrong[i], &a), ERR_INVALID);
		assert_non_null(strstr(c->error.text, "NIMBUS_TLS_CLIENT_ACCOUNTS"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(the_first_name_that_fits_counts),
		HOUSE_TEST(others_are_not_of_its_kind),
		HOUSE_TEST(only_a_collaborator_who_has_time_left),
		HOUSE_TEST(nobody_works_by_an_unknown_certificate),
		HOUSE_TEST(what_makes_no_sense_is_said),
	};
	return cmocka_run_group_tests_name("driver/auth_mtls", tests, NULL, NULL);
}

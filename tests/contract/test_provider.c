/* Signing in by others: against a real provider, with each of its ways to know us and to sign. */
#include "contract.h"
#include "driver/driver.h"
#include "driver/http_call.h"

#include "base/hex.h"
#include "base/json.h"
#include "base/uri.h"

#define BACK "http://127.0.0.1:1/back"
#define AUDIENCE "https://git.example.org"

struct row {
	const char *client, *secret;
};

static const struct row drivers[] = {
	{"basic", "s&cret:of/basic"}, /* ES256 */
	{"post", "s&cret:of/post"},   /* EdDSA */
	{"public", ""},               /* RS256 */
};

/* Who differ in how their ID tokens are signed, and in nothing else. */
static const struct row signers[] = {
	{"es384", "s&cret:of/es384"},
	{"es512", "s&cret:of/es512"},
	{"ps256", "s&cret:of/ps256"},
	{"rs512", "s&cret:of/rs512"},
};

static const struct row *current;
static _Atomic int64_t moved; /* seconds */

static const char *name_of(const void *driver)
{
	return ((const struct row *)driver)->client;
}

static const char *needs(const void *driver)
{
	(void)driver;
	return "NIMBUS_TEST_OIDC";
}

static int64_t clock_of_test(void)
{
	return os_world()->clock() + moved * 1000000;
}

static int64_t monotonic_of_test(void)
{
	return os_world()->monotonic() + moved * 1000000;
}

static int setup(void **state)
{
	static struct world world;
	current = *state;
	unit_setup(state);
	world = *os_world();
	world.clock = clock_of_test;
	world.monotonic = monotonic_of_test;
	((struct ctx *)*state)->world = &world;
	moved = 0;
	return 0;
}

static struct provider_oidc_options options_of(void)
{
	return (struct provider_oidc_options){.name = "corp",
		.prefix = "NIMBUS_OIDC_CORP",
		.issuer = getenv("NIMBUS_TEST_OIDC"),
		.client_id = current->client,
		.client_secret = current->secret,
		.audience = AUDIENCE,
		.scopes = "openid profile email groups",
		.username_claim = "preferred_username",
		.groups_claim = "groups",
		.roles = "staff=read,annas=admin",
		.sign_up = "groups",
		.ca = "",
		.label = ""};
}

static struct provider *open_provider(struct ctx *c)
{
	struct provider_oidc_options options = options_of();
	struct provider *p;
	assert_ok(c, provider_oidc_open(c, &options, &p));
	return p;
}

static struct str fresh(struct ctx *c)
{
	uint8_t bytes[32];
	c->world->random(bytes, sizeof bytes);
	return base64url_encode(c->arena, str_from(bytes, sizeof bytes));
}

static struct provider_flow new_flow(struct ctx *c)
{
	return (struct provider_flow){
		.state = fresh(c), .nonce = fresh(c), .verifier = fresh(c), .redirect = STR(BACK)};
}

/* What a person's browser comes back with. */
static struct str browse(struct ctx *c, struct str url, const char *username)
{
	char *answer = arena_alloc(c->arena, 8192);
	FILE *browser =
		popen(arena_fmt(c->arena, "python3 tests/clients/oidc_browser.py '%.*s' '%s' '%s'",
			      STR_FMT(url), BACK, username),
			"r");
	assert_non_null(browser);
	size_t len = fread(answer, 1, 8191, browser);
	assert_int_equal(pclose(browser), 0);
	return str_from(answer, len);
}

static enum err sign_in(struct ctx *c, struct provider *p, struct provider_person *who)
{
	struct provider_flow flow = new_flow(c);
	struct str url;
	assert_ok(c, provider_begin(c, p, &flow, &url));
	return provider_finish(c, p, &flow, browse(c, url, "anna"), who);
}

static void says(struct ctx *c, const char *why)
{
	if (!strstr(c->error.text, why))
		fail_msg("\"%s\" does not say \"%s\"", c->error.text, why);
}

/* The provider's answer to one request of ours. */
static struct str post(struct ctx *c, const char *path, struct str basic, struct str body)
{
	const struct http_client_options options = {.service = "the provider"};
	const struct http_header headers[] = {
		{STR("Content-Type"), STR("application/x-www-form-urlencoded")},
		{STR("Authorization"), basic}};
	const struct http_call call = {.method = "POST",
		.url = arena_fmt(c->arena, "%s%s", getenv("NIMBUS_TEST_OIDC"), path),
		.headers = headers,
		.header_count = basic.len ? 2 : 1,
		.body = body,
		.timeout_ms = 20000};
	struct http_client *client;
	struct http_answer answer;
	assert_ok(c, http_client_open(c, &options, &client));
	assert_ok(c, http_call(c, client, &call, &answer));
	assert_int_equal(answer.status, 200);
	http_client_close(client);
	return answer.body;
}

/* A program's own token for our API. */
static struct str robots_token(struct ctx *c)
{
	struct json *root;
	struct str basic = str_of(arena_fmt(
		c->arena, "Basic %s", base64_encode(c->arena, STR("robot:robots-secret")).at));
	assert_ok(c, json_parse(c, post(c, "/token", basic, STR("grant_type=client_credentials")),
			     &root));
	return json_get(root, "access_token")->text;
}

static void who_signs_in_is_known(void **state)
{
	struct ctx *c = *state;
	struct provider *p = open_provider(c);
	struct provider_person who;
	assert_ok(c, sign_in(c, p, &who));
	assert_str(who.issuer, getenv("NIMBUS_TEST_OIDC"));
	assert_str(who.subject, "anna");
	assert_str(who.username, "anna-name");
	assert_str(who.name, "The anna");
	assert_str(who.email, "anna@example.org");
	assert_true(who.email_verified);
	assert_int_equal(who.group_count, 2);
	assert_str(who.groups[0], "staff");
	assert_int_equal(who.grant_count, 1);
	assert_int_equal(who.grants[0].level, PERMISSION_ADMIN);
	assert_true(who.expires > c->world->clock() / 1000000);
	provider_close(p);
}

static void each_flow_is_for_itself(void **state)
{
	struct ctx *c = *state;
	struct provider *p = open_provider(c);
	struct provider_flow flow = new_flow(c), other;
	struct provider_person who;
	struct str url, answer;
	assert_ok(c, provider_begin(c, p, &flow, &url));
	answer = browse(c, url, "anna");
	other = flow;
	other.state = fresh(c);
	assert_err(c, provider_finish(c, p, &other, answer, &who), ERR_UNAUTH);
	says(c, "not of this sign-in");
	other = flow;
	other.nonce = fresh(c);
	assert_err(c, provider_finish(c, p, &other, answer, &who), ERR_UNAUTH);
	says(c, "nonce");
	/* The code is used up. */
	assert_err(c, provider_finish(c, p, &flow, answer, &who), ERR_UNAUTH);
	says(c, "try again");
	/* Who has the code but not the verifier. */
	assert_ok(c, provider_begin(c, p, &flow, &url));
	answer = browse(c, url, "anna");
	other = flow;
	other.verifier = fresh(c);
	assert_err(c, provider_finish(c, p, &other, answer, &who), ERR_UNAUTH);
	says(c, "try again");
	provider_close(p);
}

static void a_sign_in_that_comes_too_late_is_refused(void **state)
{
	struct ctx *c = *state;
	struct provider *p = open_provider(c);
	struct provider_person who;
	moved = 2 * 3600;
	assert_err(c, sign_in(c, p, &who), ERR_UNAUTH);
	says(c, "expired");
	moved = -2 * 3600;
	assert_err(c, sign_in(c, p, &who), ERR_UNAUTH);
	says(c, "in the future");
	provider_close(p);
}

static void new_keys_are_taken(void **state)
{
	struct ctx *c = *state;
	struct provider *p = open_provider(c);
	struct provider_person who;
	assert_ok(c, sign_in(c, p, &who));
	struct str before = robots_token(c);
	assert_ok(c, provider_bearer(c, p, before, &who));
	post(c, "/rollover", (struct str){0}, (struct str){0});
	moved = 30;
	assert_ok(c, sign_in(c, p, &who));
	assert_str(who.subject, "anna");
	assert_ok(c, provider_bearer(c, p, robots_token(c), &who));
	assert_err(c, provider_bearer(c, p, before, &who), ERR_UNAUTH);
	says(c, "not among those");
	provider_close(p);
}

static void a_sign_out_is_taken_there(void **state)
{
	struct ctx *c = *state;
	struct provider *p = open_provider(c);
	struct provider_person who;
	struct str url;
	assert_ok(c, sign_in(c, p, &who));
	assert_ok(c, provider_logout(c, p, who.id_token, STR("http://127.0.0.1:1/bye"), &url));
	const struct http_client_options options = {.service = "the provider"};
	const struct http_call call = {.method = "GET", .url = str_dup(c->arena, url)};
	struct http_client *client;
	struct http_answer answer;
	assert_ok(c, http_client_open(c, &options, &client));
	assert_ok(c, http_call(c, client, &call, &answer));
	assert_int_equal(answer.status, 200);
	assert_true(str_find_str(answer.body, STR("<form")) < answer.body.len);
	http_client_close(client);
	provider_close(p);
}

static void a_robot_brings_a_token(void **state)
{
	struct ctx *c = *state;
	struct provider_person who;
	struct provider *p = open_provider(c);
	struct str token = robots_token(c);
	assert_ok(c, provider_bearer(c, p, token, &who));
	assert_str(who.subject, "robot");
	assert_int_equal(who.grant_count, 0);
	moved = 3600;
	assert_err(c, provider_bearer(c, p, token, &who), ERR_UNAUTH);
	says(c, "expired");
	provider_close(p);
	moved = 0;
	struct provider_oidc_options elsewhere = options_of();
	elsewhere.audience = "https://other.example.org";
	assert_ok(c, provider_oidc_open(c, &elsewhere, &p));
	assert_err(c, provider_bearer(c, p, token, &who), ERR_UNAUTH);
	says(c, "somebody else");
	provider_close(p);
}

static void wrong_settings_are_told(void **state)
{
	struct ctx *c = *state;
	struct provider *p;
	struct provider_person who;
	struct str url;
	struct provider_oidc_options secret = options_of(), issuer = secret;
	secret.client_secret = "wrong";
	assert_ok(c, provider_oidc_open(c, &secret, &p));
	assert_err(c, sign_in(c, p, &who), ERR_UNAVAILABLE);
	says(c, "NIMBUS_OIDC_CORP_CLIENT_SECRET");
	provider_close(p);
	/* The same machine by another name is another issuer. */
	issuer.issuer =
		arena_fmt(c->arena, "http://localhost%s", strrchr(getenv("NIMBUS_TEST_OIDC"), ':'));
	assert_ok(c, provider_oidc_open(c, &issuer, &p));
	struct provider_flow flow = new_flow(c);
	assert_err(c, provider_begin(c, p, &flow, &url), ERR_UNAVAILABLE);
	says(c, "calls itself");
	provider_close(p);
}

int main(void)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(who_signs_in_is_known),
		CONTRACT_TEST(each_flow_is_for_itself),
		CONTRACT_TEST(a_sign_in_that_comes_too_late_is_refused),
		CONTRACT_TEST(new_keys_are_taken),
		CONTRACT_TEST(a_sign_out_is_taken_there),
	};
	static const struct contract_test one[] = {CONTRACT_TEST(who_signs_in_is_known)};
	/* The same whatever the client. */
	static const struct contract_test once[] = {
		CONTRACT_TEST(a_robot_brings_a_token),
		CONTRACT_TEST(wrong_settings_are_told),
	};
	static const struct contract all = {drivers, sizeof drivers / sizeof *drivers,
		sizeof *drivers, name_of, setup, unit_teardown, needs};
	struct contract signing = all, first = all;
	signing.drivers = signers;
	signing.count = sizeof signers / sizeof *signers;
	first.count = 1;
	return contract_run(&all, tests, sizeof tests / sizeof *tests) +
	       contract_run(&signing, one, 1) +
	       contract_run(&first, once, sizeof once / sizeof *once);
}

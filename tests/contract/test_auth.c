#include "contract/contract.h"
#include "core_house.h"
#include "http_peer.h"

#include "core/device.h"
#include "core/identity.h"
#include "core/issuer.h"
#include "driver/kubernetes.h"
#include "meta/token.h"
#include "meta/user.h"
#include "model/token.h"

/* Of core->auth: what the house has, and where one more is put. */
enum { OF_PASSWORDS = 0, OF_TOKENS = 1, OF_ACCESS_TOKENS = 3, ONE_MORE = 4 };

/* A way to prove who one is: how "anna" gets a secret by it. */
struct driver {
	const char *name;
	size_t index; /* in core->auth */
	enum credential_kind kind;
	struct str (*give_secret)(struct ctx *c, struct actor *anna);
	struct auth *(*open)(struct ctx *c); /* of ONE_MORE */
	/* What a secret that is not the right one comes to: one of its shape, and any other. */
	enum err wrong, shapeless;
};

static struct str give_password(struct ctx *c, struct actor *anna)
{
	assert_ok(c, collaborator_set_password(c, core_of(c), &house_of(c)->owner, anna->username,
			     STR("battery staple")));
	return STR("battery staple");
}

static struct str give_token(struct ctx *c, struct actor *anna)
{
	struct token token;
	struct str secret;
	struct token_new what = {.name = STR("laptop"), .limit = PERMISSION_WRITE, .seconds = 3600};
	assert_ok(c, token_create(c, core_of(c), anna, &what, &token, &secret));
	return secret;
}

/* By a device that anna lets in. */
static struct str give_access(struct ctx *c, struct actor *anna)
{
	const struct device_caller caller = {STR("nimbus"), STR("https://git.example.org"), {0}};
	const struct device_wish wish = {.client = caller.client, .limit = PERMISSION_WRITE};
	struct device_codes codes;
	struct device_tokens tokens;
	enum device_answer answer;
	assert_ok(c, device_ask(c, core_of(c), &wish, &codes));
	assert_ok(c, device_decide(c, core_of(c), anna, codes.user_code, true));
	assert_ok(c, device_poll(c, core_of(c), &caller, codes.code, &answer, &tokens));
	assert_int_equal(answer, DEVICE_GIVEN);
	return tokens.access;
}

/* A machine of the cluster "runner" in the namespace "ci", until the year 2100. */
#define SERVICE_ACCOUNT "system:serviceaccount:ci:runner"
#define SERVICE_TOKEN                                                                     \
	"eyJhbGciOiJSUzI1NiJ9."                                                           \
	"eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6Y2k6cnVubmVyIiwiZXhwIjo0MTAyNDQ0ODAwfQ." \
	"AAAB"

static struct http_peer *cluster;

/* An API server, played, that knows that one. */
static void review(void *arg, const struct peer_request *request, struct buf *out)
{
	(void)arg;
	bool known = str_find_str(request->body, STR("\"" SERVICE_TOKEN "\"")) < request->body.len;
	peer_say(out, 201,
		known ? "{\"status\":{\"authenticated\":true,\"user\":{\"username\":"
			"\"" SERVICE_ACCOUNT "\"}}}"
		      : "{\"status\":{\"authenticated\":false}}");
}

static struct auth *open_kubernetes(struct ctx *c)
{
	struct auth *auth;
	struct kubernetes_options options = {.host = "",
		.port = "",
		.ca = "",
		.token_file = "/dev/null",
		.audiences = "",
		.accounts = "ci:runner=anna",
		.namespace = "",
		.timeout = 20000};
	cluster = peer_start(c, review, NULL);
	options.api = cluster->url;
	assert_ok(c, auth_kubernetes_open(c, &options, core_of(c)->db, &auth));
	return auth;
}

static struct str give_service_token(struct ctx *c, struct actor *anna)
{
	(void)c, (void)anna;
	return STR(SERVICE_TOKEN);
}

static struct auth *open_mtls(struct ctx *c)
{
	struct auth *auth;
	assert_ok(c, auth_mtls_open(c, core_of(c)->db, "dns:runner.ci.example.org=anna", &auth));
	return auth;
}

/* What a certificate that was verified calls its owner. */
static struct str give_name(struct ctx *c, struct actor *anna)
{
	(void)c, (void)anna;
	return STR("dns:runner.ci.example.org");
}

#define PROVIDER_TOKEN "eyJhbGciOiJFUzI1NiJ9.e30.AAAA"

/* A provider, played, that made that one. */
static enum err bearer(
	struct ctx *c, struct provider *self, struct str token, struct provider_person *out)
{
	if (!str_is(token, PROVIDER_TOKEN))
		return fail(c, ERR_UNAUTH, "its signature is not right");
	*out = (struct provider_person){.issuer = str_of(self->issuer), .subject = STR("runner")};
	return OK;
}

static const struct provider_ops provider_ops = {.bearer = bearer};
static struct provider provider = {
	.ops = &provider_ops, .name = "corp", .label = "Corp", .issuer = "https://id.example.org"};
static struct provider *providers[] = {&provider};

static struct auth *open_oidc(struct ctx *c)
{
	core_of(c)->providers = providers;
	core_of(c)->provider_count = 1;
	return auth_oidc_open(core_of(c)->db, providers, 1);
}

static struct str give_provider_token(struct ctx *c, struct actor *anna)
{
	struct identity identity;
	const struct identity_new what = {anna->username, STR("corp"), STR("runner")};
	assert_ok(c, identity_add(c, core_of(c), &house_of(c)->owner, &what, &identity));
	return STR(PROVIDER_TOKEN);
}

static const struct driver drivers[] = {
	{"password", OF_PASSWORDS, CREDENTIAL_PASSWORD, give_password, NULL, ERR_UNAUTH,
		ERR_UNAUTH},
	{"token as a password", OF_TOKENS, CREDENTIAL_PASSWORD, give_token, NULL, ERR_UNAUTH,
		ERR_UNAUTH},
	{"token as a bearer", OF_TOKENS, CREDENTIAL_TOKEN, give_token, NULL, ERR_UNAUTH,
		ERR_UNAUTH},
	{"access token as a password", OF_ACCESS_TOKENS, CREDENTIAL_PASSWORD, give_access, NULL,
		ERR_UNAUTH, ERR_UNAUTH},
	{"access token as a bearer", OF_ACCESS_TOKENS, CREDENTIAL_TOKEN, give_access, NULL,
		ERR_UNAUTH, ERR_UNAUTH},
	{"service account as a password (recorded cluster)", ONE_MORE, CREDENTIAL_PASSWORD,
		give_service_token, open_kubernetes, ERR_UNAUTH, ERR_UNSUPPORTED},
	{"service account as a bearer (recorded cluster)", ONE_MORE, CREDENTIAL_TOKEN,
		give_service_token, open_kubernetes, ERR_UNAUTH, ERR_UNSUPPORTED},
	{"provider's token as a password", ONE_MORE, CREDENTIAL_PASSWORD, give_provider_token,
		open_oidc, ERR_UNAUTH, ERR_UNAUTH},
	{"provider's token as a bearer", ONE_MORE, CREDENTIAL_TOKEN, give_provider_token, open_oidc,
		ERR_UNAUTH, ERR_UNAUTH},
	/* A name is nobody's secret: one that has no account is left to the others. */
	{"certificate", ONE_MORE, CREDENTIAL_CERTIFICATE, give_name, open_mtls, ERR_UNSUPPORTED,
		ERR_UNSUPPORTED},
};

static const char *name_of(const void *driver)
{
	return ((const struct driver *)driver)->name;
}

/* The house has the ctx first; which driver it is about comes with it. */
static const struct driver *current;

static int setup(void **state)
{
	current = *state;
	house_setup(state);
	struct core *core = core_of(*state);
	if (current->open)
		core->auth[core->auth_count++] = current->open(*state);
	return 0;
}

static int teardown(void **state)
{
	if (current->open)
		auth_close(core_of(*state)->auth[ONE_MORE]);
	if (cluster)
		peer_stop(cluster);
	cluster = NULL;
	return house_teardown(state);
}

static enum err try(struct ctx *c, const char *username, struct str secret, struct actor *who)
{
	struct credential cred = {current->kind, str_of(username), secret};
	if (current->kind != CREDENTIAL_PASSWORD)
		cred.username = (struct str){0};
	return auth_authenticate(c, core_of(c)->auth[current->index], &cred, who);
}

static void the_right_secret_proves_who_it_is(void **state)
{
	struct ctx *c = *state;
	struct actor anna = house_person(c, "anna"), who;
	struct str secret = current->give_secret(c, &anna);
	for (int i = 0; i < 3; i++) {
		assert_ok(c, try(c, "anna", secret, &who));
		assert_int_equal(who.user_id, anna.user_id);
		assert_str(who.username, "anna");
		assert_false(who.owner);
	}
}

static void a_wrong_secret_proves_nobody(void **state)
{
	struct ctx *c = *state;
	struct actor anna = house_person(c, "anna"), who;
	struct str secret = current->give_secret(c, &anna);
	assert_ok(c, try(c, "anna", secret, &who));
	char *wrong = str_dup(c->arena, secret);
	wrong[secret.len - 1] ^= 1;
	assert_err(c, try(c, "anna", str_of(wrong), &who), current->wrong);
	struct str longer = str_of(arena_fmt(c->arena, "%.*sx", STR_FMT(secret)));
	assert_err(c, try(c, "anna", longer, &who), current->shapeless);
	char *huge = arena_alloc(c->arena, 100001);
	memset(huge, 'x', 100000);
	memcpy(huge, secret.at, 4);
	huge[50] = huge[100] = '.';
	assert_err(c, try(c, "anna", str_from(huge, 100000), &who), current->shapeless);
}

static void who_was_removed_is_nobody(void **state)
{
	struct ctx *c = *state;
	struct actor anna = house_person(c, "anna"), who;
	struct str secret = current->give_secret(c, &anna);
	assert_ok(c, try(c, "anna", secret, &who));
	assert_ok(c, collaborator_remove(c, core_of(c), &house_of(c)->owner, STR("anna")));
	assert_err(c, try(c, "anna", secret, &who), ERR_UNAUTH);
}

static void what_is_stored_is_not_the_secret(void **state)
{
	struct ctx *c = *state;
	struct str stored, again;
	struct auth *auth = core_of(c)->auth[current->index];
	struct str secret = current->index ? STR(TOKEN_PREFIX "abcdefgh") : STR("battery staple");
	if (current->index >= OF_ACCESS_TOKENS) { /* nothing is stored of what it takes */
		assert_err(c, auth_enrol(c, auth, STR("eyJh.b.c"), &stored), ERR_UNSUPPORTED);
		return;
	}
	assert_ok(c, auth_enrol(c, auth, secret, &stored));
	assert_ok(c, auth_enrol(c, auth, secret, &again));
	assert_true(str_find_str(stored, secret) == stored.len);
	/* A password is salted; a token has enough randomness of its own and must be found. */
	assert_int_equal(str_eq(stored, again), current->index == OF_TOKENS);
}

static void another_kind_of_credential_is_left_to_others(void **state)
{
	struct ctx *c = *state;
	struct actor who;
	struct str stored;
	struct credential password = {CREDENTIAL_PASSWORD, STR("owner"), STR("correct horse")};
	struct credential token = {CREDENTIAL_PASSWORD, STR("owner"), STR(TOKEN_PREFIX "abc")};
	struct auth *auth = core_of(c)->auth[current->index];
	const struct credential *other = current->index ? &password : &token;
	assert_err(c, auth_authenticate(c, auth, other, &who), ERR_UNSUPPORTED);
	assert_err(c, auth_enrol(c, auth, other->secret, &stored), ERR_UNSUPPORTED);
}

static void an_unknown_user_and_a_wrong_password_sound_alike(void **state)
{
	struct ctx *c = *state;
	struct actor who, anna = house_person(c, "anna");
	struct auth *auth = core_of(c)->auth[0];
	static const char *const names[] = {"owner", "nobody", "anna", "", "No Name!", "x/../y"};
	char first[sizeof c->error.text];
	for (int i = 0; i < 6; i++) {
		struct credential cred = {
			CREDENTIAL_PASSWORD, str_of(names[i]), STR("wrong password")};
		assert_err(c, auth_authenticate(c, auth, &cred, &who), ERR_UNAUTH);
		if (i == 0)
			memcpy(first, c->error.text, sizeof first);
		assert_string_equal(c->error.text, first);
	}
	(void)anna;
}

/* Within a factor: an unknown name costs a hash too. */
static void time_tells_nothing_of_who_exists(void **state)
{
	struct ctx *c = *state;
	struct actor who;
	struct auth *auth = core_of(c)->auth[0];
	struct credential known = {CREDENTIAL_PASSWORD, STR("owner"), STR("wrong password")};
	struct credential unknown = {CREDENTIAL_PASSWORD, STR("nobody"), STR("wrong password")};
	int64_t best[2] = {INT64_MAX, INT64_MAX};
	for (int i = 0; i < 10; i++) {
		int64_t began = contract_cpu();
		assert_err(
			c, auth_authenticate(c, auth, i % 2 ? &known : &unknown, &who), ERR_UNAUTH);
		int64_t took = contract_cpu() - began;
		best[i % 2] = took < best[i % 2] ? took : best[i % 2];
	}
	assert_true(best[0] > 3000 && best[1] > 3000);
	assert_true(best[0] < best[1] * 3 && best[1] < best[0] * 3);
}

/* The password's own driver, with a kv of its own; microseconds of the processor for the quickest of five answers. */
static int64_t quickest(struct ctx *c, struct kv *kv, const struct credential *cred, enum err kind)
{
	struct auth *auth = auth_password_open(core_of(c)->db, kv);
	int64_t quick = INT64_MAX;
	for (int i = 0; i < 5; i++) {
		struct actor who;
		int64_t began = contract_cpu();
		enum err got = auth_authenticate(c, auth, cred, &who);
		int64_t took = contract_cpu() - began;
		quick = took < quick ? took : quick;
		if (got != kind)
			fail_msg("%s instead of %s", err_name(got), err_name(kind));
	}
	auth_close(auth);
	return quick;
}

/* The kv of the house, with a note of what it was asked last. */
struct noting {
	struct kv kv;
	struct kv *inner;
	struct str asked, put;
};

static enum err noting_get(struct ctx *c, struct kv *self, struct str key, struct str *value)
{
	struct noting *n = (struct noting *)self;
	n->asked = str_copy(c->arena, key);
	return kv_get(c, n->inner, key, value);
}

static enum err noting_put(
	struct ctx *c, struct kv *self, struct str key, struct str value, int64_t seconds)
{
	struct noting *n = (struct noting *)self;
	n->put = str_copy(c->arena, value);
	return kv_put(c, n->inner, key, value, seconds);
}

static const struct kv_ops noting_ops = {.get = noting_get, .put = noting_put};

/* What one process found out spares the next one the hash, also as of a failure that took it. */
static void a_proof_spares_other_processes_the_hash(void **state)
{
	struct ctx *c = *state;
	struct kv *kv = core_of(c)->kv, *lost;
	struct credential right = {CREDENTIAL_PASSWORD, STR("owner"), STR("correct horse")};
	struct credential wrong = {CREDENTIAL_PASSWORD, STR("owner"), STR("wrong password")};
	assert_ok(c, kv_redis_open(c, "redis://127.0.0.1:1/0", &lost));
	int64_t hash = quickest(c, lost, &right, OK);
	int64_t failure = quickest(c, kv, &wrong, ERR_UNAUTH);
	int64_t known = quickest(c, kv, &right, OK);
	assert_true(hash > 3000 && failure > 3000);
	assert_true(known < hash / 2);
	house_moved += 301 * 1000000LL;
	assert_true(quickest(c, lost, &right, OK) > known);
	kv_close(lost);
}

static void who_can_write_the_kv_can_make_no_proof(void **state)
{
	struct ctx *c = *state;
	struct actor who;
	struct noting noting = {.kv.ops = &noting_ops, .inner = core_of(c)->kv};
	struct auth *auth = auth_password_open(core_of(c)->db, &noting.kv);
	struct credential right = {CREDENTIAL_PASSWORD, STR("owner"), STR("correct horse")};
	struct credential wrong = {CREDENTIAL_PASSWORD, STR("owner"), STR("wrong password")};
	house_moved += 301 * 1000000LL; /* what the house found out is forgotten */
	assert_ok(c, auth_authenticate(c, auth, &right, &who));
	struct str good = noting.put, name = noting.asked;
	assert_true(good.len == 64);
	assert_true(str_find_str(name, STR("owner")) == name.len);
	noting.put = (struct str){0};
	assert_err(c, auth_authenticate(c, auth, &wrong, &who), ERR_UNAUTH);
	assert_int_equal(noting.put.len, 0); /* a failure leaves nothing */
	assert_false(str_eq(noting.asked, name));

	/* What is good under one name, or anything else, is nothing under another. */
	const struct str forged[] = {good, STR(""), STR("1"), noting.asked};
	struct str under = noting.asked;
	for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
		assert_ok(c, kv_put(c, noting.inner, under, forged[i], 60));
		assert_err(c, auth_authenticate(c, auth, &wrong, &who), ERR_UNAUTH);
	}
	/* And a new password makes it a fact of the past. */
	assert_ok(c, collaborator_set_password(c, core_of(c), &house_of(c)->owner, STR("owner"),
			     STR("battery staple")));
	assert_err(c, auth_authenticate(c, auth, &right, &who), ERR_UNAUTH);
	auth_close(auth);
}

static void a_new_password_is_seen_at_once(void **state)
{
	struct ctx *c = *state;
	struct actor who;
	struct auth *auth = core_of(c)->auth[0];
	struct credential old = {CREDENTIAL_PASSWORD, STR("owner"), STR("correct horse")};
	struct credential new = {CREDENTIAL_PASSWORD, STR("owner"), STR("battery staple")};
	assert_ok(c, auth_authenticate(c, auth, &old, &who));
	assert_ok(c, collaborator_set_password(
			     c, core_of(c), &house_of(c)->owner, STR("owner"), new.secret));
	assert_err(c, auth_authenticate(c, auth, &old, &who), ERR_UNAUTH);
	assert_ok(c, auth_authenticate(c, auth, &new, &who));
}

static void a_token_ends_with_its_time(void **state)
{
	struct ctx *c = *state;
	struct actor who, *owner = &house_of(c)->owner;
	struct token token;
	struct str secret;
	struct token_new what = {.name = STR("an hour"), .limit = PERMISSION_READ, .seconds = 3600};
	assert_ok(c, token_create(c, core_of(c), owner, &what, &token, &secret));
	struct credential cred = {CREDENTIAL_TOKEN, {0}, secret};
	assert_ok(c, auth_authenticate(c, core_of(c)->auth[1], &cred, &who));
	assert_true(who.owner);
	assert_int_equal(who.limit, PERMISSION_READ);
	assert_int_equal(who.token_id, token.id);
	house_moved += 3601 * 1000000LL;
	assert_err(c, auth_authenticate(c, core_of(c)->auth[1], &cred, &who), ERR_UNAUTH);
}

static enum err by_access(struct ctx *c, struct str token, struct actor *who)
{
	const struct credential cred = {CREDENTIAL_TOKEN, {0}, token};
	return auth_authenticate(c, core_of(c)->auth[3], &cred, who);
}

/* Whoever makes up keys must not be able to keep the database busy; each look takes several steps. */
static void keys_that_are_made_up_are_not_looked_up_each_time(void **state)
{
	enum { TIMES = 300 };
	struct ctx *c = *state;
	struct actor anna = house_person(c, "anna"), who;
	struct jwk_secret key;
	struct access_token what = {.issuer = STR("https://git.example.org"),
		.username = STR("anna"),
		.client = STR("nimbus"),
		.id = STR("x"),
		.device_id = 1,
		.limit = PERMISSION_READ,
		.now = house_clock() / 1000000,
		.seconds = 600};
	assert_ok(c, by_access(c, give_access(c, &anna), &who));
	jwk_make(c, JWS_EDDSA, &key);
	struct str made_up = access_token_make(c->arena, &key, &what);
	int64_t before = db_faulty_count(core_of(c)->db);
	for (int i = 0; i < TIMES; i++)
		assert_err(c, by_access(c, made_up, &who), ERR_UNSUPPORTED);
	assert_true(db_faulty_count(core_of(c)->db) - before < TIMES);
}

static void a_key_that_is_taken_away_takes_along_what_it_signed(void **state)
{
	struct ctx *c = *state;
	struct actor anna = house_person(c, "anna"), who;
	struct issuer_key key;
	struct str token = give_access(c, &anna);
	assert_ok(c, by_access(c, token, &who));
	assert_ok(c, issuer_key_rotate(c, core_of(c), &house_of(c)->owner, true, &key));
	assert_err(c, by_access(c, token, &who), ERR_UNAUTH);
	house_moved += 1000000; /* the new key is looked for */
	assert_ok(c, by_access(c, give_access(c, &anna), &who));
}

int main(void)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(the_right_secret_proves_who_it_is),
		CONTRACT_TEST(a_wrong_secret_proves_nobody),
		CONTRACT_TEST(who_was_removed_is_nobody),
		CONTRACT_TEST(what_is_stored_is_not_the_secret),
		CONTRACT_TEST(another_kind_of_credential_is_left_to_others),
	};
	const struct CMUnitTest own[] = {
		HOUSE_TEST(an_unknown_user_and_a_wrong_password_sound_alike),
		HOUSE_TEST(time_tells_nothing_of_who_exists),
		HOUSE_TEST(a_proof_spares_other_processes_the_hash),
		HOUSE_TEST(who_can_write_the_kv_can_make_no_proof),
		HOUSE_TEST(a_new_password_is_seen_at_once),
		HOUSE_TEST(a_token_ends_with_its_time),
		HOUSE_TEST(keys_that_are_made_up_are_not_looked_up_each_time),
		HOUSE_TEST(a_key_that_is_taken_away_takes_along_what_it_signed),
	};
	static const struct contract contract = CONTRACT(drivers, setup, teardown);
	int failed = contract_run(&contract, tests, sizeof tests / sizeof *tests);
	return failed + cmocka_run_group_tests(own, NULL, NULL);
}

#include "contract/contract.h"
#include "http_peer.h"

#include "base/host.h"
#include "base/json.h"
#include "driver/driver.h"
#include "driver/http_call.h"
#include "os/file.h"
#include "os/log.h"

#include <unistd.h>

enum { WORD = 200 };

/*
 * A Vault, played: sealed or not, one key-value store, one role of a database, tokens that live so
 * long. The answers have the shape of Vault 1.14's.
 */
struct vault {
	struct host_lock lock;
	char value[WORD];   /* of secret/data/nimbus#value */
	char literal[2000]; /* said instead of anything else */
	int status;         /* answered to everything; 0: all is well */
	int ttl, lease;     /* seconds */
	bool renewable, slow;
	int logins, renewals, reads, creds, lease_renewals, number;
	char seen[WORD]; /* the namespace of the last request */
};

struct world_of_secrets {
	struct unit unit;
	struct secret *secret;
	const char *reference;
	const struct driver *driver;
	struct vault vault;
	struct http_peer *peer;
	char *folder;
};

struct driver {
	const char *name;
	void (*open)(struct world_of_secrets *w);
	void (*change)(struct world_of_secrets *w, const char *text);
	const char *needs;
};

/* Of a sign-in or a renewal ("auth"), and of a look-up ("data"). */
static void say_token(struct vault *v, struct buf *out, const char *key)
{
	struct buf text = {.arena = out->arena};
	buf_fmt(&text,
		"{\"%s\":{\"client_token\":\"s.%d\",\"lease_duration\":%d,\"ttl\":%d,"
		"\"renewable\":%s}}",
		key, v->logins, v->ttl, v->ttl, v->renewable ? "true" : "false");
	peer_say(out, 200, buf_text(&text));
}

static bool knows(const struct vault *v, const struct peer_request *q)
{
	char token[WORD];
	snprintf(token, sizeof token, "s.%d", v->logins);
	return str_is(peer_header(q, "x-vault-token"), token);
}

static void say_login(
	struct vault *v, const struct peer_request *q, struct buf *out, const char *must)
{
	if (str_find_str(q->body, str_of(must)) == q->body.len) {
		peer_say(out, 400, "{\"errors\":[\"invalid secret id\"]}");
		return;
	}
	v->logins++;
	say_token(v, out, "auth");
}

static void say_creds(struct vault *v, struct buf *out)
{
	struct buf text = {.arena = out->arena};
	v->creds++;
	buf_fmt(&text,
		"{\"lease_id\":\"database/creds/nimbus/%d\",\"lease_duration\":%d,\"renewable\":%s,"
		"\"data\":{\"username\":\"u%d\",\"password\":\"p%d\"}}",
		v->creds, v->lease, v->renewable ? "true" : "false", v->creds, v->creds);
	peer_say(out, 200, buf_text(&text));
}

static void say_secret(struct vault *v, struct buf *out)
{
	struct buf text = {.arena = out->arena};
	struct json_writer w = {.out = &text};
	v->reads++;
	buf_cstr(&text, "{\"lease_id\":\"\",\"lease_duration\":0,\"renewable\":false,\"data\":{"
			"\"data\":{\"value\":");
	json_string(&w, str_of(v->value));
	buf_cstr(&text, ",\"number\":7,\"list\":[],\"empty\":\"\"},"
			"\"metadata\":{\"version\":1,\"destroyed\":false}}}");
	peer_say(out, 200, buf_text(&text));
}

static void say_renewal(struct vault *v, struct buf *out)
{
	struct buf text = {.arena = out->arena};
	v->lease_renewals++;
	if (!v->renewable) {
		peer_say(out, 400, "{\"errors\":[\"lease is not renewable\"]}");
		return;
	}
	buf_fmt(&text, "{\"lease_id\":\"x\",\"lease_duration\":%d,\"renewable\":true}", v->lease);
	peer_say(out, 200, buf_text(&text));
}

static void vault_answer(void *arg, const struct peer_request *q, struct buf *out)
{
	struct vault *v = arg;
	struct buf text = {.arena = out->arena};
	WITH_LOCK(&v->lock);
	fmt_into(v->seen, sizeof v->seen, "%.*s", STR_FMT(peer_header(q, "x-vault-namespace")));
	buf_fmt(&text, "{\"errors\":[\"%s\"]}",
		v->status == 503 ? "Vault is sealed" : "permission denied");
	if (v->slow)
		usleep(1500000);
	if (v->literal[0])
		buf_cstr(out, v->literal);
	else if (v->status)
		peer_say(out, v->status, buf_text(&text));
	else if (str_is(q->path, "/v1/auth/approle/login"))
		say_login(v, q, out, "{\"role_id\":\"role\",\"secret_id\":\"hush\"}");
	else if (str_is(q->path, "/v1/auth/kubernetes/login"))
		say_login(v, q, out, "{\"role\":\"nimbus\",\"jwt\":\"e30.e30.x\"}");
	else if (!knows(v, q))
		peer_say(out, 403,
			"{\"errors\":[\"1 error occurred:\\n\\t* permission denied\\n\\n\"]}");
	else if (str_is(q->path, "/v1/auth/token/lookup-self"))
		say_token(v, out, "data");
	else if (str_is(q->path, "/v1/auth/token/renew-self")) {
		v->renewals++;
		say_token(v, out, "auth");
	} else if (str_is(q->path, "/v1/secret/data/nimbus"))
		say_secret(v, out);
	else if (str_is(q->path, "/v1/database/creds/nimbus"))
		say_creds(v, out);
	else if (str_is(q->path, "/v1/sys/leases/renew"))
		say_renewal(v, out);
	else
		peer_say(out, 404, "{\"errors\":[]}");
}

static struct vault_options options_of(struct world_of_secrets *w)
{
	return (struct vault_options){.address = w->peer->url,
		.ca = "",
		.namespace = "",
		.role_id = "role",
		.secret_id = {NULL, "hush"},
		.kubernetes_role = "",
		.kubernetes_jwt = "",
		.token = {NULL, ""},
		.auth_path = "",
		.timeout = 20000,
		.refresh = 600000};
}

static void peer_begin(struct world_of_secrets *w)
{
	w->vault.ttl = w->vault.lease = 3600;
	w->vault.renewable = true;
	snprintf(w->vault.value, WORD, "first");
	w->peer = peer_start(&w->unit.ctx, vault_answer, &w->vault);
}

static void open_vault(struct world_of_secrets *w)
{
	peer_begin(w);
	struct vault_options options = options_of(w);
	w->reference = "secret/data/nimbus#value";
	assert_ok(&w->unit.ctx, secret_vault_open(&w->unit.ctx, &options, &w->secret));
}

static void change_vault(struct world_of_secrets *w, const char *text)
{
	WITH_LOCK(&w->vault.lock);
	snprintf(w->vault.value, WORD, "%s", text);
}

/* HashiCorp's own, as tests/services.py starts it: its address, and the root's token. */
static const char *real_address(struct ctx *c, const char **token)
{
	struct str rest = str_of(getenv("NIMBUS_TEST_VAULT"));
	size_t end = str_find_str(rest, STR("?token="));
	*token = str_dup(c->arena, str_from_index(rest, end + strlen("?token=")));
	return str_dup(c->arena, str_until(rest, end));
}

static struct str tell_real(struct ctx *c, const char *path, const char *what)
{
	struct http_client *h;
	struct http_answer answer;
	const char *token, *address = real_address(c, &token);
	const struct http_client_options options = {.service = "Vault"};
	const struct http_header header = {STR("X-Vault-Token"), str_of(token)};
	const struct http_call call = {.method = "POST",
		.url = arena_fmt(c->arena, "%s/v1/%s", address, path),
		.headers = &header,
		.header_count = 1,
		.body = str_of(what),
		.body_max = 10000};
	assert_ok(c, http_client_open(c, &options, &h));
	assert_ok(c, http_call(c, h, &call, &answer));
	assert_int_equal(answer.status, 200);
	http_client_close(h);
	return answer.body;
}

static void put_real(struct world_of_secrets *w, const char *text)
{
	struct ctx *c = &w->unit.ctx;
	tell_real(c, "secret/data/nimbus",
		arena_fmt(c->arena,
			"{\"data\":{\"value\":\"%s\",\"number\":7,\"list\":[],\"empty\":\"\"}}",
			text));
}

static struct vault_options real_options(struct world_of_secrets *w)
{
	struct vault_options options = options_of(w);
	options.address = real_address(&w->unit.ctx, &options.token.reference);
	options.role_id = options.secret_id.reference = "";
	return options;
}

static void open_real(struct world_of_secrets *w)
{
	peer_begin(w);
	struct vault_options options = real_options(w);
	put_real(w, "first");
	w->reference = "secret/data/nimbus#value";
	assert_ok(&w->unit.ctx, secret_vault_open(&w->unit.ctx, &options, &w->secret));
}

static void change_file(struct world_of_secrets *w, const char *text)
{
	struct ctx *c = &w->unit.ctx;
	assert_ok(c, file_write(c, w->reference, str_of(text), 0600));
}

static void open_file(struct world_of_secrets *w)
{
	struct ctx *c = &w->unit.ctx;
	w->reference = arena_fmt(c->arena, "%s/secret", w->folder);
	change_file(w, "first\n");
	w->secret = secret_file_open();
}

static const struct driver drivers[] = {
	{"file", open_file, change_file, NULL},
	{"vault (recorded)", open_vault, change_vault, NULL},
	{"vault (the real server)", open_real, put_real, "NIMBUS_TEST_VAULT"},
};

static const char *name_of(const void *driver)
{
	return ((const struct driver *)driver)->name;
}

static const char *needs(const void *driver)
{
	return ((const struct driver *)driver)->needs;
}

static int setup(void **state)
{
	struct world_of_secrets *w = calloc(1, sizeof *w);
	w->driver = *state;
	arena_init(&w->unit.arena);
	ctx_init(&w->unit.ctx, &w->unit.arena, os_world());
	w->folder = contract_folder();
	w->driver->open(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world_of_secrets *w = *state;
	secret_close(w->secret);
	if (w->peer)
		peer_stop(w->peer);
	contract_remove_folder(w->folder);
	arena_done(&w->unit.arena);
	free(w);
	return 0;
}

/* What it is now. */
static struct secret_value now(struct ctx *c)
{
	struct world_of_secrets *w = (struct world_of_secrets *)c;
	struct secret_value value;
	assert_ok(c, secret_get(c, w->secret, w->reference, &value));
	return value;
}

static struct world_of_secrets *world_of(struct ctx *c)
{
	return (struct world_of_secrets *)c;
}

static void what_is_there_is_told(void **state)
{
	struct ctx *c = *state;
	struct secret_value first = now(c), second = now(c);
	assert_str(first.text, "first");
	assert_str(second.text, "first");
	assert_int_equal(first.generation, second.generation);
}

static void what_is_not_there_is_an_error(void **state)
{
	struct ctx *c = *state;
	struct secret_value value;
	const char *other = arena_fmt(c->arena, "%.*s-none",
		(int)strcspn(world_of(c)->reference, "#"), world_of(c)->reference);
	if (strchr(world_of(c)->reference, '#'))
		other = arena_fmt(c->arena, "%s#value", other);
	assert_err(c, secret_get(c, world_of(c)->secret, other, &value), ERR_NOT_FOUND);
	assert_str(now(c).text, "first");
}

static void what_was_refused_is_looked_up_again(void **state)
{
	struct ctx *c = *state;
	struct world_of_secrets *w = world_of(c);
	const struct secret_source source = {w->secret, w->reference};
	struct secret_value first = now(c);
	w->driver->change(w, "second");
	usleep(1100000);
	secret_doubt(c, &source, first.generation);
	struct secret_value second = now(c);
	assert_str(second.text, "second");
	assert_true(second.generation > first.generation);
	/* Who doubts what is old already changes nothing. */
	secret_doubt(c, &source, first.generation);
	assert_int_equal(now(c).generation, second.generation);
}

static void parts_of_a_set_belong_together(void **state)
{
	struct ctx *c = *state;
	struct world_of_secrets *w = world_of(c);
	const struct secret_set set = {{{NULL, "postgres://x"}, {w->secret, w->reference}}};
	struct secret_values values;
	assert_ok(c, secret_set_read(c, &set, &values));
	assert_str(values.parts[0].text, "postgres://x");
	assert_str(values.parts[1].text, "first");
	assert_str(values.parts[2].text, "");
	assert_int_equal(values.generation, values.parts[1].generation);
}

/* Until `truth` holds of the Vault that is played; false after a minute. */
#define WAIT(v, truth)                              \
	({                                          \
		bool holds_ = false;                \
		for (int i_ = 0; i_ < 6000; i_++) { \
			host_lock(&(v)->lock);      \
			holds_ = (truth);           \
			host_unlock(&(v)->lock);    \
			if (holds_)                 \
				break;              \
			usleep(10000);              \
		}                                   \
		holds_;                             \
	})

static void a_mounted_file_that_changes_is_seen(void **state)
{
	struct ctx *c = *state;
	struct world_of_secrets *w = world_of(c);
	assert_str(now(c).text, "first");
	w->driver->change(w, "second");
	usleep(1100000);
	assert_str(now(c).text, "second");
	/* While it is being replaced, what was told last goes on. */
	unlink(w->reference);
	usleep(1100000);
	assert_str(now(c).text, "second");
	w->driver->change(w, "");
	usleep(1100000);
	assert_str(now(c).text, "second");
}

static void a_lease_is_renewed_and_its_secret_stays(void **state)
{
	struct ctx *c = *state;
	struct world_of_secrets *w = world_of(c);
	struct vault *v = &w->vault;
	struct secret_value user, again;
	v->lease = 1;
	assert_ok(c, secret_get(c, w->secret, "database/creds/nimbus#username", &user));
	assert_str(user.text, "u1");
	assert_true(WAIT(v, v->lease_renewals >= 2));
	assert_ok(c, secret_get(c, w->secret, "database/creds/nimbus#username", &again));
	assert_str(again.text, "u1");
	assert_int_equal(user.generation, again.generation);
	assert_int_equal(v->creds, 1);
}

static void where_a_lease_cannot_go_on_new_credentials_come_before_it_ends(void **state)
{
	struct ctx *c = *state;
	struct world_of_secrets *w = world_of(c);
	struct vault *v = &w->vault;
	struct secret_value user, password;
	v->lease = 2;
	int64_t begun = c->world->monotonic();
	assert_ok(c, secret_get(c, w->secret, "database/creds/nimbus#username", &user));
	assert_str(user.text, "u1");
	host_lock(&v->lock);
	v->renewable = false;
	host_unlock(&v->lock);
	assert_true(WAIT(v, v->creds == 2));
	/* Of a lease of 2 s two thirds had gone; a busy machine may be late. */
	assert_true(c->world->monotonic() - begun >= 1000000);
	assert_true(v->lease_renewals >= 1);
	for (int i = 0; i < 100; i++) {
		struct secret_set set = {{{w->secret, "database/creds/nimbus#username"},
			{w->secret, "database/creds/nimbus#password"}}};
		struct secret_values values;
		assert_ok(c, secret_set_read(c, &set, &values));
		user = values.parts[0], password = values.parts[1];
		assert_int_equal(user.generation, password.generation);
		assert_str(str_from_index(user.text, 1),
			str_dup(c->arena, str_from_index(password.text, 1)));
		usleep(10000);
	}
}

static void a_token_is_renewed_and_replaced_by_a_new_one(void **state)
{
	struct ctx *c = *state;
	struct vault *v = &world_of(c)->vault;
	v->ttl = 1;
	assert_str(now(c).text, "first");
	assert_true(WAIT(v, v->renewals >= 2));
	assert_int_equal(v->logins, 1);
	host_lock(&v->lock);
	v->ttl = 0; /* as near the end of its longest life */
	host_unlock(&v->lock);
	assert_true(WAIT(v, v->logins >= 2));
}

/* Vault ends what it lent to a token together with the token, however long the lease was to last. */
static void what_was_lent_to_a_token_that_is_replaced_is_read_anew(void **state)
{
	struct ctx *c = *state;
	struct world_of_secrets *w = world_of(c);
	struct vault *v = &w->vault;
	struct secret_value user;
	v->ttl = 2;
	assert_ok(c, secret_get(c, w->secret, "database/creds/nimbus#username", &user));
	assert_str(user.text, "u1");
	assert_true(WAIT(v, v->renewals >= 1));
	assert_int_equal(v->creds, 1); /* a token that goes on changes nothing */
	host_lock(&v->lock);
	v->ttl = 0;
	host_unlock(&v->lock);
	assert_true(WAIT(v, v->logins >= 2));
	host_lock(&v->lock);
	v->ttl = 3600;
	host_unlock(&v->lock);
	assert_true(WAIT(v, v->creds >= 2));
	assert_int_equal(v->lease_renewals, 0);
}

static void a_token_that_was_revoked_is_replaced(void **state)
{
	struct ctx *c = *state;
	struct world_of_secrets *w = world_of(c);
	struct secret_value value;
	assert_str(now(c).text, "first");
	host_lock(&w->vault.lock);
	w->vault.logins++; /* another token is good now */
	host_unlock(&w->vault.lock);
	usleep(1100000);
	assert_ok(c, secret_get(c, w->secret, "database/creds/nimbus#username", &value));
	assert_int_equal(w->vault.logins, 3);
}

static void trouble_has_its_kind_and_a_clear_line(void **state)
{
	struct ctx *c = *state;
	struct world_of_secrets *w = world_of(c);
	struct vault *v = &w->vault;
	struct secret_value value;
	static const struct {
		int status;
		const char *literal;
		enum err kind;
		const char *said;
	} rows[] = {
		{503, "", ERR_UNAVAILABLE, "503 to auth/approle/login: Vault is sealed"},
		{403, "", ERR_DENIED, "permission denied"},
		{0,
			"HTTP/1.1 307 X\r\nLocation: http://10.1.2.3:8200/v1\r\nContent-Length: "
			"0\r\n\r\n",
			ERR_UNAVAILABLE,
			"not the active one, and sends to http://10.1.2.3:8200/v1"},
		{0, "HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\n<html></>", ERR_UNAVAILABLE,
			"NIMBUS_VAULT_ADDR leads to is no Vault"},
		{0, "HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\n{}", ERR_UNAVAILABLE,
			"holds no token"},
		{0, "HTTP/1.1 200 X\r\nContent-Length: 99999999\r\n\r\n", ERR_TIMEOUT, ""},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		host_lock(&v->lock);
		v->status = rows[i].status;
		snprintf(v->literal, sizeof v->literal, "%s", rows[i].literal);
		host_unlock(&v->lock);
		c->deadline = rows[i].kind == ERR_TIMEOUT ? c->world->monotonic() + 300000 : 0;
		assert_err(c, secret_get(c, w->secret, w->reference, &value), rows[i].kind);
		if (!strstr(c->error.text, rows[i].said))
			fail_msg("\"%s\" does not say \"%s\"", c->error.text, rows[i].said);
		assert_null(strstr(c->error.text, "hush"));
	}
	c->deadline = 0;
	host_lock(&v->lock);
	v->status = 0, v->literal[0] = 0;
	host_unlock(&v->lock);
	assert_str(now(c).text, "first");
}

static void a_vault_that_is_lost_changes_nothing(void **state)
{
	struct ctx *c = *state;
	struct world_of_secrets *w = world_of(c);
	const struct secret_source source = {w->secret, w->reference};
	struct secret_value first = now(c);
	host_lock(&w->vault.lock);
	w->vault.status = 503;
	host_unlock(&w->vault.lock);
	usleep(1100000);
	secret_doubt(c, &source, first.generation);
	assert_int_equal(now(c).generation, first.generation);
	assert_int_equal(c->error.kind, OK);
}

static void a_slow_vault_is_not_waited_for_longer_than_it_may_take(void **state)
{
	struct ctx *c = *state;
	struct world_of_secrets *w = world_of(c);
	struct secret_value value;
	w->vault.slow = true;
	c->deadline = c->world->monotonic() + 200000;
	assert_err(c, secret_get(c, w->secret, w->reference, &value), ERR_TIMEOUT);
	c->deadline = 0;
	host_lock(&w->vault.lock);
	w->vault.slow = false;
	host_unlock(&w->vault.lock);
}

static void a_field_must_be_a_secret(void **state)
{
	struct ctx *c = *state;
	struct world_of_secrets *w = world_of(c);
	struct secret_value value;
	assert_ok(c, secret_get(c, w->secret, "secret/data/nimbus#number", &value));
	assert_str(value.text, "7");
	assert_err(c, secret_get(c, w->secret, "secret/data/nimbus#list", &value), ERR_NOT_FOUND);
	assert_err(c, secret_get(c, w->secret, "secret/data/nimbus#none", &value), ERR_NOT_FOUND);
	assert_err(c, secret_get(c, w->secret, "secret/data/nimbus#empty", &value), ERR_INVALID);
	static const char *const bad[] = {"", "secret/data/nimbus", "#value", "/secret#a",
		"secret/../sys#a", "secret?x#a", "a b#a", "secret/\n#a"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_err(c, secret_get(c, w->secret, bad[i], &value), ERR_INVALID);
}

static enum err open_with(struct ctx *c, const struct vault_options *options, const char *reference)
{
	struct secret *secret;
	struct secret_value value;
	TRY(secret_vault_open(c, options, &secret));
	enum err kind = secret_get(c, secret, reference, &value);
	secret_close(secret);
	return kind;
}

static void there_are_three_ways_to_sign_in(void **state)
{
	struct ctx *c = *state;
	struct world_of_secrets *w = world_of(c);
	struct vault_options options = options_of(w);
	options.namespace = "team/a";
	assert_ok(c, open_with(c, &options, w->reference));
	assert_string_equal(w->vault.seen, "team/a");
	options.secret_id.reference = "wrong";
	assert_err(c, open_with(c, &options, w->reference), ERR_INVALID);
	assert_non_null(strstr(c->error.text, "NIMBUS_VAULT_ROLE_ID and NIMBUS_VAULT_SECRET_ID"));
	options.role_id = options.secret_id.reference = "";
	options.token.reference = arena_fmt(c->arena, "s.%d", w->vault.logins);
	assert_ok(c, open_with(c, &options, w->reference));
	options.token.reference = "s.none";
	assert_err(c, open_with(c, &options, w->reference), ERR_DENIED);
	assert_non_null(strstr(c->error.text, "NIMBUS_VAULT_TOKEN"));
	assert_non_null(strstr(c->error.text, "lookup-self: permission denied; check"));
	options.token.reference = "";
	options.kubernetes_role = "nimbus";
	options.kubernetes_jwt = arena_fmt(c->arena, "%s/jwt", w->folder);
	assert_err(c, open_with(c, &options, w->reference), ERR_INVALID);
	assert_non_null(strstr(c->error.text, "NIMBUS_VAULT_KUBERNETES_JWT"));
	assert_ok(c, file_write(c, options.kubernetes_jwt, STR("e30.e30.x\n"), 0600));
	assert_ok(c, open_with(c, &options, w->reference));
}

/* Whom the real one lets in, and shows nothing. */
static void who_has_no_policy_is_denied(void **state)
{
	struct ctx *c = *state;
	struct world_of_secrets *w = world_of(c);
	struct vault_options options = real_options(w);
	struct json *answer;
	struct str made = tell_real(c, "auth/token/create", "{\"policies\":[\"default\"]}");
	assert_ok(c, json_parse(c, made, &answer));
	struct str token = json_text(json_get(answer, "auth"), "client_token");
	options.token.reference = str_dup(c->arena, token);
	assert_err(c, open_with(c, &options, w->reference), ERR_DENIED);
	assert_non_null(strstr(c->error.text, "refuses secret/data/nimbus: permission denied"));
	assert_null(strstr(c->error.text, options.token.reference));
	options.token.reference = "hvs.nobodys";
	assert_err(c, open_with(c, &options, w->reference), ERR_DENIED);
	assert_non_null(strstr(c->error.text, "NIMBUS_VAULT_TOKEN"));
}

static void settings_that_make_no_sense_are_named(void **state)
{
	struct ctx *c = *state;
	struct world_of_secrets *w = world_of(c);
	struct vault_options good = options_of(w), bad = good;
	bad.address = "";
	assert_err(c, open_with(c, &bad, w->reference), ERR_INVALID);
	assert_non_null(strstr(c->error.text, "NIMBUS_VAULT_ADDR is not set"));
	bad.address = "http://vault.example.org:8200";
	assert_err(c, open_with(c, &bad, w->reference), ERR_INVALID);
	assert_non_null(strstr(
		c->error.text, "NIMBUS_VAULT_ADDR=http://vault.example.org:8200 must be https"));
	bad = good;
	bad.ca = "/nowhere";
	assert_err(c, open_with(c, &bad, w->reference), ERR_INVALID);
	assert_non_null(strstr(c->error.text, "NIMBUS_VAULT_CA=/nowhere"));
	bad = good;
	bad.token.reference = "s.1";
	assert_err(c, open_with(c, &bad, w->reference), ERR_INVALID);
	assert_non_null(strstr(c->error.text, "set only one of NIMBUS_VAULT_TOKEN"));
	bad = good;
	bad.secret_id.reference = "";
	assert_err(c, open_with(c, &bad, w->reference), ERR_INVALID);
	assert_non_null(strstr(c->error.text, "NIMBUS_VAULT_SECRET_ID is not set"));
	bad.role_id = "";
	assert_err(c, open_with(c, &bad, w->reference), ERR_INVALID);
	assert_non_null(strstr(c->error.text, "NIMBUS_VAULT_TOKEN is not set"));
}

int main(void)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(what_is_there_is_told),
		CONTRACT_TEST(what_is_not_there_is_an_error),
		CONTRACT_TEST(what_was_refused_is_looked_up_again),
		CONTRACT_TEST(parts_of_a_set_belong_together),
	};
	static const struct contract_test of_files[] = {
		CONTRACT_TEST(a_mounted_file_that_changes_is_seen),
	};
	static const struct contract_test of_vault[] = {
		CONTRACT_TEST(a_lease_is_renewed_and_its_secret_stays),
		CONTRACT_TEST(where_a_lease_cannot_go_on_new_credentials_come_before_it_ends),
		CONTRACT_TEST(a_token_is_renewed_and_replaced_by_a_new_one),
		CONTRACT_TEST(what_was_lent_to_a_token_that_is_replaced_is_read_anew),
		CONTRACT_TEST(a_token_that_was_revoked_is_replaced),
		CONTRACT_TEST(trouble_has_its_kind_and_a_clear_line),
		CONTRACT_TEST(a_vault_that_is_lost_changes_nothing),
		CONTRACT_TEST(a_slow_vault_is_not_waited_for_longer_than_it_may_take),
		CONTRACT_TEST(a_field_must_be_a_secret),
		CONTRACT_TEST(there_are_three_ways_to_sign_in),
		CONTRACT_TEST(settings_that_make_no_sense_are_named),
	};
	static const struct contract_test of_the_real[] = {
		CONTRACT_TEST(a_field_must_be_a_secret),
		CONTRACT_TEST(who_has_no_policy_is_denied),
	};
	struct contract contract = CONTRACT(drivers, setup, teardown);
	contract.needs = needs;
	log_init(LOG_LEVEL_OFF, 1);
	int failed = contract_run(&contract, tests, sizeof tests / sizeof *tests);
	failed += contract_run_one(&contract, &drivers[0], of_files, 1);
	failed += contract_run_one(
		&contract, &drivers[1], of_vault, sizeof of_vault / sizeof *of_vault);
	if (getenv(drivers[2].needs))
		failed += contract_run_one(&contract, &drivers[2], of_the_real,
			sizeof of_the_real / sizeof *of_the_real);
	return failed;
}

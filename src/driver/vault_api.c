#include "driver/vault_api.h"

#include "base/host.h"
#include "driver/wait.h"
#include "os/file.h"

#include <stdlib.h>

enum {
	TRIES = 3,
	PAUSE_US = 200000,
	ANSWER_MAX = 1 << 20,
	SECONDS_MAX = 10 * 366 * 24 * 3600,
	SECOND = 1000000,
	FRESH_US = SECOND, /* a token so new is not the reason for a refusal */
	HEADERS = 4,
};

int64_t vault_seconds(const struct json *number)
{
	if (!number || number->kind != JSON_INT || number->integer < 0)
		return 0;
	return number->integer < SECONDS_MAX ? number->integer : SECONDS_MAX;
}

static enum err check_options(struct ctx *c, const struct vault_options *o)
{
	bool token = o->token.reference && *o->token.reference, app = *o->role_id != 0,
	     kubernetes = *o->kubernetes_role != 0;
	bool secret = o->secret_id.reference && *o->secret_id.reference;
	if (!*o->address)
		return fail(c, ERR_INVALID,
			"NIMBUS_VAULT_ADDR is not set, but a secret is to be read from Vault: set "
			"it to its address, such as https://vault.example.org:8200");
	if (token + app + kubernetes > 1)
		return fail(c, ERR_INVALID,
			"set only one of NIMBUS_VAULT_TOKEN, NIMBUS_VAULT_ROLE_ID and "
			"NIMBUS_VAULT_KUBERNETES_ROLE");
	if (token + app + kubernetes == 0)
		return fail(c, ERR_INVALID,
			"NIMBUS_VAULT_TOKEN is not set, nor is NIMBUS_VAULT_ROLE_ID or "
			"NIMBUS_VAULT_KUBERNETES_ROLE: Vault needs one to sign in with");
	if (app != secret)
		return fail(c, ERR_INVALID,
			"NIMBUS_VAULT_ROLE_ID and NIMBUS_VAULT_SECRET_ID go together: %s is not "
			"set",
			app ? "NIMBUS_VAULT_SECRET_ID" : "NIMBUS_VAULT_ROLE_ID");
	return OK;
}

enum err vault_api_init(struct ctx *c, struct vault_api *v, const struct vault_options *options)
{
	const struct http_client_options http = {.service = "Vault",
		.address = "NIMBUS_VAULT_ADDR",
		.ca = options->ca,
		.ca_name = "NIMBUS_VAULT_CA"};
	*v = (struct vault_api){.options = *options};
	TRY(check_options(c, options));
	TRY(http_client_open(c, &http, &v->http));
	enum err kind = http_client_check(c, v->http, options->address);
	if (kind)
		vault_api_done(v);
	return kind;
}

static void forget_token(struct vault_api *v)
{
	if (v->token)
		explicit_bzero(v->token, strlen(v->token));
	free(v->token);
	v->token = NULL;
}

void vault_api_done(struct vault_api *v)
{
	http_client_close(v->http);
	v->http = NULL;
	forget_token(v);
}

/* The first of what Vault complains of, also of a list: "1 error occurred:\n\t* permission denied\n\n". */
static struct str complaint(const struct json *body)
{
	enum { LONGEST = 160 };
	static const struct str item = {"\n\t* ", 4};
	const struct json *errors = json_get(body, "errors");
	const struct json *first = errors && errors->kind == JSON_ARRAY ? errors->first : NULL;
	struct str text = first && first->kind == JSON_STRING ? first->text : STR("");
	size_t begin = str_find_str(text, item);
	if (begin < text.len)
		text = str_from_index(text, begin + item.len);
	text = str_until(text, str_find(text, '\n'));
	return text.len ? str_until(text, LONGEST) : STR("it does not say why");
}

static enum err refused(
	struct ctx *c, const struct http_answer *answer, const struct json *body, const char *path)
{
	struct str why = complaint(body), to = http_answer_header(answer, "location");
	switch (answer->status) {
	case 400:
	case 405: return fail(c, ERR_INVALID, "Vault cannot do %s: %.*s", path, STR_FMT(why));
	case 401:
	case 403:
		return fail(c, ERR_DENIED,
			"Vault refuses %s: %.*s; check the policies of who signs in, and the "
			"namespace",
			path, STR_FMT(why));
	case 404: return fail(c, ERR_NOT_FOUND, "Vault has nothing at %s", path);
	case 301:
	case 302:
	case 307:
	case 308:
		return fail(c, ERR_UNAVAILABLE,
			"this Vault is not the active one, and sends to %.*s: point "
			"NIMBUS_VAULT_ADDR there, or to what stands before all of them",
			STR_FMT(str_until(to, 200)));
	default:
		return fail(c, ERR_UNAVAILABLE, "Vault answers %d to %s: %.*s", answer->status,
			path, STR_FMT(why));
	}
}

static enum err read_answer(
	struct ctx *c, const struct http_answer *answer, const char *path, const struct json **out)
{
	struct json *body = NULL;
	bool good = answer->status >= 200 && answer->status < 300;
	*out = NULL;
	if (good && !answer->body.len)
		return OK;
	enum err kind = json_parse(c, answer->body, &body);
	if (!good) {
		ctx_clear(c);
		return refused(c, answer, kind ? NULL : body, path);
	}
	if (kind || body->kind != JSON_OBJECT)
		return fail(c, ERR_UNAVAILABLE,
			"what NIMBUS_VAULT_ADDR leads to is no Vault: its answer to %s is not what "
			"Vault answers",
			path);
	*out = body;
	return OK;
}

/* Without looking at the token first. */
static enum err ask(struct ctx *c, struct vault_api *v, const char *path, const struct buf *body,
	const struct json **out)
{
	struct http_header headers[HEADERS] = {{STR("X-Vault-Request"), STR("true")}};
	size_t count = 1;
	if (v->token)
		headers[count++] = (struct http_header){STR("X-Vault-Token"), str_of(v->token)};
	if (*v->options.namespace)
		headers[count++] = (struct http_header){
			STR("X-Vault-Namespace"), str_of(v->options.namespace)};
	if (body)
		headers[count++] =
			(struct http_header){STR("Content-Type"), STR("application/json")};
	struct str address = str_of(v->options.address);
	while (str_skip_end(&address, STR("/")))
		;
	const struct http_call call = {.method = body ? "POST" : "GET",
		.url = arena_fmt(c->arena, "%.*s/v1/%s", STR_FMT(address), path),
		.headers = headers,
		.header_count = count,
		.body = body ? buf_view(body) : (struct str){0},
		.timeout_ms = v->options.timeout,
		.body_max = ANSWER_MAX};
	for (int tries = 1;; tries++) {
		struct http_answer answer;
		enum err kind = http_call(c, v->http, &call, &answer);
		if (!kind)
			kind = read_answer(c, &answer, path, out);
		if (kind != ERR_UNAVAILABLE || tries == TRIES)
			return kind;
		TRY(wait_pause(c, PAUSE_US * tries));
	}
}

/* What a sign-in, a look-up or a renewal tells of the token; {0}.at keeps the one that there is. */
static void take_token(
	struct ctx *c, struct vault_api *v, struct str token, int64_t seconds, bool renewable)
{
	int64_t now = c->world->monotonic();
	if (token.at) {
		if (!v->token || !str_is(token, v->token))
			v->number++;
		forget_token(v);
		v->token = strndup(token.at, token.len);
		if (!v->token)
			host_panic("out of memory");
		v->seconds = seconds;
		v->got = now;
	}
	bool own = !*v->options.token.reference;
	/* Who can sign in again does, also where nothing can be renewed. */
	v->renew = seconds && (renewable || own) ? now + seconds * SECOND / 3 * 2 : 0;
}

static enum err take_auth(struct ctx *c, struct vault_api *v, const struct json *answer)
{
	const struct json *auth = json_get(answer, "auth");
	const struct json *renewable = json_get(auth, "renewable");
	struct str token = json_text(auth, "client_token");
	if (!token.len)
		return fail(c, ERR_UNAVAILABLE, "Vault's answer to a sign-in holds no token");
	take_token(c, v, token, vault_seconds(json_get(auth, "lease_duration")),
		renewable && renewable->boolean);
	return OK;
}

static enum err use_token(struct ctx *c, struct vault_api *v)
{
	struct secret_value token;
	const struct json *answer;
	TRY_WHILE(c, secret_read(c, &v->options.token, &token), "reading NIMBUS_VAULT_TOKEN");
	take_token(c, v, token.text, 0, false);
	enum err kind = ask(c, v, "auth/token/lookup-self", NULL, &answer);
	if (kind) {
		forget_token(v);
		return fail_while(c, kind, "signing in with NIMBUS_VAULT_TOKEN");
	}
	const struct json *data = json_get(answer, "data");
	const struct json *renewable = json_get(data, "renewable");
	take_token(c, v, token.text, vault_seconds(json_get(data, "ttl")),
		renewable && renewable->boolean);
	return OK;
}

static enum err log_in(struct ctx *c, struct vault_api *v, const char *fallback, struct buf *body)
{
	const struct json *answer;
	const char *mount = *v->options.auth_path ? v->options.auth_path : fallback;
	forget_token(v);
	TRY(ask(c, v, arena_fmt(c->arena, "auth/%s/login", mount), body, &answer));
	return take_auth(c, v, answer);
}

static enum err use_role(struct ctx *c, struct vault_api *v)
{
	struct secret_value secret;
	struct buf body = {.arena = c->arena};
	struct json_writer w = {.out = &body};
	TRY_WHILE(c, secret_read(c, &v->options.secret_id, &secret),
		"reading NIMBUS_VAULT_SECRET_ID");
	json_begin_object(&w);
	json_member_cstr(&w, "role_id", v->options.role_id);
	json_member_str(&w, "secret_id", secret.text);
	json_end_object(&w);
	TRY_WHILE(c, log_in(c, v, "approle", &body),
		"signing in with NIMBUS_VAULT_ROLE_ID and NIMBUS_VAULT_SECRET_ID");
	return OK;
}

static enum err use_kubernetes(struct ctx *c, struct vault_api *v)
{
	struct str jwt;
	struct buf body = {.arena = c->arena};
	struct json_writer w = {.out = &body};
	if (file_read(c, v->options.kubernetes_jwt, SECRET_TEXT_MAX, &jwt))
		return fail(c, ERR_INVALID, "NIMBUS_VAULT_KUBERNETES_JWT: %s",
			arena_strdup(c->arena, c->error.text));
	json_begin_object(&w);
	json_member_cstr(&w, "role", v->options.kubernetes_role);
	json_member_str(&w, "jwt", str_trim(jwt));
	json_end_object(&w);
	TRY_WHILE(c, log_in(c, v, "kubernetes", &body),
		"signing in with NIMBUS_VAULT_KUBERNETES_ROLE");
	return OK;
}

static enum err sign_in_anew(struct ctx *c, struct vault_api *v)
{
	return *v->options.role_id           ? use_role(c, v)
	       : *v->options.kubernetes_role ? use_kubernetes(c, v)
					     : use_token(c, v);
}

/* *done: false where another sign-in is needed. */
static enum err renew_token(struct ctx *c, struct vault_api *v, bool *done)
{
	struct buf body = {.arena = c->arena};
	const struct json *answer;
	buf_cstr(&body, "{}");
	*done = false;
	enum err kind = ask(c, v, "auth/token/renew-self", &body, &answer);
	if (kind == ERR_DENIED || kind == ERR_INVALID || kind == ERR_NOT_FOUND) {
		ctx_clear(c);
		return OK;
	}
	TRY(kind);
	const struct json *auth = json_get(answer, "auth");
	const struct json *renewable = json_get(auth, "renewable");
	int64_t seconds = vault_seconds(json_get(auth, "lease_duration"));
	take_token(c, v, (struct str){0}, seconds, renewable && renewable->boolean);
	/* Near its longest life each renewal gives less. */
	*done = seconds * 2 >= v->seconds;
	return OK;
}

enum err vault_api_sign_in(struct ctx *c, struct vault_api *v)
{
	bool done = true;
	if (v->token && (!v->renew || c->world->monotonic() < v->renew))
		return OK;
	if (v->token)
		TRY_WHILE(c, renew_token(c, v, &done), "renewing the token");
	return v->token && done ? OK : sign_in_anew(c, v);
}

enum err vault_api_ask(struct ctx *c, struct vault_api *v, const char *path, const struct buf *body,
	const struct json **out)
{
	TRY(vault_api_sign_in(c, v));
	enum err kind = ask(c, v, path, body, out);
	/* A token may have been revoked, or have ended early. */
	if (kind != ERR_DENIED || c->world->monotonic() - v->got < FRESH_US)
		return kind;
	ctx_clear(c);
	TRY(sign_in_anew(c, v));
	return ask(c, v, path, body, out);
}

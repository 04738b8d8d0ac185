/*
 * OAuth for signed-in devices: RFC 6749 (tokens), 7009 (revocation), 8414 (metadata), 8628 (device flow).
 * Clients are public: no secret tells one from another, so none is asked for.
 */
#include "web/oauth.h"

#include "base/uri.h"
#include "core/issuer.h"
#include "web/site.h"

#define GRANT_DEVICE "urn:ietf:params:oauth:grant-type:device_code"

enum { PARAMETER_MAX = 4096 };

static enum err refuse(struct ctx *c, struct web_request *r, const char *error, const char *text)
{
	r->oauth_error = error;
	return fail(c, ERR_INVALID, "%s", text);
}

/* Twice is refused (RFC 6749, 3.2), empty is not there. */
static enum err parameter(struct ctx *c, struct web_request *r, const char *name, struct str *out)
{
	size_t seen = 0;
	*out = (struct str){0};
	for (size_t i = 0; i < r->field_count; i++) {
		if (!str_is(r->fields[i].name, name))
			continue;
		*out = r->fields[i].value;
		seen++;
	}
	if (seen > 1)
		return fail(c, ERR_INVALID, "%s is there twice", name);
	if (out->len > PARAMETER_MAX)
		return fail(c, ERR_INVALID, "%s is too long", name);
	return OK;
}

static enum err needed(struct ctx *c, struct web_request *r, const char *name, struct str *out)
{
	TRY(parameter(c, r, name, out));
	return out->len ? OK : fail(c, ERR_INVALID, "%s is missing", name);
}

static enum err read_caller(struct ctx *c, struct web_request *r, struct device_caller *out)
{
	*out = (struct device_caller){.issuer = r->origin, .peer = web_peer(r->web, r->http)};
	TRY(parameter(c, r, "client_id", &out->client));
	if (!device_client_name(out->client))
		return refuse(c, r, "invalid_client",
			"client_id is of no program that is known here: nimbus is");
	return OK;
}

enum err oauth_scope(struct ctx *c, struct web_request *r, struct str text, enum permission *out)
{
	*out = PERMISSION_NONE;
	while (text.len) {
		enum permission one;
		struct str word = str_cut(&text, ' ');
		if (!word.len)
			continue;
		if (!permission_parse(word, &one) || one == PERMISSION_NONE)
			return refuse(c, r, "invalid_scope", "scope is read, write or admin");
		*out = one > *out ? one : *out;
	}
	if (*out == PERMISSION_NONE)
		*out = PERMISSION_WRITE;
	return OK;
}

static enum err send_json(struct ctx *c, struct web_request *r, struct buf *json)
{
	buf_byte(json, '\n');
	web_header(r, "Cache-Control", STR("no-store"));
	web_header(r, "Pragma", STR("no-cache"));
	return web_json(c, r, 200, buf_view(json));
}

/* RFC 6749, 5.1. */
static enum err send_tokens(struct ctx *c, struct web_request *r, const struct device_tokens *t)
{
	struct buf out = {.arena = c->arena};
	struct json_writer w = {.out = &out};
	json_begin_object(&w);
	json_member_str(&w, "access_token", t->access);
	json_member_cstr(&w, "token_type", "Bearer");
	json_member_int(&w, "expires_in", t->seconds);
	json_member_str(&w, "refresh_token", t->refresh);
	json_member_cstr(&w, "scope", permission_name(t->limit));
	json_end_object(&w);
	return send_json(c, r, &out);
}

static enum err poll_device(
	struct ctx *c, struct web_request *r, const struct device_caller *caller)
{
	enum device_answer answer;
	struct device_tokens tokens;
	struct str code;
	TRY(needed(c, r, "device_code", &code));
	TRY(device_poll(c, r->core, caller, code, &answer, &tokens));
	switch (answer) {
	case DEVICE_GIVEN: return send_tokens(c, r, &tokens);
	case DEVICE_WAITS: return refuse(c, r, "authorization_pending", "nobody has decided yet");
	case DEVICE_TOO_FAST:
		return refuse(c, r, "slow_down", "ask less often: wait five seconds longer");
	case DEVICE_DENIED: return refuse(c, r, "access_denied", "it was refused");
	case DEVICE_OVER:
		return refuse(c, r, "expired_token", "nobody let it in within 15 minutes");
	case DEVICE_UNKNOWN: break;
	}
	return refuse(c, r, "invalid_grant", "the device_code is wrong, or used up");
}

static enum err refresh(struct ctx *c, struct web_request *r, const struct device_caller *caller)
{
	struct device_tokens tokens;
	struct str token, scope;
	enum permission limit = PERMISSION_NONE;
	TRY(needed(c, r, "refresh_token", &token));
	TRY(parameter(c, r, "scope", &scope));
	if (scope.len)
		TRY(oauth_scope(c, r, scope, &limit));
	r->oauth_error = "invalid_scope"; /* it alone is ERR_INVALID there */
	enum err kind = device_refresh(c, r->core, caller, token, limit, &tokens);
	if (kind != ERR_INVALID)
		r->oauth_error = kind == ERR_UNAUTH ? "invalid_grant" : NULL;
	TRY(kind);
	return send_tokens(c, r, &tokens);
}

static enum err redeem(struct ctx *c, struct web_request *r, const struct device_caller *caller)
{
	struct device_tokens tokens;
	struct device_proof proof;
	TRY(needed(c, r, "code", &proof.code));
	TRY(needed(c, r, "redirect_uri", &proof.redirect));
	TRY(needed(c, r, "code_verifier", &proof.verifier));
	enum err kind = device_redeem(c, r->core, caller, &proof, &tokens);
	if (kind == ERR_UNAUTH)
		r->oauth_error = "invalid_grant";
	TRY(kind);
	return send_tokens(c, r, &tokens);
}

enum err oauth_token(struct ctx *c, struct web_request *r)
{
	struct device_caller caller;
	struct str type;
	TRY(needed(c, r, "grant_type", &type));
	TRY(read_caller(c, r, &caller));
	if (str_is(type, "refresh_token"))
		return refresh(c, r, &caller);
	if (str_is(type, GRANT_DEVICE))
		return poll_device(c, r, &caller);
	if (str_is(type, "authorization_code"))
		return redeem(c, r, &caller);
	return refuse(c, r, "unsupported_grant_type",
		"grant_type is refresh_token, authorization_code or " GRANT_DEVICE);
}

/* Parameters of ours beside RFC 8628's: "device_name", and "limits" as of model/scope.h. */
static enum err read_wish(struct ctx *c, struct web_request *r, const struct device_caller *caller,
	struct device_wish *out)
{
	struct str scope, limits;
	*out = (struct device_wish){.client = caller->client, .peer = caller->peer};
	TRY(parameter(c, r, "device_name", &out->name));
	TRY(parameter(c, r, "scope", &scope));
	TRY(parameter(c, r, "limits", &limits));
	TRY(oauth_scope(c, r, scope, &out->limit));
	return limits.len ? scope_parse(c, limits, &out->scope) : OK;
}

static void member_url(struct ctx *c, const struct web_request *r, struct json_writer *w,
	const char *key, const char *path)
{
	json_member_cstr(w, key, arena_fmt(c->arena, "%.*s%s", STR_FMT(r->origin), path));
}

enum err oauth_device(struct ctx *c, struct web_request *r)
{
	struct buf out = {.arena = c->arena};
	struct json_writer w = {.out = &out};
	struct device_caller caller;
	struct device_wish wish;
	struct device_codes codes;
	TRY(read_caller(c, r, &caller));
	TRY(read_wish(c, r, &caller, &wish));
	TRY(device_ask(c, r->core, &wish, &codes));
	json_begin_object(&w);
	json_member_str(&w, "device_code", codes.code);
	json_member_str(&w, "user_code", codes.user_code);
	member_url(c, r, &w, "verification_uri", "/device");
	member_url(c, r, &w, "verification_uri_complete",
		arena_fmt(c->arena, "/device?user_code=%.*s", STR_FMT(codes.user_code)));
	json_member_int(&w, "expires_in", DEVICE_CODE_SECONDS);
	json_member_int(&w, "interval", DEVICE_POLL_SECONDS);
	json_end_object(&w);
	return send_json(c, r, &out);
}

/* What is no good any more is as good as revoked. An access token ends with its device. */
enum err oauth_revoke(struct ctx *c, struct web_request *r)
{
	struct device_caller caller;
	struct str token;
	struct buf nothing = {.arena = c->arena};
	TRY(needed(c, r, "token", &token));
	TRY(read_caller(c, r, &caller));
	if (!str_starts(token, STR(REFRESH_PREFIX)) && access_token_is_like(token))
		return refuse(c, r, "unsupported_token_type",
			"an access token ends by itself: revoke the refresh token");
	TRY(device_end(c, r->core, &caller, token));
	buf_cstr(&nothing, "{}");
	return send_json(c, r, &nothing);
}

/* For everybody, and for caches between. */
static enum err send_public(struct ctx *c, struct web_request *r, struct str json)
{
	web_header(r, "Cache-Control",
		str_of(arena_fmt(c->arena, "public, max-age=%d", ISSUER_KEYS_FRESH)));
	web_header(r, "Vary", STR("Accept-Encoding"));
	web_header(r, "Access-Control-Allow-Origin", STR("*"));
	web_header(r, "Cross-Origin-Resource-Policy", STR("cross-origin"));
	return web_json(c, r, 200, json);
}

enum err oauth_jwks(struct ctx *c, struct web_request *r)
{
	struct str json;
	TRY(issuer_jwks(c, r->core, &json));
	return send_public(c, r, json);
}

static void member_texts(struct json_writer *w, const char *key, const char *const *texts)
{
	json_key(w, key);
	json_begin_array(w);
	for (; *texts; texts++)
		json_string(w, str_of(*texts));
	json_end_array(w);
}

enum err oauth_metadata(struct ctx *c, struct web_request *r)
{
	static const char *const grants[] = {
		"authorization_code", "refresh_token", GRANT_DEVICE, NULL};
	static const char *const scopes[] = {"read", "write", "admin", NULL};
	static const char *const code[] = {"code", NULL}, *const none[] = {"none", NULL};
	static const char *const s256[] = {"S256", NULL};
	struct buf out = {.arena = c->arena};
	struct json_writer w = {.out = &out};
	json_begin_object(&w);
	json_member_str(&w, "issuer", r->origin);
	member_url(c, r, &w, "authorization_endpoint", "/oauth/authorize");
	member_url(c, r, &w, "token_endpoint", "/oauth/token");
	member_url(c, r, &w, "device_authorization_endpoint", "/oauth/device_authorization");
	member_url(c, r, &w, "revocation_endpoint", "/oauth/revoke");
	member_url(c, r, &w, "jwks_uri", "/.well-known/jwks.json");
	member_texts(&w, "grant_types_supported", grants);
	member_texts(&w, "response_types_supported", code);
	member_texts(&w, "scopes_supported", scopes);
	member_texts(&w, "code_challenge_methods_supported", s256);
	member_texts(&w, "token_endpoint_auth_methods_supported", none);
	member_texts(&w, "revocation_endpoint_auth_methods_supported", none);
	json_member_bool(&w, "authorization_response_iss_parameter_supported", true);
	json_member_cstr(&w, "nimbus_instance", r->core->instance);
	json_end_object(&w);
	buf_byte(&out, '\n');
	return send_public(c, r, buf_view(&out));
}

/*
 * OpenID Connect Core 1.0: the code flow with PKCE (RFC 7636), a nonce, and the issuer in the answer
 * where the provider says it (RFC 9207); sign-out by RP-Initiated Logout 1.0 and Back-Channel Logout
 * 1.0; and JWT access tokens (RFC 9068, and ID tokens for machines such as those of CI systems) as
 * bearers.
 */
#include "driver/driver.h"

#include "base/hash.h"
#include "base/hex.h"
#include "base/host.h"
#include "base/uri.h"
#include "driver/oidc_person.h"
#include "driver/oidc_source.h"

#include <openssl/evp.h>
#include <stdlib.h>

enum { LEEWAY_S = 60, CODE_MAX = 4096 };

struct provider_oidc {
	struct provider provider;
	struct arena arena; /* of the settings */
	struct str issuer, client_id, client_secret, audience, scopes;
	const char *prefix;
	struct oidc_mapping mapping;
	struct http_client *http;
	struct oidc_source *source;
};

static struct provider_oidc *oidc_of(struct provider *p)
{
	return (struct provider_oidc *)p;
}

/* name=value, encoded, after what `out` holds already. */
static void put_param(struct buf *out, const char *name, struct str value)
{
	char last = out->len ? out->at[out->len - 1] : '?';
	if (last != '?' && last != '&')
		buf_byte(out, '&');
	buf_fmt(out, "%s=", name);
	uri_encode(out, value);
}

/* The URL, ready for parameters. */
static struct buf query_of(struct ctx *c, struct str url)
{
	struct buf out = {.arena = c->arena};
	buf_str(&out, url);
	if (str_find(url, '?') == url.len)
		buf_byte(&out, '?');
	return out;
}

static struct str challenge_of(struct ctx *c, struct str verifier)
{
	uint8_t digest[HASH_MAX];
	hash_once(HASH_SHA256, verifier.at, verifier.len, digest);
	return base64url_encode(c->arena, str_from(digest, sizeof digest));
}

static enum err sign_in_metadata(struct ctx *c, struct provider_oidc *p, struct oidc_metadata *out)
{
	if (!p->provider.signs_in)
		return fail(c, ERR_UNSUPPORTED, "%s_CLIENT_ID is not set: nobody signs in with %s",
			p->prefix, p->provider.label);
	TRY(oidc_source_metadata(c, p->source, out));
	if (!out->authorization.len || !out->token.len)
		return fail(c, ERR_UNSUPPORTED, "%s signs in nobody: it names no endpoint for that",
			p->provider.label);
	return OK;
}

static enum err oidc_begin(
	struct ctx *c, struct provider *self, const struct provider_flow *flow, struct str *url)
{
	struct provider_oidc *p = oidc_of(self);
	struct oidc_metadata metadata;
	ASSERT(flow->verifier.len >= 43 && flow->state.len && flow->nonce.len);
	TRY(sign_in_metadata(c, p, &metadata));
	struct buf out = query_of(c, metadata.authorization);
	put_param(&out, "response_type", STR("code"));
	put_param(&out, "client_id", p->client_id);
	put_param(&out, "redirect_uri", flow->redirect);
	put_param(&out, "scope", p->scopes);
	put_param(&out, "state", flow->state);
	put_param(&out, "nonce", flow->nonce);
	put_param(&out, "code_challenge", challenge_of(c, flow->verifier));
	put_param(&out, "code_challenge_method", STR("S256"));
	if (flow->anew) {
		put_param(&out, "prompt", STR("login"));
		put_param(&out, "max_age", STR("0"));
	}
	*url = buf_view(&out);
	return OK;
}

static struct str param(struct ctx *c, struct str query, const char *name)
{
	struct str value;
	return uri_param(c->arena, query, str_of(name), &value) ? value : (struct str){0};
}

static bool same_secret(struct str a, struct str b)
{
	return a.len == b.len && bytes_equal_secret(a.at, b.at, a.len);
}

/* The browser's answer is of this sign-in, and from this provider. */
static enum err read_answer(struct ctx *c, struct provider_oidc *p,
	const struct oidc_metadata *metadata, const struct provider_flow *flow, struct str answer,
	struct str *code)
{
	struct str iss = param(c, answer, "iss"), error = param(c, answer, "error");
	*code = param(c, answer, "code");
	if (!flow->state.len || !same_secret(param(c, answer, "state"), flow->state))
		return fail(c, ERR_UNAUTH, "the answer is not of this sign-in: please try again");
	if ((iss.len || metadata->says_issuer) && !str_eq(iss, p->issuer))
		return fail(c, ERR_UNAUTH, "the answer is not from %s", p->provider.label);
	if (error.len)
		return fail(c, ERR_UNAUTH, "%s does not sign you in: %.*s", p->provider.label,
			STR_FMT(str_until(error, 100)));
	if (!code->len || code->len > CODE_MAX)
		return fail(c, ERR_UNAUTH, "%s gives no code", p->provider.label);
	return OK;
}

/* RFC 6749, 2.3.1: both are encoded as in a form first. */
static struct str basic_of(struct ctx *c, const struct provider_oidc *p)
{
	struct buf pair = {.arena = c->arena};
	uri_encode(&pair, p->client_id);
	buf_byte(&pair, ':');
	uri_encode(&pair, p->client_secret);
	return str_of(arena_fmt(c->arena, "Basic %s", base64_encode(c->arena, buf_view(&pair)).at));
}

static enum err refused_code(
	struct ctx *c, const struct provider_oidc *p, int status, struct str body)
{
	struct str error = oidc_error_of(c, body);
	if (str_is(error, "invalid_grant"))
		return fail(c, ERR_UNAUTH, "%s takes its code no more: please try again",
			p->provider.label);
	if (status == 401 || str_is(error, "invalid_client") ||
		str_is(error, "unauthorized_client"))
		return fail(c, ERR_UNAVAILABLE,
			"the OpenID provider refuses %s_CLIENT_ID or %s_CLIENT_SECRET", p->prefix,
			p->prefix);
	return fail(c, ERR_UNAVAILABLE, "the OpenID provider refuses a code: %d \"%.*s\"", status,
		STR_FMT(str_until(error, 100)));
}

static enum err trade_code(struct ctx *c, struct provider_oidc *p,
	const struct oidc_metadata *metadata, const struct provider_flow *flow, struct str code,
	struct oidc_tokens *out)
{
	struct buf form = {.arena = c->arena};
	put_param(&form, "grant_type", STR("authorization_code"));
	put_param(&form, "code", code);
	put_param(&form, "redirect_uri", flow->redirect);
	put_param(&form, "code_verifier", flow->verifier);
	bool basic = p->client_secret.len && !metadata->posts_secret;
	if (!basic)
		put_param(&form, "client_id", p->client_id);
	if (p->client_secret.len && !basic)
		put_param(&form, "client_secret", p->client_secret);
	const struct http_header headers[] = {
		{STR("Accept"), STR("application/json")},
		{STR("Content-Type"), STR("application/x-www-form-urlencoded")},
		{STR("Authorization"), basic ? basic_of(c, p) : (struct str){0}},
	};
	const struct http_call call = {.method = "POST",
		.url = str_dup(c->arena, metadata->token),
		.headers = headers,
		.header_count = basic ? 3 : 2,
		.body = buf_view(&form)};
	int status;
	struct str body;
	TRY(oidc_source_call(c, p->source, &call, &status, &body));
	return status == 200 ? oidc_tokens_parse(c, body, out) : refused_code(c, p, status, body);
}

/* All three steps of base/jwt.h. */
static enum err prove(struct ctx *c, struct provider_oidc *p, const struct jwt *token,
	struct str audience, const char *typ)
{
	const struct jwt_rules rules = {.issuer = p->issuer,
		.audience = audience,
		.typ = typ,
		.now = c->world->clock() / 1000000,
		.leeway = LEEWAY_S};
	TRY(oidc_source_verify(c, p->source, token));
	return jwt_check(c, token, &rules);
}

/* Ed25519 hashes with SHA-512 inside. */
static const EVP_MD *hash_of(enum jws_alg alg)
{
	switch (alg) {
	case JWS_ES256:
	case JWS_RS256:
	case JWS_PS256: return EVP_sha256();
	case JWS_ES384: return EVP_sha384();
	default: return EVP_sha512();
	}
}

/* OpenID Connect Core, 3.1.3.6: the left half of the hash. */
static bool access_token_fits(struct ctx *c, const struct jwt *id, struct str access_token)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	if (!json_get(id->claims, "at_hash"))
		return true;
	ASSERT(EVP_Digest(access_token.at, access_token.len, digest, &len, hash_of(id->alg), NULL));
	return str_eq(json_text(id->claims, "at_hash"),
		base64url_encode(c->arena, str_from(digest, len / 2)));
}

/* OpenID Connect Core, 3.1.3.7. */
static enum err check_id_token(struct ctx *c, struct provider_oidc *p, const struct jwt *id,
	struct str nonce, struct str access_token)
{
	struct str azp = json_text(id->claims, "azp");
	TRY(prove(c, p, id, p->client_id, NULL));
	if (json_get(id->claims, "azp")
			? !str_eq(azp, p->client_id)
			: id->audience->kind == JSON_ARRAY && id->audience->count > 1)
		return fail(c, ERR_UNAUTH, "the ID token was made for another party (\"azp\")");
	if (!nonce.len || !same_secret(json_text(id->claims, "nonce"), nonce))
		return fail(c, ERR_UNAUTH, "the ID token is not of this sign-in (\"nonce\")");
	if (!access_token_fits(c, id, access_token))
		return fail(c, ERR_UNAUTH,
			"the ID token and the access token do not belong together (\"at_hash\")");
	if (!id->subject.len || !id->issued)
		return fail(c, ERR_UNAUTH, "the ID token lacks \"sub\" or \"iat\"");
	return OK;
}

static enum err ask_userinfo(struct ctx *c, struct provider_oidc *p, struct str url,
	struct str access_token, struct str subject, const struct json **out)
{
	const struct http_header headers[] = {
		{STR("Accept"), STR("application/json")},
		{STR("Authorization"),
			str_of(arena_fmt(c->arena, "Bearer %.*s", STR_FMT(access_token)))},
	};
	const struct http_call call = {.method = "GET",
		.url = str_dup(c->arena, url),
		.headers = headers,
		.header_count = 2};
	struct str body;
	struct json *root = NULL;
	TRY(oidc_source_call(c, p->source, &call, NULL, &body));
	if (json_parse(c, body, &root)) {
		const char *why = arena_strdup(c->arena, c->error.text);
		return fail(c, ERR_UNAVAILABLE, "the OpenID provider's userinfo: %s", why);
	}
	if (!str_eq(json_text(root, "sub"), subject))
		return fail(c, ERR_UNAUTH, "the provider's userinfo is of somebody else");
	*out = root;
	return OK;
}

static enum err read_person(struct ctx *c, struct provider_oidc *p, const struct jwt *token,
	const struct json *more, struct provider_person *out)
{
	*out = (struct provider_person){.issuer = p->issuer, .expires = token->expires};
	return oidc_person_read(c, &p->mapping, token->claims, more, out);
}

static enum err oidc_finish(struct ctx *c, struct provider *self, const struct provider_flow *flow,
	struct str answer, struct provider_person *out)
{
	struct provider_oidc *p = oidc_of(self);
	struct oidc_metadata metadata;
	struct oidc_tokens tokens;
	struct str code;
	struct jwt id;
	const struct json *more = NULL;
	TRY(sign_in_metadata(c, p, &metadata));
	TRY(read_answer(c, p, &metadata, flow, answer, &code));
	TRY(trade_code(c, p, &metadata, flow, code, &tokens));
	TRY(jwt_parse(c, tokens.id_token, &id));
	TRY(check_id_token(c, p, &id, flow->nonce, tokens.access_token));
	if (metadata.userinfo.len && tokens.access_token.len &&
		!oidc_person_complete(&p->mapping, id.claims))
		TRY(ask_userinfo(c, p, metadata.userinfo, tokens.access_token, id.subject, &more));
	TRY(read_person(c, p, &id, more, out));
	out->id_token = tokens.id_token;
	return OK;
}

static bool has_three_parts(struct str token)
{
	size_t dots = 0;
	for (size_t i = 0; i < token.len; i++)
		dots += token.at[i] == '.';
	return dots == 2;
}

static enum err oidc_bearer(
	struct ctx *c, struct provider *self, struct str token, struct provider_person *out)
{
	struct provider_oidc *p = oidc_of(self);
	struct jwt access;
	if (!p->audience.len || !has_three_parts(token))
		return fail(c, ERR_UNSUPPORTED, "this is no token of %s", self->label);
	TRY(jwt_parse(c, token, &access));
	if (!str_eq(access.issuer, p->issuer))
		return fail(c, ERR_UNSUPPORTED, "this is no token of %s", self->label);
	bool plain = !access.typ.len || str_eq_nocase(access.typ, STR("JWT"));
	TRY(prove(c, p, &access, p->audience, plain ? NULL : "at+jwt"));
	return read_person(c, p, &access, NULL, out);
}

static enum err oidc_logout(
	struct ctx *c, struct provider *self, struct str id_token, struct str back, struct str *url)
{
	struct provider_oidc *p = oidc_of(self);
	struct oidc_metadata metadata;
	*url = (struct str){0};
	TRY(oidc_source_metadata(c, p->source, &metadata));
	if (!metadata.end_session.len)
		return OK;
	struct buf out = query_of(c, metadata.end_session);
	if (id_token.len)
		put_param(&out, "id_token_hint", id_token);
	put_param(&out, "client_id", p->client_id);
	put_param(&out, "post_logout_redirect_uri", back);
	*url = buf_view(&out);
	return OK;
}

/* Many providers give it no type of its own. */
static enum err oidc_signed_out(
	struct ctx *c, struct provider *self, struct str message, struct provider_signed_out *out)
{
	struct provider_oidc *p = oidc_of(self);
	struct jwt token;
	if (!self->signs_in)
		return fail(c, ERR_UNAUTH, "nobody signs in with %s", self->label);
	TRY(jwt_parse(c, message, &token));
	bool plain = !token.typ.len || str_eq_nocase(token.typ, STR("JWT"));
	TRY(prove(c, p, &token, p->client_id, plain ? NULL : "logout+jwt"));
	return oidc_signed_out_read(c, &token, out);
}

static void oidc_close(struct provider *self)
{
	struct provider_oidc *p = oidc_of(self);
	oidc_source_close(p->source);
	http_client_close(p->http);
	arena_done(&p->arena);
	free(p);
}

static const struct provider_ops oidc_ops = {
	.begin = oidc_begin,
	.finish = oidc_finish,
	.bearer = oidc_bearer,
	.logout = oidc_logout,
	.signed_out = oidc_signed_out,
	.close = oidc_close,
};

static bool read_sign_up(const char *text, enum provider_sign_up *out)
{
	static const char *const words[] = {"invited", "groups", "all"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(text, words[i]) == 0) {
			*out = (enum provider_sign_up)i;
			return true;
		}
	return false;
}

static bool has_word(const char *words, const char *word)
{
	for (struct str rest = str_of(words); rest.len;)
		if (str_is(str_cut(&rest, ' '), word))
			return true;
	return false;
}

static enum err check_options(struct ctx *c, const struct provider_oidc_options *o)
{
	const char *prefix = o->prefix;
	struct str issuer = str_of(o->issuer);
	if (!issuer.len)
		return fail(c, ERR_INVALID,
			"%s_ISSUER is not set: the provider's https URL is needed", prefix);
	if (!oidc_is_url(issuer) || str_find(issuer, '?') < issuer.len || issuer.len > JWT_TEXT_MAX)
		return fail(c, ERR_INVALID,
			"%s_ISSUER=%s is no https URL (http only of this machine) without a query",
			prefix, o->issuer);
	if (!*o->client_id && !*o->audience)
		return fail(c, ERR_INVALID,
			"%s_CLIENT_ID is not set, which people need to sign in, nor is "
			"%s_AUDIENCE, which tokens need: set one",
			prefix, prefix);
	if (*o->client_secret && !*o->client_id)
		return fail(c, ERR_INVALID, "%s_CLIENT_SECRET is set without %s_CLIENT_ID", prefix,
			prefix);
	if (strcmp(o->client_id, o->audience) == 0)
		return fail(c, ERR_INVALID,
			"%s_AUDIENCE must be another than %s_CLIENT_ID: ID tokens are no keys to "
			"an API",
			prefix, prefix);
	if (!has_word(o->scopes, "openid"))
		return fail(c, ERR_INVALID, "%s_SCOPES=%s lacks openid", prefix, o->scopes);
	if (!read_sign_up(o->sign_up, &(enum provider_sign_up){0}))
		return fail(c, ERR_INVALID, "%s_SIGN_UP=%s is not invited, groups or all", prefix,
			o->sign_up);
	if (!*o->username_claim)
		return fail(c, ERR_INVALID, "%s_USERNAME_CLAIM is empty", prefix);
	return OK;
}

static struct str keep(struct provider_oidc *p, const char *text)
{
	return str_of(arena_strdup(&p->arena, text));
}

/* What lies in c->arena is copied: the provider outlives it. */
static void keep_mapping(struct provider_oidc *p, const struct provider_oidc_options *o,
	const struct oidc_role *roles, size_t count)
{
	struct oidc_role *kept = NEW_ARRAY(&p->arena, struct oidc_role, count);
	for (size_t i = 0; i < count; i++)
		kept[i] = (struct oidc_role){str_copy(&p->arena, roles[i].group),
			roles[i].permission, str_copy(&p->arena, roles[i].pattern)};
	p->mapping = (struct oidc_mapping){
		keep(p, o->username_claim).at, keep(p, o->groups_claim).at, kept, count};
}

static enum err open_http(
	struct ctx *c, const struct provider_oidc_options *o, struct http_client **out)
{
	const struct http_client_options options = {
		.service = arena_fmt(c->arena, "the OpenID provider %s", o->name),
		.address = arena_fmt(c->arena, "%s_ISSUER", o->prefix),
		.ca = o->ca,
		.ca_name = arena_fmt(c->arena, "%s_CA", o->prefix),
	};
	return http_client_open(c, &options, out);
}

enum err provider_oidc_open(
	struct ctx *c, const struct provider_oidc_options *o, struct provider **out)
{
	const struct oidc_role *roles;
	size_t count;
	struct http_client *http;
	TRY(check_options(c, o));
	TRY(oidc_roles_parse(
		c, arena_fmt(c->arena, "%s_ROLES", o->prefix), str_of(o->roles), &roles, &count));
	TRY(open_http(c, o, &http));
	struct provider_oidc *p = calloc(1, sizeof *p);
	if (!p)
		host_panic("out of memory");
	arena_init(&p->arena);
	p->http = http;
	p->issuer = keep(p, o->issuer);
	p->client_id = keep(p, o->client_id);
	p->client_secret = keep(p, o->client_secret);
	p->audience = keep(p, o->audience);
	p->scopes = keep(p, o->scopes);
	p->prefix = keep(p, o->prefix).at;
	keep_mapping(p, o, roles, count);
	p->source = oidc_source_open(p->issuer, http);
	enum provider_sign_up sign_up = PROVIDER_SIGN_UP_GROUPS;
	ASSERT(read_sign_up(o->sign_up, &sign_up));
	p->provider = (struct provider){.ops = &oidc_ops,
		.name = keep(p, o->name).at,
		.label = keep(p, *o->label ? o->label : o->name).at,
		.issuer = p->issuer.at,
		.signs_in = *o->client_id != 0,
		.sign_up = sign_up};
	*out = &p->provider;
	return OK;
}

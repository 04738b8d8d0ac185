#include "base/jwt.h"

#include "base/hex.h"

/* Seconds up to the year 9999: none of our sums overflows. */
static const int64_t TIME_MAX = 253402300799;

static enum err refuse(struct ctx *c, const char *why)
{
	return fail(c, ERR_UNAUTH, "the token %s", why);
}

static enum err read_part(struct ctx *c, const char *name, struct str text, struct str *out)
{
	char *bytes = arena_raw(c->arena, text.len / 4 * 3 + 2);
	if (!base64url_decode(text, bytes, &out->len))
		return fail(c, ERR_UNAUTH, "the token's %s is no base64url", name);
	out->at = bytes;
	return OK;
}

static enum err read_object(
	struct ctx *c, const char *name, struct str text, const struct json **out)
{
	struct str bytes;
	struct json *root = NULL;
	TRY(read_part(c, name, text, &bytes));
	if (json_parse(c, bytes, &root)) {
		const char *why = arena_strdup(c->arena, c->error.text);
		return fail(c, ERR_UNAUTH, "the token's %s cannot be read: %s", name, why);
	}
	if (root->kind != JSON_OBJECT)
		return fail(c, ERR_UNAUTH, "the token's %s is no object", name);
	*out = root;
	return OK;
}

/* A text that may be missing. */
static enum err read_text(
	struct ctx *c, const struct json *object, const char *name, struct str *out)
{
	const struct json *member = json_get(object, name);
	*out = (struct str){0};
	if (!member)
		return OK;
	if (member->kind != JSON_STRING || !member->text.len || member->text.len > JWT_TEXT_MAX)
		return fail(c, ERR_UNAUTH, "the token's \"%s\" is no text of 1 to %d bytes", name,
			JWT_TEXT_MAX);
	*out = member->text;
	return OK;
}

/* Seconds since 1970, of which a fraction is dropped; may be missing. */
static enum err read_time(struct ctx *c, const struct json *object, const char *name, int64_t *out)
{
	const struct json *member = json_get(object, name);
	*out = 0;
	if (!member)
		return OK;
	uint64_t seconds = 0;
	bool ok = false;
	if (member->kind == JSON_INT && member->integer > 0) {
		seconds = (uint64_t)member->integer;
		ok = true;
	} else if (member->kind == JSON_REAL) {
		struct str fraction = member->text, whole = str_cut(&fraction, '.');
		uint64_t digits;
		ok = str_to_u64(whole, &seconds) && seconds && str_to_u64(fraction, &digits);
	}
	if (!ok || seconds > (uint64_t)TIME_MAX)
		return fail(c, ERR_UNAUTH, "the token's \"%s\" is no time", name);
	*out = (int64_t)seconds;
	return OK;
}

static enum err read_audience(struct ctx *c, struct jwt *out)
{
	const struct json *aud = out->audience = json_get(out->claims, "aud");
	bool ok = !aud || aud->kind == JSON_STRING || aud->kind == JSON_ARRAY;
	for (const struct json *one = ok && aud ? aud->first : NULL; one; one = one->next)
		ok = ok && one->kind == JSON_STRING;
	return ok ? OK : refuse(c, "has an \"aud\" that is neither a text nor texts");
}

static enum err read_header(struct ctx *c, struct str text, struct jwt *out)
{
	const struct json *header = NULL;
	struct str alg;
	TRY(read_object(c, "header", text, &header));
	TRY(read_text(c, header, "alg", &alg));
	TRY(read_text(c, header, "kid", &out->kid));
	TRY(read_text(c, header, "typ", &out->typ));
	if (!jws_alg_parse(alg, &out->alg))
		return fail(c, ERR_UNAUTH,
			"the token's algorithm is \"%.*s\", which is not accepted",
			STR_FMT(str_until(alg, 40)));
	if (json_get(header, "crit"))
		return refuse(c, "demands (\"crit\") what is unknown here");
	return OK;
}

static enum err read_claims(struct ctx *c, struct str text, struct jwt *out)
{
	TRY(read_object(c, "claims", text, &out->claims));
	TRY(read_text(c, out->claims, "iss", &out->issuer));
	TRY(read_text(c, out->claims, "sub", &out->subject));
	TRY(read_text(c, out->claims, "jti", &out->id));
	TRY(read_time(c, out->claims, "exp", &out->expires));
	TRY(read_time(c, out->claims, "nbf", &out->not_before));
	TRY(read_time(c, out->claims, "iat", &out->issued));
	return read_audience(c, out);
}

enum err jwt_parse(struct ctx *c, struct str token, struct jwt *out)
{
	*out = (struct jwt){0};
	if (token.len > JWT_MAX)
		return fail(c, ERR_UNAUTH, "the token has %zu bytes: at most %d are accepted",
			token.len, JWT_MAX);
	struct str rest = token;
	struct str header = str_cut(&rest, '.'), claims = str_cut(&rest, '.'), signature = rest;
	if (header.len + 1 + claims.len + 1 > token.len || str_find(signature, '.') < signature.len)
		return refuse(c, "is not made of three parts");
	if (!header.len || !claims.len || !signature.len)
		return refuse(c, "has an empty part");
	out->message = str_until(token, header.len + 1 + claims.len);
	TRY(read_part(c, "signature", signature, &out->signature));
	TRY(read_header(c, header, out));
	return read_claims(c, claims, out);
}

enum err jwt_verify(struct ctx *c, const struct jwt *token, const struct jwk *key)
{
	if (token->alg != key->alg)
		return fail(c, ERR_UNAUTH, "the token says %s, but its key is for %s",
			jws_alg_name(token->alg), jws_alg_name(key->alg));
	if (!jwk_verify(key, token->message, token->signature))
		return refuse(c, "has a signature that is not its key's");
	return OK;
}

bool jwt_is_for(const struct jwt *token, struct str audience)
{
	const struct json *aud = token->audience;
	if (!aud || aud->kind == JSON_STRING)
		return aud && str_eq(aud->text, audience);
	for (const struct json *one = aud->first; one; one = one->next)
		if (str_eq(one->text, audience))
			return true;
	return false;
}

static bool typ_fits(struct str typ, const char *wanted)
{
	if (!wanted && !typ.len)
		return true;
	struct str prefix = STR("application/");
	if (str_eq_nocase(str_until(typ, prefix.len), prefix))
		typ = str_from_index(typ, prefix.len);
	return str_eq_nocase(typ, wanted ? str_of(wanted) : STR("JWT"));
}

enum err jwt_check(struct ctx *c, const struct jwt *token, const struct jwt_rules *rules)
{
	int64_t now = rules->now, leeway = rules->leeway;
	if (!typ_fits(token->typ, rules->typ))
		return fail(c, ERR_UNAUTH, "the token is of type \"%.*s\" instead of \"%s\"",
			STR_FMT(str_until(token->typ, 40)), rules->typ ? rules->typ : "JWT");
	if (!str_eq(token->issuer, rules->issuer))
		return fail(c, ERR_UNAUTH, "the token's issuer is \"%.*s\" instead of \"%.*s\"",
			STR_FMT(token->issuer), STR_FMT(rules->issuer));
	if (!jwt_is_for(token, rules->audience))
		return fail(c, ERR_UNAUTH, "the token is meant for somebody else than \"%.*s\"",
			STR_FMT(rules->audience));
	if (!token->expires)
		return refuse(c, "does not say when it ends");
	if (now - leeway >= token->expires)
		return fail(c, ERR_UNAUTH, "the token expired %lld seconds ago",
			(long long)(now - token->expires));
	if (token->not_before > now + leeway)
		return fail(c, ERR_UNAUTH, "the token is not valid for another %lld seconds",
			(long long)(token->not_before - now));
	if (token->issued > now + leeway)
		return fail(c, ERR_UNAUTH, "the token was made %lld seconds in the future",
			(long long)(token->issued - now));
	return OK;
}

struct str jwt_make(
	struct arena *a, const struct jwk_secret *key, const char *typ, struct str claims)
{
	struct buf header = {.arena = a}, out = {.arena = a};
	struct json_writer w = {.out = &header};
	json_begin_object(&w);
	json_member_cstr(&w, "alg", jws_alg_name(key->public.alg));
	json_member_cstr(&w, "typ", typ);
	json_member_str(&w, "kid", key->public.kid);
	json_end_object(&w);
	buf_str(&out, base64url_encode(a, buf_view(&header)));
	buf_byte(&out, '.');
	buf_str(&out, base64url_encode(a, claims));
	struct str signature = jwk_sign(a, key, buf_view(&out));
	buf_byte(&out, '.');
	buf_str(&out, base64url_encode(a, signature));
	return buf_view(&out);
}

#include "model/access_token.h"

#include "model/limits_claim.h"

struct str access_token_make(
	struct arena *a, const struct jwk_secret *key, const struct access_token *what)
{
	struct buf claims = {.arena = a};
	struct json_writer w = {.out = &claims};
	json_begin_object(&w);
	json_member_str(&w, "iss", what->issuer);
	json_member_str(&w, "aud", what->issuer);
	json_member_str(&w, "sub", what->username);
	json_member_str(&w, "client_id", what->client);
	json_member_int(&w, "device", what->device_id);
	json_member_int(&w, "iat", what->now);
	json_member_int(&w, "nbf", what->now);
	json_member_int(&w, "exp", what->now + what->seconds);
	json_member_str(&w, "jti", what->id);
	json_member_cstr(&w, "scope", permission_name(what->limit));
	limits_claim_write(&w, what->limit, &what->scope);
	json_end_object(&w);
	return jwt_make(a, key, ACCESS_TOKEN_TYPE, buf_view(&claims));
}

enum err access_token_read(struct ctx *c, const struct jwt *token, struct actor *who)
{
	const struct json *device = json_get(token->claims, "device");
	if (!device || device->kind != JSON_INT || device->integer <= 0)
		return fail(c, ERR_UNAUTH, "the token's \"device\" is no number of one");
	if (!token->id.len)
		return fail(c, ERR_UNAUTH, "the token has no \"jti\"");
	if (limits_claim_read(c, token, who))
		return fail(c, ERR_UNAUTH, "what the token is limited to: %s",
			arena_strdup(c->arena, c->error.text));
	who->device_id = device->integer;
	who->ends = token->expires;
	return OK;
}

bool access_token_is_like(struct str secret)
{
	/* What every header begins with: {" in base64url. */
	if (!str_starts(secret, STR("eyJ")))
		return false;
	str_cut(&secret, '.');
	str_cut(&secret, '.');
	return secret.len && str_find(secret, '.') == secret.len;
}

#include "model/minted.h"

#include "model/limits_claim.h"

enum err minted_limits(struct ctx *c, const struct jwt *token, int64_t now, struct actor *who)
{
	if (!token->id.len)
		return fail(c, ERR_UNAUTH, "a minted key needs a \"jti\"");
	if (token->expires - now > MINTED_SECONDS_MAX)
		return fail(c, ERR_UNAUTH, "a minted key lives for a year at most");
	if (limits_claim_read(c, token, who))
		return fail(c, ERR_UNAUTH, "what the minted key is limited to: %s",
			arena_strdup(c->arena, c->error.text));
	who->minted = token->id;
	who->ends = token->expires;
	return OK;
}

enum err minted_make(struct ctx *c, const struct jwk_secret *key, const struct minted_wish *wish,
	struct str *out)
{
	struct buf claims = {.arena = c->arena};
	struct json_writer w = {.out = &claims};
	if (wish->scope.bytes)
		return fail(c, ERR_INVALID, "a minted key has no budget of bytes");
	if (wish->seconds < 1 || wish->seconds > MINTED_SECONDS_MAX)
		return fail(c, ERR_INVALID, "a minted key lives for 1 second to a year");
	json_begin_object(&w);
	json_member_cstr(&w, "iss", MINTED_ISSUER);
	json_member_str(&w, "sub", wish->username);
	json_member_str(&w, "aud", wish->instance);
	json_member_int(&w, "iat", wish->now);
	json_member_int(&w, "exp", wish->now + wish->seconds);
	json_member_str(&w, "jti", wish->id);
	limits_claim_write(&w, wish->limit, &wish->scope);
	json_end_object(&w);
	struct str token = jwt_make(c->arena, key, MINTED_TYPE, buf_view(&claims));
	*out = str_of(arena_fmt(c->arena, MINTED_PREFIX "%.*s", STR_FMT(token)));
	return OK;
}

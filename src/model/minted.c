#include "model/minted.h"

/* The members of "nimbus" but "permission": a scope. */
static struct json *scope_members(struct ctx *c, const struct json *claim)
{
	struct json *object = NEW(c->arena, struct json);
	struct json **end = &object->first;
	object->kind = JSON_OBJECT;
	for (const struct json *member = claim->first; member; member = member->next) {
		if (str_is(member->key, "permission"))
			continue;
		*end = NEW(c->arena, struct json);
		**end = *member;
		(*end)->next = NULL;
		end = &(*end)->next;
		object->count++;
	}
	return object;
}

static enum err read_limits(struct ctx *c, const struct json *claim, struct actor *who)
{
	struct scope *scope = NEW(c->arena, struct scope);
	if (!claim || claim->kind != JSON_OBJECT ||
		!permission_parse(json_text(claim, "permission"), &who->limit) ||
		who->limit == PERMISSION_NONE)
		return fail(c, ERR_INVALID,
			"\"nimbus\" must have a \"permission\" of read, write or admin");
	TRY(scope_from_json(c, scope_members(c, claim), scope));
	if (scope->bytes)
		return fail(c, ERR_INVALID, "a minted key has no budget of bytes");
	who->scope = scope_is_empty(scope) ? NULL : scope;
	return OK;
}

enum err minted_limits(struct ctx *c, const struct jwt *token, int64_t now, struct actor *who)
{
	if (!token->id.len)
		return fail(c, ERR_UNAUTH, "a minted key needs a \"jti\"");
	if (token->expires - now > MINTED_SECONDS_MAX)
		return fail(c, ERR_UNAUTH, "a minted key lives for a year at most");
	if (read_limits(c, json_get(token->claims, "nimbus"), who))
		return fail(c, ERR_UNAUTH, "what the minted key is limited to: %s",
			arena_strdup(c->arena, c->error.text));
	who->minted = token->id;
	who->ends = token->expires;
	return OK;
}

static void write_limits(struct json_writer *w, const struct minted_wish *wish)
{
	json_key(w, "nimbus");
	json_begin_object(w);
	json_member_cstr(w, "permission", permission_name(wish->limit));
	scope_members_to_json(w, &wish->scope);
	json_end_object(w);
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
	write_limits(&w, wish);
	json_end_object(&w);
	struct str token = jwt_make(c->arena, key, MINTED_TYPE, buf_view(&claims));
	*out = str_of(arena_fmt(c->arena, MINTED_PREFIX "%.*s", STR_FMT(token)));
	return OK;
}

#include "model/limits_claim.h"

#define CLAIM "nimbus"

/* The members of the claim but "permission": a scope. */
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

enum err limits_claim_read(struct ctx *c, const struct jwt *token, struct actor *who)
{
	const struct json *claim = json_get(token->claims, CLAIM);
	struct scope *scope = NEW(c->arena, struct scope);
	if (!claim || claim->kind != JSON_OBJECT ||
		!permission_parse(json_text(claim, "permission"), &who->limit) ||
		who->limit == PERMISSION_NONE)
		return fail(c, ERR_INVALID,
			"\"" CLAIM "\" must have a \"permission\" of read, write or admin");
	TRY(scope_from_json(c, scope_members(c, claim), scope));
	if (scope->bytes)
		return fail(c, ERR_INVALID, "nobody could count its budget of bytes");
	who->scope = scope_is_empty(scope) ? NULL : scope;
	return OK;
}

void limits_claim_write(struct json_writer *w, enum permission limit, const struct scope *scope)
{
	ASSERT(!scope->bytes);
	json_key(w, CLAIM);
	json_begin_object(w);
	json_member_cstr(w, "permission", permission_name(limit));
	scope_members_to_json(w, scope);
	json_end_object(w);
}

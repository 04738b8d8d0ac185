#include "driver/oidc_person.h"

#include "base/vec.h"
#include "model/pattern.h"

#define LOGOUT_EVENT "http://schemas.openid.net/event/backchannel-logout"

/* "GROUP=read", "GROUP=write:PATTERN". A group's name may have a '=' of its own, a pattern has none. */
static bool read_role(struct ctx *c, struct str entry, struct oidc_role *out)
{
	size_t equals = str_find_last(entry, '=');
	struct str given = str_trim(str_from_index(entry, equals + 1)), fits;
	bool limited = str_find(given, ':') < given.len;
	struct str level = str_trim(str_cut(&given, ':'));
	*out = (struct oidc_role){.group = str_trim(str_until(entry, equals)),
		.pattern = limited ? str_trim(given) : STR("*")};
	return out->group.len && permission_parse(level, &out->permission) &&
	       out->permission != PERMISSION_NONE && out->pattern.len &&
	       pattern_repo_like(c, out->pattern, &fits) == OK;
}

enum err oidc_roles_parse(struct ctx *c, const char *variable, struct str text,
	const struct oidc_role **out, size_t *count)
{
	VEC_OF(struct oidc_role) roles = {.arena = c->arena};
	for (struct str rest = text; rest.len;) {
		struct str entry = str_trim(str_cut(&rest, ','));
		struct oidc_role role;
		if (!read_role(c, entry, &role))
			return fail(c, ERR_INVALID,
				"%s: \"%.*s\" is not GROUP=read, GROUP=write or GROUP=admin, nor "
				"one of these with :PATTERN, such as GROUP=read:web-*",
				variable, STR_FMT(str_until(entry, 100)));
		if (roles.len == OIDC_ROLES_MAX)
			return fail(c, ERR_INVALID, "%s names more than %d groups", variable,
				OIDC_ROLES_MAX);
		role.group = str_copy(c->arena, role.group);
		role.pattern = str_copy(c->arena, role.pattern);
		*vec_push(&roles) = role;
	}
	*out = roles.at;
	*count = roles.len;
	return OK;
}

bool oidc_person_complete(const struct oidc_mapping *mapping, const struct json *claims)
{
	return json_get(claims, mapping->username_claim) &&
	       json_get(claims, mapping->groups_claim) && json_get(claims, "email") &&
	       json_get(claims, "name");
}

/* Two sources of claims, of which the first is asked first. */
struct sources {
	const struct json *first, *second;
};

static const struct json *claim_of(const struct sources *from, const char *name)
{
	const struct json *claim = json_get(from->first, name);
	return claim ? claim : json_get(from->second, name);
}

static bool is_text(const struct json *value)
{
	if (value->kind != JSON_STRING || value->text.len > PROVIDER_TEXT_MAX)
		return false;
	for (size_t i = 0; i < value->text.len; i++)
		if ((unsigned char)value->text.at[i] < ' ' || value->text.at[i] == 0x7f)
			return false;
	return true;
}

static enum err read_text(
	struct ctx *c, const struct sources *from, const char *name, struct str *out)
{
	const struct json *claim = claim_of(from, name);
	*out = (struct str){0};
	if (!claim || claim->kind == JSON_NULL)
		return OK;
	if (!is_text(claim))
		return fail(c, ERR_UNAUTH, "the provider's \"%s\" is no text of up to %d bytes",
			name, PROVIDER_TEXT_MAX);
	*out = claim->text;
	return OK;
}

/* One group may be a text without an array around it. */
static enum err read_groups(
	struct ctx *c, const struct json *claim, const char *name, struct provider_person *out)
{
	VEC_OF(struct str) groups = {.arena = c->arena};
	bool list = claim && claim->kind == JSON_ARRAY;
	for (const struct json *one = list ? claim->first : claim; one;
		one = list ? one->next : NULL) {
		if (one->kind == JSON_NULL && !list)
			break;
		if (!is_text(one))
			return fail(c, ERR_UNAUTH,
				"the provider's \"%s\" holds what is no text of up to %d bytes",
				name, PROVIDER_TEXT_MAX);
		if (groups.len == PROVIDER_GROUPS_MAX)
			return fail(c, ERR_UNAUTH, "the provider names more than %d groups",
				PROVIDER_GROUPS_MAX);
		*vec_push(&groups) = one->text;
	}
	out->groups = groups.at;
	out->group_count = groups.len;
	return OK;
}

static bool has_group(const struct provider_person *person, struct str group)
{
	for (size_t i = 0; i < person->group_count; i++)
		if (str_eq(person->groups[i], group))
			return true;
	return false;
}

/* Of what several groups are given on the same pattern, the most. */
static void read_grants(
	struct ctx *c, const struct oidc_mapping *mapping, struct provider_person *out)
{
	struct provider_grant *grants =
		NEW_ARRAY(c->arena, struct provider_grant, mapping->role_count);
	for (size_t i = 0; i < mapping->role_count; i++) {
		const struct oidc_role *role = &mapping->roles[i];
		size_t at = 0;
		if (!str_is(role->group, "*") && !has_group(out, role->group))
			continue;
		while (at < out->grant_count && !str_eq(grants[at].pattern, role->pattern))
			at++;
		if (at == out->grant_count)
			grants[out->grant_count++] = (struct provider_grant){
				.pattern = str_copy(c->arena, role->pattern)};
		if (role->permission > grants[at].level)
			grants[at].level = role->permission;
	}
	out->grants = grants;
}

static enum err read_session(struct ctx *c, const struct json *claims, struct str *out)
{
	const struct sources from = {claims, NULL};
	return read_text(c, &from, "sid", out);
}

enum err oidc_person_read(struct ctx *c, const struct oidc_mapping *mapping,
	const struct json *claims, const struct json *more, struct provider_person *out)
{
	const struct sources from = {claims, more};
	TRY(read_text(c, &from, "sub", &out->subject));
	TRY(read_text(c, &from, mapping->username_claim, &out->username));
	TRY(read_text(c, &from, "name", &out->name));
	TRY(read_text(c, &from, "email", &out->email));
	TRY(read_groups(c, claim_of(&from, mapping->groups_claim), mapping->groups_claim, out));
	if (!out->subject.len)
		return fail(c, ERR_UNAUTH, "the provider does not say who it is (\"sub\")");
	/* Of the address that is taken, and of no other. */
	const struct json *verified =
		json_get(json_get(claims, "email") ? claims : more, "email_verified");
	out->email_verified =
		out->email.len && verified && verified->kind == JSON_BOOL && verified->boolean;
	read_grants(c, mapping, out);
	const struct json *when = json_get(claims, "auth_time");
	if (when && when->kind == JSON_INT && when->integer > 0)
		out->authenticated = when->integer;
	return read_session(c, claims, &out->session);
}

enum err oidc_signed_out_read(
	struct ctx *c, const struct jwt *token, struct provider_signed_out *out)
{
	const struct json *event = json_get(json_get(token->claims, "events"), LOGOUT_EVENT);
	*out = (struct provider_signed_out){.issuer = token->issuer,
		.subject = token->subject,
		.id = token->id,
		.expires = token->expires};
	if (!event || event->kind != JSON_OBJECT)
		return fail(c, ERR_UNAUTH, "the token does not say that anybody signed out");
	if (json_get(token->claims, "nonce"))
		return fail(c, ERR_UNAUTH, "the token has a \"nonce\": it is for signing in");
	TRY(read_session(c, token->claims, &out->session));
	if (!out->subject.len && !out->session.len)
		return fail(c, ERR_UNAUTH, "the token says neither who signed out nor of what");
	if (!token->id.len || !token->issued)
		return fail(c, ERR_UNAUTH, "the logout token lacks \"jti\" or \"iat\"");
	return OK;
}

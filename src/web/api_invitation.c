/* Invitations: the owner's. */
#include "core/invitation.h"
#include "web/api.h"

enum { WEEK = 7 * 86400 };

static void write_members(struct json_writer *w, const struct invitation *v)
{
	json_member_int(w, "id", v->id);
	json_member_str(w, "username", v->username);
	api_time(w, "created_at", v->created);
	api_time(w, "expires_at", v->expires);
	json_key(w, "permissions");
	json_begin_array(w);
	for (size_t i = 0; i < v->grant_count; i++) {
		json_begin_object(w);
		json_member_str(w, "repository", v->grants[i].repo);
		json_member_cstr(w, "permission", permission_name(v->grants[i].level));
		json_end_object(w);
	}
	json_end_array(w);
}

enum err api_invitations_list(struct ctx *c, struct web_request *r)
{
	struct invitation *list;
	size_t count;
	TRY(invitation_list(c, r->core, &r->who, &list, &count));
	struct api_reply reply;
	api_list_begin(c, &reply);
	for (size_t i = 0; i < count; i++) {
		json_begin_object(&reply.w);
		write_members(&reply.w, &list[i]);
		json_end_object(&reply.w);
	}
	return api_list_send(c, r, &reply, NULL, STR(""));
}

enum err api_invitation_get(struct ctx *c, struct web_request *r)
{
	struct invitation *list;
	struct api_reply reply;
	size_t count, at = 0;
	int64_t id;
	TRY(web_param_id(c, r, "invitation", &id));
	TRY(invitation_list(c, r->core, &r->who, &list, &count));
	while (at < count && list[at].id != id)
		at++;
	if (at == count)
		return fail(c, ERR_NOT_FOUND, "there is no invitation %lld", (long long)id);
	if (r->probing)
		r->expected.invitation = &list[at];
	api_begin(c, &reply);
	json_begin_object(&reply.w);
	write_members(&reply.w, &list[at]);
	json_end_object(&reply.w);
	return api_send(c, r, 200, &reply);
}

static enum err read_grant(
	struct ctx *c, struct web_request *r, const struct json *item, struct invitation_grant *out)
{
	TRY(api_text_needed(c, r, item, "repository", &out->repo));
	return api_permission(c, r, item, true, &out->level);
}

static enum err read_grants(
	struct ctx *c, struct web_request *r, const struct json *body, struct invitation_new *what)
{
	const struct json *list = json_get(body, "permissions");
	if (!list)
		return OK;
	r->field = "permissions";
	if (list->kind != JSON_ARRAY || list->count > INVITATION_GRANTS_MAX)
		return fail(c, ERR_INVALID, "\"permissions\" must be an array of at most %d",
			INVITATION_GRANTS_MAX);
	struct invitation_grant *grants = NEW_ARRAY(c->arena, struct invitation_grant, list->count);
	for (const struct json *item = list->first; item; item = item->next) {
		r->field = "permissions";
		if (item->kind != JSON_OBJECT)
			return fail(c, ERR_INVALID, "a permission is an object");
		TRY(read_grant(c, r, item, &grants[what->grant_count++]));
	}
	what->grants = grants;
	r->field = NULL;
	return OK;
}

enum err api_invitations_create(struct ctx *c, struct web_request *r)
{
	static const char *const fields[] = {"username", "permissions", "expires_in", NULL};
	struct invitation_new what = {.seconds = WEEK};
	struct invitation made;
	const struct json *body;
	struct str secret;
	TRY(api_body(c, r, fields, &body));
	TRY(api_text(c, r, body, "username", &what.username, NULL));
	TRY(api_number(c, r, body, "expires_in", INVITATION_SECONDS_MAX, &what.seconds));
	TRY(read_grants(c, r, body, &what));
	r->field = "username";
	TRY(invitation_create(c, r->core, &r->who, &what, &made, &secret));
	r->field = NULL;
	struct api_reply reply;
	api_begin(c, &reply);
	json_begin_object(&reply.w);
	write_members(&reply.w, &made);
	json_member_cstr(&reply.w, "url",
		arena_fmt(c->arena, "%.*s/invitation/%.*s", STR_FMT(r->origin), STR_FMT(secret)));
	json_end_object(&reply.w);
	api_location(c, r, "invitations", str_of(arena_fmt(c->arena, "%lld", (long long)made.id)));
	return api_send(c, r, 201, &reply);
}

enum err api_invitations_revoke(struct ctx *c, struct web_request *r)
{
	int64_t id;
	TRY(web_param_id(c, r, "invitation", &id));
	TRY(invitation_revoke_seen(c, r->core, &r->who, id, &r->expected));
	return web_no_content(c, r);
}

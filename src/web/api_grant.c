/* Permissions on all repositories whose names fit a pattern. */
#include "core/grant.h"
#include "web/api.h"

static void write_grant(struct json_writer *w, const struct grant *grant)
{
	json_begin_object(w);
	json_member_int(w, "id", grant->id);
	json_member_str(w, "username", grant->username);
	json_member_str(w, "pattern", grant->pattern);
	json_member_cstr(w, "permission", permission_name(grant->level));
	json_member_str(w, "source", grant->source);
	api_time(w, "expires_at", grant->expires);
	json_end_object(w);
}

enum err api_grants_list(struct ctx *c, struct web_request *r)
{
	struct api_page page;
	struct grant *grants;
	size_t count;
	uint64_t from = 0;
	TRY(api_page(c, r, &page));
	TRY(grant_list(c, r->core, &r->who, &grants, &count));
	if (page.after.len && !str_to_u64(page.after, &from)) {
		r->field = "cursor";
		return fail(c, ERR_INVALID, "\"cursor\" is not one of this list");
	}
	size_t end = from < count && count - from > page.limit ? from + page.limit : count;
	struct api_reply reply;
	api_list_begin(c, &reply);
	for (size_t i = from; i < end; i++)
		write_grant(&reply.w, &grants[i]);
	struct str next = {0};
	if (end < count)
		next = str_of(arena_fmt(c->arena, "%zu", end));
	return api_list_send(c, r, &reply, &page, next);
}

enum err api_grant_get(struct ctx *c, struct web_request *r)
{
	struct grant *grants;
	struct api_reply reply;
	size_t count, at = 0;
	int64_t id;
	TRY(web_param_id(c, r, "grant", &id));
	TRY(grant_list(c, r->core, &r->who, &grants, &count));
	while (at < count && grants[at].id != id)
		at++;
	if (at == count)
		return fail(c, ERR_NOT_FOUND, "there is no grant %lld", (long long)id);
	if (r->probing)
		r->expected.grant = &grants[at];
	api_begin(c, &reply);
	write_grant(&reply.w, &grants[at]);
	return api_send(c, r, 200, &reply);
}

enum err api_grants_create(struct ctx *c, struct web_request *r)
{
	static const char *const fields[] = {
		"username", "pattern", "permission", "expires_at", NULL};
	const struct json *body;
	struct grant what = {0}, made;
	struct api_reply reply;
	TRY(api_body(c, r, fields, &body));
	TRY(api_text_needed(c, r, body, "username", &what.username));
	TRY(api_text_needed(c, r, body, "pattern", &what.pattern));
	TRY(api_permission(c, r, body, true, &what.level));
	TRY(api_when(c, r, body, "expires_at", &what.expires, NULL));
	r->field = "pattern";
	TRY(grant_put(c, r->core, &r->who, &what, &made));
	r->field = NULL;
	api_begin(c, &reply);
	write_grant(&reply.w, &made);
	return api_send(c, r, 201, &reply);
}

enum err api_grant_remove(struct ctx *c, struct web_request *r)
{
	int64_t id;
	TRY(web_param_id(c, r, "grant", &id));
	TRY(grant_delete_seen(c, r->core, &r->who, id, &r->expected));
	return web_no_content(c, r);
}

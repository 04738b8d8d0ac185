/* Whom an account is connected with at providers: one's own, or for the owner somebody's. */
#include "core/identity.h"
#include "web/api.h"

/* The person in the path; without one, who asks. */
static struct str whose(const struct web_request *r)
{
	struct str username = web_param(r, "username");
	return username.len ? username : r->who.username;
}

static void write_identity(struct json_writer *w, const struct identity *one)
{
	json_begin_object(w);
	json_member_int(w, "id", one->id);
	json_member_str(w, "provider", one->provider);
	json_member_str(w, "issuer", one->issuer);
	json_member_str(w, "subject", one->subject);
	json_member_str(w, "name", one->name);
	json_member_str(w, "email", one->email);
	api_time(w, "created_at", one->created);
	api_time(w, "used_at", one->used);
	json_end_object(w);
}

enum err api_identities_list(struct ctx *c, struct web_request *r)
{
	struct identity *list;
	size_t count;
	TRY(identity_list(c, r->core, &r->who, whose(r), &list, &count));
	struct api_reply reply;
	api_list_begin(c, &reply);
	for (size_t i = 0; i < count; i++)
		write_identity(&reply.w, &list[i]);
	return api_list_send(c, r, &reply, NULL, STR(""));
}

enum err api_identity_get(struct ctx *c, struct web_request *r)
{
	struct identity *list;
	struct api_reply reply;
	size_t count, at = 0;
	int64_t id;
	TRY(web_param_id(c, r, "connection", &id));
	TRY(identity_list(c, r->core, &r->who, whose(r), &list, &count));
	while (at < count && list[at].id != id)
		at++;
	if (at == count)
		return fail(c, ERR_NOT_FOUND, "there is no connection %lld of that account",
			(long long)id);
	if (r->probing)
		r->expected.identity = &list[at];
	api_begin(c, &reply);
	write_identity(&reply.w, &list[at]);
	return api_send(c, r, 200, &reply);
}

enum err api_identity_add(struct ctx *c, struct web_request *r)
{
	static const char *const fields[] = {"provider", "subject", NULL};
	struct identity_new what = {.username = whose(r)};
	struct identity made;
	const struct json *body;
	TRY(api_body(c, r, fields, &body));
	TRY(api_text_needed(c, r, body, "provider", &what.provider));
	TRY(api_text_needed(c, r, body, "subject", &what.subject));
	r->field = "subject";
	TRY(identity_add(c, r->core, &r->who, &what, &made));
	r->field = NULL;
	struct api_reply reply;
	api_begin(c, &reply);
	write_identity(&reply.w, &made);
	return api_send(c, r, 201, &reply);
}

enum err api_identity_remove(struct ctx *c, struct web_request *r)
{
	int64_t id;
	TRY(web_param_id(c, r, "connection", &id));
	TRY(identity_remove_seen(c, r->core, &r->who, whose(r), id, &r->expected));
	return web_no_content(c, r);
}

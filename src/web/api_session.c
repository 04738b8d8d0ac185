/* Sessions: one's own, or for the owner somebody's. */
#include "core/session.h"
#include "web/api.h"

/* The person in the path; without one, who asks. */
static struct str whose(const struct web_request *r)
{
	struct str username = web_param(r, "username");
	return username.len ? username : r->who.username;
}

enum err api_sessions_list(struct ctx *c, struct web_request *r)
{
	struct session_row *rows;
	size_t count;
	TRY(session_list(c, r->core, &r->who, whose(r), &rows, &count));
	struct api_reply reply;
	api_list_begin(c, &reply);
	for (size_t i = 0; i < count; i++) {
		json_begin_object(&reply.w);
		json_member_str(&reply.w, "id", rows[i].id);
		json_member_str(&reply.w, "address", rows[i].from.address);
		json_member_str(&reply.w, "browser", rows[i].from.browser);
		api_time(&reply.w, "started_at", rows[i].started);
		api_time(&reply.w, "seen_at", rows[i].seen);
		json_member_bool(
			&reply.w, "current", r->session && str_eq(rows[i].id, r->session->id));
		json_end_object(&reply.w);
	}
	return api_list_send(c, r, &reply, NULL, STR(""));
}

enum err api_session_end(struct ctx *c, struct web_request *r)
{
	TRY(session_end_one(c, r->core, &r->who, whose(r), web_param(r, "id")));
	return web_no_content(c, r);
}

enum err api_sessions_end_all(struct ctx *c, struct web_request *r)
{
	TRY(session_end_all(c, r->core, &r->who, whose(r)));
	return web_no_content(c, r);
}

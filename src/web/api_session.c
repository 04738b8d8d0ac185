/* Sessions: one's own, or for the owner somebody's. */
#include "core/session.h"
#include "web/api.h"

/* The person in the path; without one, who asks. */
static struct str whose(const struct web_request *r)
{
	struct str username = web_param(r, "username");
	return username.len ? username : r->who.username;
}

static void write_session(
	struct json_writer *w, const struct web_request *r, const struct session_row *row)
{
	json_begin_object(w);
	json_member_str(w, "id", row->id);
	json_member_str(w, "address", row->from.address);
	json_member_str(w, "browser", row->from.browser);
	api_time(w, "started_at", row->started);
	api_time(w, "seen_at", row->seen);
	json_member_bool(w, "current", r->session && str_eq(row->id, r->session->id));
	json_end_object(w);
}

enum err api_sessions_list(struct ctx *c, struct web_request *r)
{
	struct session_row *rows;
	size_t count;
	TRY(session_list(c, r->core, &r->who, whose(r), &rows, &count));
	struct api_reply reply;
	api_list_begin(c, &reply);
	for (size_t i = 0; i < count; i++)
		write_session(&reply.w, r, &rows[i]);
	return api_list_send(c, r, &reply, NULL, STR(""));
}

enum err api_session_get(struct ctx *c, struct web_request *r)
{
	struct str id = web_param(r, "id");
	struct session_row *rows;
	struct api_reply reply;
	size_t count, at = 0;
	TRY(session_list(c, r->core, &r->who, whose(r), &rows, &count));
	while (at < count && !str_eq(rows[at].id, id))
		at++;
	if (at == count)
		return fail(c, ERR_NOT_FOUND, "there is no such session (any more)");
	if (r->probing)
		r->expected.session = &rows[at];
	api_begin(c, &reply);
	write_session(&reply.w, r, &rows[at]);
	return api_send(c, r, 200, &reply);
}

enum err api_session_end(struct ctx *c, struct web_request *r)
{
	TRY(session_end_one_seen(c, r->core, &r->who, whose(r), web_param(r, "id"), &r->expected));
	return web_no_content(c, r);
}

enum err api_sessions_end_all(struct ctx *c, struct web_request *r)
{
	TRY(session_end_all(c, r->core, &r->who, whose(r)));
	return web_no_content(c, r);
}

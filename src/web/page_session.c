/* Where one is signed in. */
#include "core/session.h"
#include "view/page_account.h"
#include "web/agent.h"
#include "web/page.h"

enum err page_sessions(struct ctx *c, struct web_request *r)
{
	struct page_sessions p = {0};
	struct session_row *rows;
	TRY(session_list(c, r->core, &r->who, r->who.username, &rows, &p.count));
	page_begin(c, r, STR("Where you are signed in"), &p.page);
	struct signed_in *shown = NEW_ARRAY(c->arena, struct signed_in, p.count);
	for (size_t i = 0; i < p.count; i++)
		shown[i] = (struct signed_in){
			.id = rows[i].id,
			.browser = agent_name(c->arena, rows[i].from.browser),
			.address = rows[i].from.address,
			.started = rows[i].started,
			.seen = rows[i].seen,
			.here = r->session && str_eq(rows[i].id, r->session->id),
		};
	p.sessions = shown;
	struct buf html = {.arena = c->arena};
	view_sessions(&html, &p);
	return web_html(c, r, 200, buf_view(&html));
}

enum err page_session_end(struct ctx *c, struct web_request *r)
{
	TRY(session_end_one(c, r->core, &r->who, r->who.username, web_field(r, "id")));
	return web_redirect(c, r, "/account/sessions?done=session-ended");
}

enum err page_sessions_end_all(struct ctx *c, struct web_request *r)
{
	TRY(session_end_all(c, r->core, &r->who, r->who.username));
	TRY(web_sign_out(c, r));
	return web_redirect(c, r, "/sign-in?done=signed-out-everywhere");
}

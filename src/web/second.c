/* From a right password to a session, where a second factor stands between; and by a passkey alone. */
#include "base/uri.h"
#include "core/half_session.h"
#include "core/passkey.h"
#include "web/internal.h"

enum err web_begin_half(struct ctx *c, struct web_request *r, const struct actor *who)
{
	struct str secret;
	TRY(half_session_begin(c, r->core, who, &secret));
	web_set_cookie(c, r, WEB_COOKIE_HALF, secret, HALF_SESSION_SECONDS);
	r->half = true;
	return OK;
}

enum err web_enter(struct ctx *c, struct web_request *r, const char *path)
{
	struct buf to = {.arena = c->arena};
	if (!r->half)
		return web_redirect(c, r, path);
	buf_cstr(&to, "/sign-in/second?next=");
	uri_encode(&to, str_of(path));
	return web_redirect(c, r, buf_text(&to));
}

enum err web_half(struct ctx *c, struct web_request *r, struct actor *who)
{
	TRY(half_session_get(c, r->core, web_cookie(c, r, WEB_COOKIE_HALF), who));
	who->peer = web_peer(r->web, r->http);
	return OK;
}

void web_passkey_answer(const struct web_request *r, struct passkey_answer *out)
{
	*out = (struct passkey_answer){
		.json = web_field(r, "answer"),
		.ceremony = web_field(r, "ceremony"),
		.origin = r->origin,
	};
}

void web_make_whole(struct ctx *c, struct actor *who, const char *how)
{
	who->half = false;
	who->via = str_of(arena_fmt(c->arena, "%.*s+%s", STR_FMT(who->via), how));
}

static enum err check_factor(
	struct ctx *c, struct web_request *r, const struct actor *who, const char **how)
{
	struct passkey_answer answer;
	web_passkey_answer(r, &answer);
	if (!answer.json.len)
		return factor_check_code(c, r->core, who, str_trim(web_field(r, "code")), how);
	*how = "passkey";
	return passkey_check_second(c, r->core, who, &answer);
}

enum err web_second(struct ctx *c, struct web_request *r)
{
	struct str secret = web_cookie(c, r, WEB_COOKIE_HALF);
	struct actor who;
	const char *how;
	/* A code works once: not for a session that cannot begin. */
	TRY(session_ready(c, r->core));
	TRY(web_half(c, r, &who));
	enum err kind = check_factor(c, r, &who, &how);
	if (kind == ERR_UNAUTH)
		half_session_failed(c, r->core, secret);
	TRY(kind);
	TRY(half_session_take(c, r->core, secret));
	web_make_whole(c, &who, how);
	return web_begin_session(c, r, &who);
}

enum err web_sign_in_passkey(struct ctx *c, struct web_request *r)
{
	struct passkey_answer answer;
	struct actor who;
	TRY(session_ready(c, r->core));
	web_passkey_answer(r, &answer);
	TRY(passkey_sign_in(c, r->core, &answer, web_peer(r->web, r->http), &who));
	return web_begin_session(c, r, &who);
}

#include "base/uri.h"
#include "core/audit.h"
#include "core/known_browser.h"
#include "core/passkey.h"
#include "core/secret.h"
#include "core/sso.h"
#include "model/scope.h"
#include "web/credentials.h"
#include "web/internal.h"

struct str web_peer(const struct web *web, const struct http_exchange *x)
{
	struct buf all = {.arena = x->ctx->arena};
	for (size_t i = 0; i < x->header_count; i++)
		if (str_eq_nocase(x->headers[i].name, STR("x-forwarded-for"))) {
			if (all.len)
				buf_byte(&all, ',');
			buf_str(&all, x->headers[i].value);
		}
	return proxies_client(&web->proxies, x->peer, buf_view(&all));
}

static bool came_by_https(const struct web *web, const struct http_exchange *x)
{
	return x->secure ||
	       (proxies_trust(&web->proxies, x->peer) &&
		       str_eq_nocase(http_header(x, "x-forwarded-proto"), STR("https")));
}

static bool is_https(const struct web *web, const struct http_exchange *x)
{
	if (*web->core->base_url)
		return str_starts(str_of(web->core->base_url), STR("https://"));
	return came_by_https(web, x);
}

struct str web_origin(const struct web *web, const struct http_exchange *x)
{
	if (*web->core->base_url)
		return str_of(web->core->base_url);
	struct str host = x->host.len ? x->host : STR("localhost");
	return str_of(arena_fmt(
		x->ctx->arena, "http%s://%.*s", is_https(web, x) ? "s" : "", STR_FMT(host)));
}

/* The host without its port: "[::1]" of "[::1]:8080". */
static struct str bare_host(struct str host)
{
	size_t colon = str_find_last(host, ':');
	bool port =
		colon < host.len && str_find(str_from_index(host, colon), ']') == host.len - colon;
	return port ? str_until(host, colon) : host;
}

bool web_redirect_to_https(const struct web *web, struct http_exchange *x)
{
	bool health = str_is(x->raw_path, "/healthz") || str_is(x->raw_path, "/readyz");
	bool path = str_starts(x->raw_path, STR("/"));
	if (!web->redirect_port || health || !path || !x->host.len || came_by_https(web, x))
		return false;
	struct str base = str_of(web->core->base_url);
	char port[8] = "";
	if (web->redirect_port != 443)
		fmt_into(port, sizeof port, ":%d", web->redirect_port);
	if (!str_starts(base, STR("https://")))
		base = str_of(arena_fmt(
			x->ctx->arena, "https://%.*s%s", STR_FMT(bare_host(x->host)), port));
	http_set(x, "Location",
		str_of(arena_fmt(x->ctx->arena, "%.*s%.*s%s%.*s", STR_FMT(base),
			STR_FMT(x->raw_path), x->query.len ? "?" : "", STR_FMT(x->query))));
	/* What becomes of it, the edge sees. */
	enum err ignored = http_reply(x, 308, "text/plain", STR("this is served by https only\n"));
	(void)ignored;
	return true;
}

enum err web_authorize(struct ctx *c, const struct web *web, const struct http_exchange *x,
	struct actor *who, bool *given)
{
	*who = ACTOR_ANONYMOUS;
	who->peer = web_peer(web, x);
	struct str rest = http_header(x, "authorization");
	*given = rest.len > 0;
	if (!*given)
		return OK;
	struct credential cred = {.kind = CREDENTIAL_TOKEN};
	struct str scheme = str_cut(&rest, ' ');
	if (str_eq_nocase(scheme, STR("basic")))
		TRY(credentials_basic(c, rest, &cred));
	else if (str_eq_nocase(scheme, STR("bearer")))
		cred.secret = str_trim(rest);
	else
		return fail(c, ERR_UNAUTH, "the Authorization header is neither Basic nor Bearer");
	return login_credential(c, web->core, &cred, who->peer, who);
}

enum err web_authorize_client(
	struct ctx *c, const struct web *web, const struct http_exchange *x, struct actor *who)
{
	if (!x->client.len || !web->core->by_certificate)
		return OK;
	return login_certificate(c, web->core, x->client, who->peer, who);
}

static bool has_secure_cookies(const struct web_request *r)
{
	return r->web->secure == SECURE_ALWAYS ||
	       (r->web->secure == SECURE_AUTO && str_starts(r->origin, STR("https://")));
}

/* A browser takes __Host- only over TLS, from this very host, for all its paths; so nobody else can
 * have put it there. Where there is no TLS it must do without. */
static const char *cookie_name(struct ctx *c, const struct web_request *r, const char *name)
{
	return has_secure_cookies(r) ? arena_fmt(c->arena, "__Host-%s", name) : name;
}

struct str web_cookie(struct ctx *c, const struct web_request *r, const char *name)
{
	return credentials_cookie(http_header(r->http, "cookie"), str_of(cookie_name(c, r, name)));
}

static struct str cookie_text(struct ctx *c, const struct web_request *r, const char *name,
	struct str value, int64_t seconds)
{
	return str_of(arena_fmt(c->arena, "%s=%.*s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Lax%s",
		cookie_name(c, r, name), STR_FMT(value), (long long)seconds,
		has_secure_cookies(r) ? "; Secure" : ""));
}

void web_set_cookie(
	struct ctx *c, struct web_request *r, const char *name, struct str value, int64_t seconds)
{
	web_header(r, "Set-Cookie", cookie_text(c, r, name, value, seconds));
}

/* Beside the session's: so that they can sign in from here whatever strangers do. */
static enum err give_device(struct ctx *c, struct web_request *r, const struct actor *who)
{
	struct str device;
	TRY(known_browser_make(c, r->core, who, &device));
	if (device.len)
		http_set(r->http, "Set-Cookie",
			cookie_text(c, r, WEB_COOKIE_DEVICE, device, KNOWN_BROWSER_SECONDS));
	return OK;
}

static bool is_secret(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] <= ' ' || text.at[i] > '~')
			return false;
	return text.len == SECRET_LEN;
}

/* Beside the session's cookie, which may come anew in the same reply. One that is there stays: several
 * sign-ins may be under way. */
struct str web_browser(struct ctx *c, struct web_request *r, bool make)
{
	struct str given = web_cookie(c, r, WEB_COOKIE_BROWSER);
	if (!is_secret(given))
		given = make ? secret_make(c) : (struct str){0};
	if (make)
		http_set(r->http, "Set-Cookie",
			cookie_text(c, r, WEB_COOKIE_BROWSER, given, SSO_SECONDS));
	return given;
}

/* From now on the request is of this session. */
static void use_session(struct ctx *c, struct web_request *r, struct session *session)
{
	session->who.peer = web_peer(r->web, r->http);
	r->session = session;
	r->who = session->who;
	r->csrf = session_csrf(c, session);
	if (session->is_new)
		web_set_cookie(c, r, WEB_COOKIE, session->cookie, session->seconds);
}

enum err web_identify(struct ctx *c, struct web_request *r)
{
	bool given;
	TRY(web_authorize(c, r->web, r->http, &r->who, &given));
	/* What pages, archives and the API send is not counted: so they are not for such a key. */
	if (r->who.scope && r->who.scope->bytes)
		return fail(c, ERR_DENIED, "a key with a budget of bytes is for git alone");
	struct str cookie = web_cookie(c, r, WEB_COOKIE);
	/* Not on pages: a browser shows its certificate to them whoever sent it there. */
	if (!given && !cookie.len && r->api)
		TRY(web_authorize_client(c, r->web, r->http, &r->who));
	if (given || !cookie.len)
		return OK;
	struct session *session = NEW(c->arena, struct session);
	enum err e = session_get(c, r->core, cookie, session);
	if (e == ERR_UNAUTH) {
		ctx_clear(c);
		return OK;
	}
	TRY(e);
	use_session(c, r, session);
	return OK;
}

/* "host:port" of "https://host:port/path". */
static struct str authority_of(struct str url)
{
	size_t at = str_find_str(url, STR("://"));
	if (at == url.len)
		return STR("");
	struct str rest = str_from_index(url, at + 3);
	return str_until(rest, str_find(rest, '/'));
}

enum err web_check_site(struct ctx *c, const struct web_request *r)
{
	struct str site = web_request_header(r, "sec-fetch-site");
	struct str origin = web_request_header(r, "origin");
	bool same = true;
	if (site.len)
		same = str_is(site, "same-origin") || str_is(site, "none");
	else if (origin.len)
		same = str_eq_nocase(authority_of(origin), r->http->host) ||
		       str_eq_nocase(authority_of(origin), authority_of(r->origin));
	if (!same)
		return fail(c, ERR_DENIED, "this request came from another site's page");
	return OK;
}

enum err web_check_csrf(struct ctx *c, const struct web_request *r)
{
	TRY(web_check_site(c, r));
	if (!r->session)
		return OK;
	struct str given = web_field(r, "csrf");
	if (!given.len)
		given = web_request_header(r, "x-csrf-token");
	return session_check_csrf(c, r->session, given);
}

static struct session_from session_from(const struct web_request *r)
{
	return (struct session_from){
		.address = web_peer(r->web, r->http),
		.browser = web_request_header(r, "user-agent"),
	};
}

/* What a browser kept for reading offline is the account's whose pages they were. */
static void forget_kept(struct web_request *r)
{
	web_header(r, "Clear-Site-Data", STR("\"storage\""));
}

/*
 * Nobody is let in of whom it could not be written down. Never goes on with a session that was there
 * before: somebody else may have put it there.
 */
static enum err begin_session(
	struct ctx *c, struct web_request *r, const struct actor *who, const struct session_by *by)
{
	struct session *session = NEW(c->arena, struct session);
	const struct session_from from = session_from(r);
	struct str before = web_cookie(c, r, WEB_COOKIE);
	TRY(session_begin_by(c, r->core, who, &from, by, session));
	TRY(audit_note(c, r->core, who, AUDIT_SIGN_IN));
	if (before.len)
		TRY(session_end(c, r->core, before));
	use_session(c, r, session);
	forget_kept(r);
	return give_device(c, r, who);
}

enum err web_begin_session(struct ctx *c, struct web_request *r, const struct actor *who)
{
	return begin_session(c, r, who, NULL);
}

static struct login_from login_from(struct ctx *c, const struct web_request *r)
{
	return (struct login_from){web_peer(r->web, r->http), web_cookie(c, r, WEB_COOKIE_DEVICE)};
}

enum err web_keep_session(struct ctx *c, struct web_request *r)
{
	struct session *session = NEW(c->arena, struct session);
	if (!r->session)
		return OK;
	TRY(session_keep(c, r->core, r->session, session));
	use_session(c, r, session);
	return OK;
}

static enum err enter(struct ctx *c, struct web_request *r, const struct actor *who)
{
	return who->half ? web_begin_half(c, r, who) : web_begin_session(c, r, who);
}

enum err web_sign_in(struct ctx *c, struct web_request *r, struct str username, struct str password)
{
	struct credential cred = {CREDENTIAL_PASSWORD, username, password};
	struct actor who;
	const struct login_from from = login_from(c, r);
	TRY(login_person(c, r->core, &cred, &from, &who));
	return enter(c, r, &who);
}

enum err web_sign_in_by(
	struct ctx *c, struct web_request *r, const struct actor *who, const struct session_by *by)
{
	return begin_session(c, r, who, by);
}

static void refuse_link(struct ctx *c, const struct web_request *r)
{
	audit_refuse(c, r->core,
		&(struct audit_refusal){
			.via = STR("link"),
			.peer = web_peer(r->web, r->http),
			.action = STR(AUDIT_SIGN_IN),
			.why = str_of(c->error.text),
		});
}

enum err web_sign_in_link(struct ctx *c, struct web_request *r, struct str secret)
{
	struct actor who;
	if (str_is(r->http->method, "HEAD"))
		return fail(c, ERR_INVALID, "a sign-in link is opened with GET");
	TRY(session_ready(c, r->core));
	enum err err = login_link_take(c, r->core, secret, &who);
	if (err == ERR_UNAUTH)
		refuse_link(c, r);
	TRY(err);
	who.peer = web_peer(r->web, r->http);
	return enter(c, r, &who);
}

enum err web_sign_out(struct ctx *c, struct web_request *r)
{
	/* Also of a session that cannot be looked up just now: it must not come back. */
	struct str cookie = web_cookie(c, r, WEB_COOKIE);
	if (cookie.len)
		TRY(session_end(c, r->core, cookie));
	web_set_cookie(c, r, WEB_COOKIE, STR(""), 0);
	forget_kept(r);
	if (r->session)
		TRY(audit_note(c, r->core, &r->who, AUDIT_SIGN_OUT));
	r->session = NULL;
	r->who = ACTOR_ANONYMOUS;
	return OK;
}

static enum err prove_session(
	struct ctx *c, struct web_request *r, const struct actor *who, const struct session_by *by)
{
	struct session *session = NEW(c->arena, struct session);
	const struct session_from from = session_from(r);
	TRY(session_prove_by(c, r->core, r->session, &from, by, session));
	TRY(audit_note(c, r->core, who, AUDIT_SIGN_IN));
	use_session(c, r, session);
	return OK;
}

enum err web_prove_by(struct ctx *c, struct web_request *r, const struct session_by *by)
{
	struct actor who = r->who;
	who.via = by->via;
	if (!r->session)
		return fail(c, ERR_INVALID, "only a browser that is signed in proves it again");
	return prove_session(c, r, &who, by);
}

/* The password, and the second factor where there is one; or a passkey, which is as good as both. */
static enum err prove_again(struct ctx *c, struct web_request *r, struct actor *who)
{
	struct passkey_answer answer;
	const char *how;
	const struct login_from from = login_from(c, r);
	web_passkey_answer(r, &answer);
	if (answer.json.len)
		return passkey_sign_in(c, r->core, &answer, from.peer, who);
	const struct credential cred = {
		CREDENTIAL_PASSWORD, r->who.username, web_field(r, "password")};
	TRY(login_person(c, r->core, &cred, &from, who));
	if (!who->half)
		return OK;
	TRY(factor_check_code(c, r->core, who, str_trim(web_field(r, "code")), &how));
	web_make_whole(c, who, how);
	return OK;
}

enum err web_prove(struct ctx *c, struct web_request *r)
{
	struct actor who;
	if (!r->session)
		return fail(c, ERR_INVALID, "only a browser that is signed in proves it again");
	TRY(prove_again(c, r, &who));
	if (actor_has_key(&who) || who.user_id != r->who.user_id)
		return fail(c, ERR_UNAUTH, "that is somebody else's, not yours");
	return prove_session(c, r, &who, NULL);
}

/* The page that a form was sent from: a path of ours, as the browser tells it; else "/". */
static struct str page_of_form(const struct web_request *r)
{
	struct str referer = web_request_header(r, "referer");
	struct str authority = authority_of(referer);
	if (!authority.len || !str_eq_nocase(authority, authority_of(r->origin)))
		return STR("/");
	struct str path = str_from_index(referer, str_find_str(referer, authority) + authority.len);
	return web_is_local_path(path) ? path : STR("/");
}

enum err web_ask_proof(struct ctx *c, struct web_request *r)
{
	struct buf to = {.arena = c->arena};
	if (r->api)
		return fail(c, ERR_DENIED,
			"this needs a proof of who you are that is newer: give it on /prove");
	buf_cstr(&to, "/prove?next=");
	uri_encode(&to, str_is(r->method, "GET") ? r->path : page_of_form(r));
	return web_redirect(c, r, buf_text(&to));
}

bool web_is_local_path(struct str path)
{
	if (path.len == 0 || path.at[0] != '/' || (path.len > 1 && path.at[1] == '/'))
		return false;
	for (size_t i = 0; i < path.len; i++)
		if ((unsigned char)path.at[i] <= ' ' || path.at[i] == '\\' || path.at[i] == 0x7f)
			return false;
	return true;
}

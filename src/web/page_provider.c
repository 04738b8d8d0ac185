/* Signing in with a provider: away to it, and back. */
#include "base/html.h"
#include "core/identity.h"
#include "core/sso.h"
#include "view/page_account.h"
#include "web/internal.h"
#include "web/page.h"

struct sign_in_providers page_providers(struct ctx *c, const struct web_request *r)
{
	const struct core *core = r->core;
	struct sign_in_provider *list =
		NEW_ARRAY(c->arena, struct sign_in_provider, core->provider_count);
	size_t count = 0;
	for (size_t i = 0; i < core->provider_count; i++)
		if (core->providers[i]->signs_in)
			list[count++] = (struct sign_in_provider){
				core->providers[i]->name, core->providers[i]->label};
	return (struct sign_in_providers){list, count};
}

enum err page_providers_of(
	struct ctx *c, struct web_request *r, struct sign_in_providers *providers)
{
	struct sign_in_providers all = page_providers(c, r);
	struct sign_in_provider *list = NEW_ARRAY(c->arena, struct sign_in_provider, all.count);
	struct identity *mine;
	size_t count;
	*providers = (struct sign_in_providers){list, 0};
	TRY(identity_list(c, r->core, &r->who, r->who.username, &mine, &count));
	for (size_t i = 0; i < all.count; i++)
		for (size_t k = 0; k < count; k++)
			if (str_is(mine[k].provider, all.list[i].name)) {
				list[providers->count++] = all.list[i];
				break;
			}
	return OK;
}

/* No redirection: what answers a form is led on by the browser to nowhere but here (form-action). */
static enum err show_away(
	struct ctx *c, struct web_request *r, struct str title, const char *label, struct str url)
{
	struct buf safe = {.arena = c->arena};
	html_escape(&safe, url);
	struct page_away p = {.label = label, .url = buf_view(&safe)};
	page_begin(c, r, title, &p.page);
	p.page.here = STR("/");
	web_header(r, "Refresh", str_of(arena_fmt(c->arena, "0;url=%.*s", STR_FMT(url))));
	web_header(r, "Cache-Control", STR("no-store"));
	struct buf html = {.arena = c->arena};
	view_away(&html, &p);
	return web_html(c, r, 200, buf_view(&html));
}

static const char *label_of(struct ctx *c, const struct web_request *r, struct str name)
{
	struct provider *p;
	if (!identity_provider(c, r->core, name, &p))
		return p->label;
	ctx_clear(c);
	return "the provider";
}

/* What went wrong is shown where it began, in words for that person. */
static enum err explain(struct ctx *c, struct web_request *r, const struct sso_end *end,
	const char *label, enum err err)
{
	const struct error first = c->error;
	enum err shown;
	if (err == ERR_UNAVAILABLE)
		fail(c, err,
			"%s does not answer as it should just now: try again in a minute, or sign "
			"in in another way",
			label);
	if (!actor_is_anonymous(&r->who) && end->purpose == SSO_CONNECT)
		shown = page_identities_again(c, r, err);
	else if (!actor_is_anonymous(&r->who) && end->purpose == SSO_PROVE)
		shown = page_prove_again(c, r, end->next, err);
	else
		shown = page_sign_in_again(c, r, end->next, err);
	/* The log is for who can do something about it. */
	if (!shown && err == ERR_UNAVAILABLE)
		c->error = first;
	return shown;
}

static bool is_told(enum err err)
{
	return err == ERR_UNAUTH || err == ERR_DENIED || err == ERR_EXISTS || err == ERR_INVALID ||
	       err == ERR_RATE_LIMITED || err == ERR_UNAVAILABLE;
}

static enum err begin(
	struct ctx *c, struct web_request *r, struct str provider, struct sso_begin *what)
{
	struct str url;
	const char *label = label_of(c, r, provider);
	struct sso_end end = {.purpose = what->purpose, .next = what->next};
	TRY(session_ready(c, r->core));
	what->provider = provider;
	what->peer = web_peer(r->web, r->http);
	what->redirect = str_of(arena_fmt(
		c->arena, "%.*s/sign-in/%.*s/return", STR_FMT(r->origin), STR_FMT(provider)));
	what->browser = web_browser(c, r, true);
	enum err err = sso_begin(c, r->core, &r->who, what, &url);
	if (is_told(err))
		return explain(c, r, &end, label, err);
	TRY(err);
	return show_away(c, r, str_of(arena_fmt(c->arena, "To %s", label)), label, url);
}

static struct str local_path(struct str given)
{
	return web_is_local_path(given) && given.len <= SSO_NEXT_MAX ? given : STR("/");
}

enum err page_provider_begin(struct ctx *c, struct web_request *r)
{
	struct str invitation = web_field(r, "invitation");
	struct sso_begin what = {
		.purpose = invitation.len ? SSO_INVITED : SSO_SIGN_IN,
		.next = local_path(web_field(r, "next")),
		.invitation = invitation,
	};
	return begin(c, r, web_param(r, "provider"), &what);
}

enum err page_provider_prove(struct ctx *c, struct web_request *r)
{
	struct sso_begin what = {.purpose = SSO_PROVE, .next = local_path(web_field(r, "next"))};
	return begin(c, r, web_param(r, "provider"), &what);
}

enum err page_provider_connect(struct ctx *c, struct web_request *r)
{
	struct sso_begin what = {
		.purpose = SSO_CONNECT, .next = STR("/account/identities?done=connected")};
	return begin(c, r, web_field(r, "provider"), &what);
}

static enum err enter(struct ctx *c, struct web_request *r, const struct sso_end *end)
{
	struct actor who = end->who;
	if (end->purpose == SSO_PROVE)
		return web_prove_by(c, r, &end->by);
	if (end->purpose == SSO_CONNECT)
		return OK;
	who.peer = web_peer(r->web, r->http);
	return web_sign_in_by(c, r, &who, &end->by);
}

/* The address holds what signs in, once. */
enum err page_provider_return(struct ctx *c, struct web_request *r)
{
	struct str provider = web_param(r, "provider");
	const char *label = label_of(c, r, provider);
	const struct sso_answer answer = {
		.provider = provider,
		.browser = web_browser(c, r, false),
		.query = r->query,
		.peer = web_peer(r->web, r->http),
	};
	struct sso_end end;
	web_header(r, "Referrer-Policy", STR("no-referrer"));
	if (str_is(r->http->method, "HEAD"))
		return fail(c, ERR_INVALID, "what a provider answers is opened with GET");
	TRY(session_ready(c, r->core));
	enum err err = sso_finish(c, r->core, &r->who, &answer, &end);
	end.next = local_path(end.next);
	if (is_told(err))
		return explain(c, r, &end, label, err);
	TRY(err);
	TRY(enter(c, r, &end));
	bool home = end.joined && str_is(end.next, "/");
	return web_redirect(c, r, home ? "/?done=joined" : str_dup(c->arena, end.next));
}

enum err page_provider_sign_out(struct ctx *c, struct web_request *r)
{
	struct str via = r->session ? r->who.via : STR(""), token = {0};
	struct str back = str_of(arena_fmt(c->arena, "%.*s/", STR_FMT(r->origin)));
	if (r->session)
		token = session_take_id_token(c, r->core, r->session->id);
	TRY(web_sign_out(c, r));
	struct str url = sso_sign_out(c, r->core, via, token, back);
	if (!url.len)
		return web_redirect(c, r, "/?done=signed-out");
	(void)str_skip(&via, STR("oidc:"));
	return show_away(c, r, STR("You are signed out here"), label_of(c, r, via), url);
}

/* From a provider, not from a browser. Section 2.8 of the specification: 200, or 400. */
enum err page_provider_signed_out(struct ctx *c, struct web_request *r)
{
	enum err err =
		sso_signed_out(c, r->core, web_param(r, "provider"), web_field(r, "logout_token"));
	web_header(r, "Cache-Control", STR("no-store"));
	if (err == ERR_UNAUTH)
		return web_problem(c, r, 400, arena_strdup(c->arena, c->error.text));
	TRY(err);
	return web_text(c, r, 200, STR("signed out\n"));
}

/* Signing in and out. */
#include "core/account.h"
#include "core/invitation.h"
#include "core/password.h"
#include "core/session.h"
#include "view/page_account.h"
#include "web/page.h"

static struct str next_path(struct str given)
{
	return web_is_local_path(given) ? given : STR("/");
}

static enum err show(struct ctx *c, struct web_request *r, struct page_sign_in *p, int status)
{
	TRY(page_ask_passkey(c, r, NULL, &p->page, &p->passkey));
	p->passkey.action = "/sign-in/passkey";
	p->passkey.next = p->next;
	struct buf html = {.arena = c->arena};
	p->providers = page_providers(c, r);
	p->passwords_owner_only = r->core->passwords_owner_only;
	view_sign_in(&html, p);
	return web_html(c, r, status, buf_view(&html));
}

enum err page_sign_in(struct ctx *c, struct web_request *r)
{
	struct page_sign_in p = {.next = next_path(web_query(c, r, "next"))};
	if (!actor_is_anonymous(&r->who))
		return web_redirect(c, r, str_dup(c->arena, p.next));
	page_begin(c, r, STR("Sign in"), &p.page);
	p.page.here = p.next;
	return show(c, r, &p, 200);
}

enum err page_sign_in_again(struct ctx *c, struct web_request *r, struct str next, enum err err)
{
	struct page_sign_in p = {.next = next};
	page_begin(c, r, STR("Sign in"), &p.page);
	p.page.here = p.next;
	if (err == ERR_UNAVAILABLE)
		web_header(r, "Retry-After", STR("60"));
	int status = page_take_error(c, &p.page, err);
	return show(c, r, &p, status == 401 ? 403 : status);
}

enum err page_sign_in_post(struct ctx *c, struct web_request *r)
{
	struct page_sign_in p = {
		.name = str_trim(web_field(r, "username")),
		.next = next_path(web_field(r, "next")),
	};
	enum err err = web_sign_in(c, r, p.name, web_field(r, "password"));
	if (!err)
		return web_enter(c, r, str_dup(c->arena, p.next));
	if (err != ERR_UNAUTH && err != ERR_RATE_LIMITED && err != ERR_UNAVAILABLE)
		return err;
	if (err == ERR_UNAVAILABLE)
		web_header(r, "Retry-After", STR("60"));
	page_begin(c, r, STR("Sign in"), &p.page);
	p.page.here = p.next;
	int status = page_take_error(c, &p.page, err);
	if (err == ERR_UNAUTH)
		p.page.error = STR("This username and password do not belong together.");
	return show(c, r, &p, status == 401 ? 403 : status);
}

enum err page_sign_in_passkey(struct ctx *c, struct web_request *r)
{
	struct page_sign_in p = {.next = next_path(web_field(r, "next"))};
	enum err err = web_sign_in_passkey(c, r);
	if (!err)
		return web_redirect(c, r, str_dup(c->arena, p.next));
	if (err != ERR_UNAUTH && err != ERR_DENIED && err != ERR_UNSUPPORTED &&
		!page_is_their_error(err))
		return err;
	page_begin(c, r, STR("Sign in"), &p.page);
	p.page.here = p.next;
	page_take_error(c, &p.page, err);
	return show(c, r, &p, 403);
}

/* Who comes by a link because they have no password yet is led to where they choose one. */
static enum err welcome(struct ctx *c, struct web_request *r)
{
	struct user self;
	if (r->half)
		return web_enter(c, r, "/");
	TRY(account_get(c, r->core, &r->who, &self));
	return web_redirect(c, r, self.has_password ? "/" : "/account?done=welcome");
}

enum err page_sign_in_link(struct ctx *c, struct web_request *r)
{
	web_header(r, "Referrer-Policy", STR("no-referrer"));
	enum err err = web_sign_in_link(c, r, web_param(r, "secret"));
	if (!err)
		return welcome(c, r);
	if (err != ERR_UNAUTH)
		return err;
	struct page_sign_in p = {.next = STR("/")};
	page_begin(c, r, STR("Sign in"), &p.page);
	page_take_error(c, &p.page, err);
	p.page.here = STR("/");
	p.page.error = STR("This link has been used already, or is too old. Sign in with your "
			   "password, or ask for a new link.");
	return show(c, r, &p, 403);
}

static enum err link_is_over(struct ctx *c, struct web_request *r, enum err err)
{
	struct page_sign_in p = {.next = STR("/")};
	if (err != ERR_UNAUTH)
		return err;
	page_begin(c, r, STR("Sign in"), &p.page);
	page_take_error(c, &p.page, err);
	p.page.here = STR("/");
	p.page.error = STR("This link has been used already, or is too old. Ask for a new one.");
	return show(c, r, &p, 403);
}

static enum err show_reset(struct ctx *c, struct web_request *r, struct str name, enum err err)
{
	struct page_reset p = {.name = name, .secret = web_param(r, "secret")};
	page_begin(c, r, STR("Choose a password"), &p.page);
	p.page.here = STR("/");
	int status = err ? page_take_error(c, &p.page, err) : 200;
	struct buf html = {.arena = c->arena};
	view_reset(&html, &p);
	web_header(r, "Cache-Control", STR("no-store"));
	return web_html(c, r, status, buf_view(&html));
}

/* The secret stays in the address until the form is sent: it must go nowhere else. */
enum err page_reset(struct ctx *c, struct web_request *r)
{
	struct str name;
	web_header(r, "Referrer-Policy", STR("same-origin"));
	enum err err = password_reset_whose(c, r->core, web_param(r, "secret"), &name);
	return err ? link_is_over(c, r, err) : show_reset(c, r, name, OK);
}

enum err page_reset_post(struct ctx *c, struct web_request *r)
{
	struct str name, secret = web_param(r, "secret"), fresh = web_field(r, "new");
	struct actor who;
	TRY(session_ready(c, r->core));
	enum err err = password_reset_whose(c, r->core, secret, &name);
	if (!err)
		err = password_reset_take(c, r->core, secret, fresh, &who);
	if (err == ERR_INVALID)
		return show_reset(c, r, name, err);
	if (err)
		return link_is_over(c, r, err);
	TRY(web_sign_in(c, r, name, fresh));
	return web_enter(c, r, "/?done=password");
}

static enum err show_invitation(
	struct ctx *c, struct web_request *r, const struct invitation *invitation, enum err err)
{
	struct page_invitation p = {
		.invitation = invitation,
		.name = str_trim(web_field(r, "username")),
		.secret = web_param(r, "secret"),
	};
	p.providers = page_providers(c, r);
	p.passwords_owner_only = r->core->passwords_owner_only;
	page_begin(c, r, STR("You are invited"), &p.page);
	p.page.here = STR("/");
	int status = err ? page_take_error(c, &p.page, err) : 200;
	struct buf html = {.arena = c->arena};
	view_invitation(&html, &p);
	web_header(r, "Cache-Control", STR("no-store"));
	return web_html(c, r, status, buf_view(&html));
}

enum err page_invitation(struct ctx *c, struct web_request *r)
{
	struct invitation invitation;
	enum err err = invitation_look(c, r->core, web_param(r, "secret"), &invitation);
	return err ? link_is_over(c, r, err) : show_invitation(c, r, &invitation, OK);
}

enum err page_invitation_post(struct ctx *c, struct web_request *r)
{
	struct invitation invitation;
	struct actor who;
	struct str secret = web_param(r, "secret"), fresh = web_field(r, "new");
	TRY(session_ready(c, r->core));
	enum err err = invitation_look(c, r->core, secret, &invitation);
	if (err)
		return link_is_over(c, r, err);
	err = invitation_accept(
		c, r->core, secret, str_trim(web_field(r, "username")), fresh, &who);
	if (err == ERR_INVALID || err == ERR_EXISTS)
		return show_invitation(c, r, &invitation, err);
	if (err)
		return link_is_over(c, r, err);
	TRY(web_sign_in(c, r, who.username, fresh));
	return web_enter(c, r, "/?done=joined");
}

enum err page_prove_again(struct ctx *c, struct web_request *r, struct str next, enum err err)
{
	struct page_prove p = {.next = next_path(next)};
	struct user self;
	page_begin(c, r, STR("Is it you?"), &p.page);
	if (err == ERR_UNAVAILABLE)
		web_header(r, "Retry-After", STR("60"));
	int status = err ? page_take_error(c, &p.page, err) : 200;
	TRY(account_get(c, r->core, &r->who, &self));
	TRY(page_providers_of(c, r, &p.providers));
	p.has_password = self.has_password && (self.owner || !r->core->passwords_owner_only);
	p.has_factor = self.has_factor;
	if (p.has_factor)
		TRY(page_ask_passkey(c, r, NULL, &p.page, &p.passkey));
	p.passkey.action = "/prove";
	p.passkey.next = p.next;
	struct buf html = {.arena = c->arena};
	view_prove(&html, &p);
	return web_html(c, r, status == 401 ? 403 : status, buf_view(&html));
}

enum err page_prove(struct ctx *c, struct web_request *r)
{
	return page_prove_again(c, r, web_query(c, r, "next"), OK);
}

enum err page_prove_post(struct ctx *c, struct web_request *r)
{
	struct str next = web_field(r, "next");
	enum err err = web_prove(c, r);
	if (err == ERR_UNAUTH || err == ERR_RATE_LIMITED || err == ERR_DENIED)
		return page_prove_again(c, r, next, err);
	TRY(err);
	return web_redirect(c, r, str_dup(c->arena, next_path(next)));
}

enum err page_sign_out(struct ctx *c, struct web_request *r)
{
	return page_provider_sign_out(c, r);
}

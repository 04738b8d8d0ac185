/* Second factors and passkeys: one's own, and asking for them. */
#include "core/account.h"
#include "core/passkey.h"
#include "core/session.h"
#include "view/page_account.h"
#include "web/internal.h"
#include "web/page.h"

/* The form, or why there is none. */
static enum err take_ask(struct ctx *c, struct web_request *r, struct page *page, enum err err,
	const struct passkey_ask *ask, struct passkey_form *out)
{
	*out = (struct passkey_form){0};
	if (err == ERR_UNSUPPORTED || err == ERR_INVALID) {
		out->why = str_of(arena_strdup(c->arena, c->error.text));
		ctx_clear(c);
		return OK;
	}
	TRY(err);
	out->options = ask->options;
	out->ceremony = ask->ceremony;
	if (!ask->options.len)
		return OK;
	page->script = web_script(c->arena, "passkey.js", NULL);
	web_allow_script(r);
	web_header(r, "Cache-Control", STR("no-store"));
	return OK;
}

enum err page_ask_passkey(struct ctx *c, struct web_request *r, const struct actor *second,
	struct page *page, struct passkey_form *out)
{
	struct passkey_ask ask = {0};
	enum err err = second ? passkey_ask_second(c, r->core, second, r->origin, &ask)
			      : passkey_ask_anybody(c, r->core, r->origin, &ask);
	return take_ask(c, r, page, err, &ask, out);
}

static enum err show_second(struct ctx *c, struct web_request *r, struct str next, enum err err)
{
	struct page_second p = {0};
	struct actor who;
	struct buf html = {.arena = c->arena};
	page_begin(c, r, STR("Your second factor"), &p.page);
	p.page.here = STR("/");
	const struct error why = c->error;
	int status = err ? page_take_error(c, &p.page, err) : 200;
	enum err half = web_half(c, r, &who);
	if (half == ERR_UNAUTH) {
		ctx_clear(c);
		return web_redirect(c, r, "/sign-in?done=too-late");
	}
	TRY(half);
	p.next = web_is_local_path(next) ? next : STR("/");
	TRY(page_ask_passkey(c, r, &who, &p.page, &p.passkey));
	p.passkey.action = "/sign-in/second";
	p.passkey.next = p.next;
	if (err == ERR_UNAVAILABLE)
		p.page.error = STR("Codes of apps cannot be checked just now: use a passkey or a "
				   "recovery code, and tell the operator.");
	view_second(&html, &p);
	web_header(r, "Cache-Control", STR("no-store"));
	TRY(web_html(c, r, status == 401 ? 403 : status, buf_view(&html)));
	/* The log tells the operator. */
	if (err == ERR_UNAVAILABLE)
		c->error = why;
	return OK;
}

enum err page_second(struct ctx *c, struct web_request *r)
{
	return show_second(c, r, web_query(c, r, "next"), OK);
}

static bool may_try_again(enum err err)
{
	return err == ERR_UNAUTH || err == ERR_DENIED || err == ERR_RATE_LIMITED ||
	       err == ERR_UNSUPPORTED || err == ERR_UNAVAILABLE || page_is_their_error(err);
}

enum err page_second_post(struct ctx *c, struct web_request *r)
{
	struct str next = web_field(r, "next");
	enum err err = web_second(c, r);
	if (may_try_again(err))
		return show_second(c, r, next, err);
	TRY(err);
	return web_redirect(c, r, web_is_local_path(next) ? str_dup(c->arena, next) : "/");
}

static enum err show_factors(
	struct ctx *c, struct web_request *r, const struct recovery_code *fresh, enum err err)
{
	struct page_factors p = {.fresh = fresh};
	struct passkey_ask ask = {0};
	struct buf html = {.arena = c->arena};
	if (err && err != ERR_DENIED && !page_is_their_error(err))
		return err;
	page_begin(c, r, STR("Second factor and passkeys"), &p.page);
	p.page.here = STR("/account/factors");
	int status = err ? page_take_error(c, &p.page, err) : 200;
	TRY(factor_list(c, r->core, &r->who, r->who.username, &p.factors));
	enum err asked = OK;
	if (!actor_has_key(&r->who))
		asked = passkey_ask_new(c, r->core, &r->who, r->origin, &ask);
	TRY(take_ask(c, r, &p.page, asked, &ask, &p.add));
	view_factors(&html, &p);
	web_header(r, "Cache-Control", STR("no-store"));
	return web_html(c, r, status, buf_view(&html));
}

enum err page_factors(struct ctx *c, struct web_request *r)
{
	return show_factors(c, r, NULL, OK);
}

/* The first one ended all sessions; codes are to be seen here and now. */
static enum err added(struct ctx *c, struct web_request *r, const struct recovery_code *fresh)
{
	if (!fresh)
		return web_redirect(c, r, "/account/factors?done=factor-added");
	TRY(web_keep_session(c, r));
	return show_factors(c, r, fresh, OK);
}

static enum err removed(struct ctx *c, struct web_request *r, enum err err)
{
	return err ? show_factors(c, r, NULL, err)
		   : web_redirect(c, r, "/account/factors?done=factor-removed");
}

/* "git.example.org" of "https://git.example.org:8443". */
static struct str host_of(struct str origin)
{
	size_t at = str_find_str(origin, STR("://"));
	struct str host = at < origin.len ? str_from_index(origin, at + 3) : origin;
	return str_until(host, str_find(host, ':'));
}

static enum err show_totp(struct ctx *c, struct web_request *r, enum err err)
{
	struct page_totp p = {0};
	struct totp_offer offer;
	struct buf html = {.arena = c->arena};
	page_begin(c, r, STR("Set up an app"), &p.page);
	int status = err ? page_take_error(c, &p.page, err) : 200;
	TRY(factor_totp_offer(
		c, r->core, &r->who, host_of(r->origin), web_field(r, "secret"), &offer));
	p.text = offer.text;
	p.sealed = offer.sealed;
	TRY(qr_make(c, r->core->qr, offer.uri, &p.qr));
	view_totp(&html, &p);
	web_header(r, "Cache-Control", STR("no-store"));
	return web_html(c, r, status, buf_view(&html));
}

enum err page_totp(struct ctx *c, struct web_request *r)
{
	return show_totp(c, r, OK);
}

enum err page_totp_post(struct ctx *c, struct web_request *r)
{
	const struct recovery_code *fresh;
	enum err err = factor_totp_add(
		c, r->core, &r->who, web_field(r, "secret"), web_field(r, "code"), &fresh);
	if (err == ERR_INVALID)
		return show_totp(c, r, err);
	return err ? show_factors(c, r, NULL, err) : added(c, r, fresh);
}

enum err page_totp_remove(struct ctx *c, struct web_request *r)
{
	return removed(c, r, factor_totp_remove(c, r->core, &r->who));
}

enum err page_recovery(struct ctx *c, struct web_request *r)
{
	const struct recovery_code *fresh = NULL;
	enum err err = factor_recovery_make(c, r->core, &r->who, &fresh);
	return show_factors(c, r, fresh, err);
}

enum err page_passkey_add(struct ctx *c, struct web_request *r)
{
	const struct recovery_code *fresh;
	struct passkey_answer answer;
	web_passkey_answer(r, &answer);
	enum err err = passkey_add(c, r->core, &r->who, &answer, web_field(r, "name"), &fresh);
	return err ? show_factors(c, r, NULL, err) : added(c, r, fresh);
}

enum err page_passkey_rename(struct ctx *c, struct web_request *r)
{
	int64_t id;
	TRY(web_param_id(c, r, "passkey", &id));
	enum err err = passkey_rename(c, r->core, &r->who, id, web_field(r, "name"));
	return err ? show_factors(c, r, NULL, err)
		   : web_redirect(c, r, "/account/factors?done=saved");
}

enum err page_passkey_remove(struct ctx *c, struct web_request *r)
{
	int64_t id;
	TRY(web_param_id(c, r, "passkey", &id));
	return removed(c, r, passkey_remove(c, r->core, &r->who, id));
}

/* Where people let devices in: by a code that they type, or from a browser that the device opened. */
#include "base/uri.h"
#include "core/permit.h"
#include "view/page_account.h"
#include "web/oauth.h"
#include "web/page.h"
#include "web/site.h"

enum { DAY = 24 * 3600, AWAY_DAYS = 90 };

static enum err show(struct ctx *c, struct web_request *r, struct page_device *p, enum err err)
{
	struct buf html = {.arena = c->arena};
	bool theirs = page_is_their_error(err) || err == ERR_RATE_LIMITED;
	if (err && !theirs)
		return err;
	int64_t away = r->core->limits.device_seconds;
	page_begin(c, r, STR("Sign in a device"), &p->page);
	p->page.here = STR("/device");
	p->days = away ? away / DAY : AWAY_DAYS;
	int status = err ? page_take_error(c, &p->page, err) : 200;
	view_device(&html, p);
	web_header(r, "Cache-Control", STR("no-store"));
	return web_html(c, r, status, buf_view(&html));
}

enum err page_device(struct ctx *c, struct web_request *r)
{
	struct page_device p = {.code = str_trim(web_query(c, r, "user_code"))};
	struct device_request request;
	char letters[USER_CODE_LEN];
	enum err err = OK;
	if (p.code.len)
		err = device_look(c, r->core, &r->who, p.code, &request);
	if (p.code.len && !err && user_code_read(p.code, letters)) {
		p.request = &request;
		p.code = user_code_text(c->arena, str_from(letters, USER_CODE_LEN));
	}
	return show(c, r, &p, err);
}

static enum err decide(struct ctx *c, struct web_request *r, bool approve)
{
	struct page_device p = {.code = str_trim(web_field(r, "user_code"))};
	enum err err = device_decide(c, r->core, &r->who, p.code, approve);
	if (err)
		return show(c, r, &p, err);
	return web_redirect(
		c, r, approve ? "/device?done=device-approved" : "/device?done=device-refused");
}

enum err page_device_approve(struct ctx *c, struct web_request *r)
{
	return decide(c, r, true);
}

enum err page_device_refuse(struct ctx *c, struct web_request *r)
{
	return decide(c, r, false);
}

/* A parameter of the address, or of the form that the page sends. */
static struct str parameter(struct ctx *c, const struct web_request *r, const char *name)
{
	return str_is(r->method, "POST") ? web_field(r, name) : web_query(c, r, name);
}

struct asked {
	struct device_wish wish;
	struct device_redirect to;
	struct str state;
};

/* Nobody is sent anywhere before it is clear who asks and where they may be sent. */
static enum err read_asked(struct ctx *c, struct web_request *r, struct asked *out)
{
	*out = (struct asked){
		.wish = {.client = parameter(c, r, "client_id"), .peer = web_peer(r->web, r->http)},
		.to = {parameter(c, r, "redirect_uri"), parameter(c, r, "code_challenge")},
		.state = parameter(c, r, "state"),
	};
	if (!str_is(parameter(c, r, "response_type"), "code"))
		return fail(c, ERR_INVALID, "response_type must be code");
	if (!str_is(parameter(c, r, "code_challenge_method"), "S256"))
		return fail(c, ERR_INVALID, "code_challenge_method must be S256");
	TRY(oauth_scope(c, r, parameter(c, r, "scope"), &out->wish.limit));
	return device_authorize_check(c, &out->wish, &out->to);
}

/* What the browser must let our form lead to: a port of the machine. IPv6 it cannot be told. */
static struct str target_of(struct ctx *c, struct str url)
{
	struct str rest = url;
	(void)str_skip(&rest, STR("http://"));
	if (str_starts(rest, STR("[")))
		return STR("http:");
	rest = str_until(rest, str_find(rest, '/'));
	rest = str_until(rest, str_find(rest, '?'));
	return str_of(arena_fmt(c->arena, "http://%.*s", STR_FMT(rest)));
}

enum err page_authorize(struct ctx *c, struct web_request *r)
{
	struct asked asked;
	TRY(read_asked(c, r, &asked));
	const struct device_request request = {
		.client = asked.wish.client,
		.limit = asked.wish.limit,
		.address = asked.wish.peer,
		.created = page_now(c),
		.redirect = asked.to.url,
	};
	struct page_device p = {
		.request = &request,
		.redirect = true,
		.state = asked.state,
		.challenge = asked.to.challenge,
	};
	r->form_target = target_of(c, asked.to.url);
	return show(c, r, &p, OK);
}

static enum err send_back(struct ctx *c, struct web_request *r, const struct asked *asked,
	const char *name, struct str value)
{
	struct buf url = {.arena = c->arena};
	struct str to = asked->to.url;
	buf_str(&url, to);
	buf_fmt(&url, "%s%s=", str_find(to, '?') < to.len ? "&" : "?", name);
	uri_encode(&url, value);
	if (asked->state.len) {
		buf_cstr(&url, "&state=");
		uri_encode(&url, asked->state);
	}
	buf_cstr(&url, "&iss=");
	uri_encode(&url, r->origin);
	return web_redirect_away(c, r, buf_view(&url));
}

enum err page_authorize_post(struct ctx *c, struct web_request *r)
{
	struct asked asked;
	struct str code;
	TRY(read_asked(c, r, &asked));
	if (!str_is(web_field(r, "decision"), "approve"))
		return send_back(c, r, &asked, "error", STR("access_denied"));
	TRY(device_authorize(c, r->core, &r->who, &asked.wish, &asked.to, &code));
	return send_back(c, r, &asked, "code", code);
}

#include "base/uri.h"
#include "core/audit.h"
#include "web/internal.h"

/* RFC 9457. */
static struct str problem_json(
	struct ctx *c, const struct web_request *r, int status, const char *text)
{
	struct buf out = {.arena = c->arena};
	struct json_writer w = {.out = &out};
	json_begin_object(&w);
	json_member_cstr(&w, "type", "about:blank");
	json_member_cstr(&w, "title", http_reason(status));
	json_member_int(&w, "status", status);
	json_member_cstr(&w, "detail", text);
	if (r->field && (status == 400 || status == 422))
		json_member_cstr(&w, "field", r->field);
	if (status >= 500)
		json_member_cstr(&w, "request", c->id);
	json_end_object(&w);
	buf_byte(&out, '\n');
	return buf_view(&out);
}

static enum err write_problem(
	struct ctx *c, struct web_request *r, int status, const char *type, struct str body)
{
	struct sink *out;
	if (status == 401)
		web_header(r, "WWW-Authenticate", STR(WEB_CHALLENGE));
	TRY(web_begin(r, status, type, body.len, &out));
	TRY(sink_write(c, out, body.at, body.len));
	return http_end(r->http);
}

/* RFC 6749, 5.2: of what a handler does not name, the status says enough. */
static const char *oauth_error(const struct web_request *r, int status)
{
	if (r->oauth_error)
		return r->oauth_error;
	return status == 429 || status == 503 ? "temporarily_unavailable"
	       : status >= 500                ? "server_error"
					      : "invalid_request";
}

static enum err write_oauth(struct ctx *c, struct web_request *r, int status, const char *text)
{
	struct buf out = {.arena = c->arena};
	struct json_writer w = {.out = &out};
	/* What is asked for with another type, or by nobody, is only a wrong request there. */
	if (status == 401 || status == 415 || status == 404)
		status = 400;
	json_begin_object(&w);
	json_member_cstr(&w, "error", oauth_error(r, status));
	json_member_cstr(&w, "error_description", text);
	json_end_object(&w);
	buf_byte(&out, '\n');
	web_header(r, "Cache-Control", STR("no-store"));
	return write_problem(c, r, status, "application/json", buf_view(&out));
}

static bool wants_html(const struct web_request *r)
{
	struct str accept = web_request_header(r, "accept");
	return !r->api && str_find_str(accept, STR("text/html")) < accept.len;
}

enum err web_problem(struct ctx *c, struct web_request *r, int status, const char *text)
{
	/* What has to be said must be said in time, however late it is. */
	c->deadline = 0;
	if (r->oauth)
		return write_oauth(c, r, status, text);
	if (r->api)
		return write_problem(
			c, r, status, "application/problem+json", problem_json(c, r, status, text));
	if (wants_html(r)) {
		struct buf html = {.arena = c->arena};
		page_error(c, r, status, text, &html);
		return write_problem(c, r, status, "text/html; charset=utf-8", buf_view(&html));
	}
	const char *line = arena_fmt(c->arena, "%s: %s\n", http_reason(status), text);
	return write_problem(c, r, status, "text/plain; charset=utf-8", str_of(line));
}

/* A person who has to sign in first comes back to where they were going. */
static enum err to_sign_in(struct ctx *c, struct web_request *r)
{
	struct buf path = {.arena = c->arena};
	struct buf here = {.arena = c->arena};
	buf_str(&here, r->path);
	if (r->query.len)
		buf_fmt(&here, "?%.*s", STR_FMT(r->query));
	buf_cstr(&path, "/sign-in");
	if (!str_is(r->path, "/")) {
		buf_cstr(&path, "?next=");
		uri_encode(&path, buf_view(&here));
	}
	return web_redirect(c, r, buf_text(&path));
}

static int status_of(const struct web_request *r, enum err kind)
{
	if (kind == ERR_INVALID && r->api && r->field)
		return 422;
	if (kind == ERR_CANCELED)
		return 408;
	return err_http_status(kind);
}

void web_answer_error(struct ctx *c, struct web_request *r, enum err kind)
{
	audit_error(c, r->core, &r->who, r->method, r->path);
	if (r->http->status)
		return;
	/* The log needs the first error, not what becomes of telling it. */
	struct error first = c->error;
	int status = status_of(r, kind);
	const char *text = err_told(c);
	enum err e;
	if (kind == ERR_UNAUTH && wants_html(r) && str_is(r->method, "GET") &&
		!web_request_header(r, "authorization").len)
		e = to_sign_in(c, r);
	else
		e = web_problem(c, r, status, text);
	if (!e || first.kind)
		c->error = first;
}

void web_refuse(struct http_exchange *x, enum err kind)
{
	if (x->status)
		return;
	struct ctx *c = x->ctx;
	if (kind == ERR_UNAUTH)
		http_set(x, "WWW-Authenticate", STR(WEB_CHALLENGE));
	if (kind == ERR_RATE_LIMITED || kind == ERR_UNAVAILABLE)
		http_set(x, "Retry-After", str_of(web_retry_after(c, err_http_status(kind))));
	http_set(x, "Cache-Control", STR("no-store"));
	struct error first = c->error;
	struct str text = str_of(arena_fmt(c->arena, "%s\n", err_told(c)));
	c->deadline = 0;
	if (!http_reply(x, err_http_status(kind), "text/plain; charset=utf-8", text))
		c->error = first;
}

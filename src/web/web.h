/*
 * What a page or an API handler gets, and how it answers. routes.def says which handler gets what.
 *
 * A handler answers exactly once with one of the web_* replies, or returns an error before it has
 * answered: the error then becomes an error page (or problem+json under /api) with the status of
 * its kind. It runs on one worker thread; everything in the request lives in c->arena.
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "base/buf.h"
#include "base/ctx.h"
#include "base/json.h"
#include "base/stream.h"
#include "core/expected.h"

struct http_exchange;
struct idempotent;
struct session;
struct spool;
struct web;

enum { WEB_PARAMS_MAX = 4, WEB_HEADERS_MAX = 16, WEB_FIELDS_MAX = 64, WEB_UPLOADS_MAX = 100 };

struct web_pair {
	struct str name, value;
};

/* A file that came with a form. */
struct web_upload {
	struct str field, name; /* name: as the browser said it */
	struct spool *spool;
};

struct web_request {
	struct core *core;
	struct actor who;  /* ACTOR_ANONYMOUS when nobody is signed in */
	struct str method; /* "GET" also when the client said HEAD: the body is dropped below */
	struct str path;   /* as sent, still percent-encoded: "/hello/tree/main" */
	struct str query;  /* as sent, without the '?' */
	struct str origin; /* how the client reaches us: "https://git.example.org", no slash */
	struct str csrf;   /* goes into every form as the hidden field "csrf" */
	const struct session *session; /* core/session.h: when they came by cookie; else NULL */
	bool half;                     /* they are signed in but for their second factor */
	bool api;                      /* under /api: errors are problem+json */
	bool oauth;              /* an endpoint of OAuth's: errors as RFC 6749, 5.2, has them … */
	const char *oauth_error; /* … this one; NULL: what the status means */
	struct str form_target;  /* where a form may lead besides us, as the Content-Security-Policy
				    has it; empty: nowhere */
	const char *field; /* what is being checked: an ERR_INVALID names it (422 under /api) */
	struct str body;   /* read already, for who asks for it again; at NULL: not yet */
	struct expected expected;   /* what If-Match says it is: for the verb, web/unchanged.c */
	bool probing;               /* only the ETag of the answer is wanted: web/unchanged.c */
	const struct browse *shown; /* what it shows, which may be partial; or NULL */
	struct str made_key, made;  /* web/made.c */
	uint64_t untold;            /* what an answer's ETag covers besides what it tells */
	struct idempotent *running; /* core/idempotent.h: its answer is to be kept; or NULL */
	struct http_exchange *http;
	const struct web *web;
	struct web_pair params[WEB_PARAMS_MAX];   /* from the route's pattern, decoded */
	struct web_pair fields[WEB_FIELDS_MAX];   /* of a form, decoded */
	struct web_pair headers[WEB_HEADERS_MAX]; /* of the reply, beside the standing ones */
	struct web_upload *uploads;               /* of a form; open until it is answered */
	size_t param_count, field_count, header_count, upload_count;
};

typedef enum err web_handler(struct ctx *c, struct web_request *r) MUST;

/*
 * What came in. All give an empty string for what is not there. A form is checked (type, size,
 * CSRF) before the handler of a POST page runs.
 */
struct str web_param(const struct web_request *r, const char *name);
/* The route's {id}, or another part of it, as a number above 0: of a `what`, for ERR_NOT_FOUND's words. */
enum err web_param_id(struct ctx *c, const struct web_request *r, const char *what, int64_t *out)
	MUST;
enum err web_param_number(struct ctx *c, const struct web_request *r, const char *name,
	const char *what, int64_t *out) MUST;
struct str web_field(const struct web_request *r, const char *name);
struct str web_query(struct ctx *c, const struct web_request *r, const char *name);
struct str web_request_header(const struct web_request *r, const char *name);
/* How many bytes all files of a form may have. */
uint64_t web_upload_max(const struct web_request *r);

/* Adds a header to the coming reply, in place of an earlier or standing one of that name. `value`
 * must hold no control byte (asserted) and live as long as the request. */
void web_header(struct web_request *r, const char *name, struct str value);

/* Replies with everything in memory. */
enum err web_html(struct ctx *c, struct web_request *r, int status, struct str html) MUST;
enum err web_json(struct ctx *c, struct web_request *r, int status, struct str json) MUST;
enum err web_text(struct ctx *c, struct web_request *r, int status, struct str text) MUST;
enum err web_bytes(struct ctx *c, struct web_request *r, const char *type, struct str bytes) MUST;
/* Does Accept (RFC 9110, 12.5.1) take this type, or any? No Accept takes all. */
bool web_accepts(const struct web_request *r, const char *type);
/* Does it ask for just this type, of an answer that is JSON else? */
bool web_wants(const struct web_request *r, const char *type);
enum err web_no_content(struct ctx *c, struct web_request *r) MUST;

/* 303 to a path of ours ("/hello"): never to anywhere else (asserted to begin with one '/'). */
enum err web_redirect(struct ctx *c, struct web_request *r, const char *path) MUST;

/* 303 to another place than ours, which whoever calls this has checked. */
enum err web_redirect_away(struct ctx *c, struct web_request *r, struct str url) MUST;

/* Starts a 200 of `length` bytes (UINT64_MAX: unknown, sent chunked); then write to *out, and end it.
 * Without web_stream_end the client sees that something broke off. */
enum err web_stream(struct ctx *c, struct web_request *r, const char *type, uint64_t length,
	struct sink **out) MUST;
enum err web_stream_end(struct web_request *r) MUST;

/*
 * Conditional requests. Sets ETag to `tag` (unquoted, any bytes but '"' and controls); true when
 * the client has exactly that already: then return web_not_modified(). What is private is never
 * cached without asking us again.
 */
bool web_is_fresh(struct web_request *r, struct str tag);
enum err web_not_modified(struct ctx *c, struct web_request *r) MUST;

/* Answers with an error other than by returning it. */
enum err web_problem(struct ctx *c, struct web_request *r, int status, const char *text) MUST;

/*
 * Sessions. web_sign_in checks the password (ERR_UNAUTH when wrong, ERR_RATE_LIMITED after too many
 * tries) and sets the cookie; web_sign_in_link takes a one-time secret. Both set r->who; or, where
 * there is a second factor, r->half: nobody is signed in then, until web_second. web_enter leads to a
 * path of ours, by way of /sign-in/second where it must be.
 * web_sign_out forgets. web_prove: who is signed in gives in this form their password and second factor,
 * or a passkey; they get a session whose proof is new.
 */
enum err web_sign_in(struct ctx *c, struct web_request *r, struct str username, struct str password)
	MUST;
enum err web_sign_in_link(struct ctx *c, struct web_request *r, struct str secret) MUST;
enum err web_sign_out(struct ctx *c, struct web_request *r) MUST;
enum err web_prove(struct ctx *c, struct web_request *r) MUST;
enum err web_enter(struct ctx *c, struct web_request *r, const char *path) MUST;

/* Who is half signed in in this browser; ERR_UNAUTH when nobody (any more). */
enum err web_half(struct ctx *c, struct web_request *r, struct actor *who) MUST;
/* The form's second factor, a code or a passkey: signs in who was half. ERR_UNAUTH, ERR_RATE_LIMITED. */
enum err web_second(struct ctx *c, struct web_request *r) MUST;
/* The form's passkey signs in whose it is. ERR_UNAUTH, ERR_DENIED. */
enum err web_sign_in_passkey(struct ctx *c, struct web_request *r) MUST;
/* The same for whom a provider proved: core/sso.h. */
struct session_by;
enum err web_sign_in_by(struct ctx *c, struct web_request *r, const struct actor *who,
	const struct session_by *by) MUST;
enum err web_prove_by(struct ctx *c, struct web_request *r, const struct session_by *by) MUST;
/* A secret of this browser's own, kept in a cookie for some minutes; where it has none, one is made if
 * `make`, or else it is empty. */
struct str web_browser(struct ctx *c, struct web_request *r, bool make);

/* True for a path on this site that is safe to redirect to after sign-in: begins with one '/'. */
bool web_is_local_path(struct str path);

/* The URL of a file in web/ ("nimbus.css"), with its hash in it so that it may be cached for ever.
 */
const char *web_asset_url(struct arena *a, const char *name);
/* A script in web/, and the module that it runs (NULL: none; as where it was not built). */
struct script;
struct script web_script(struct arena *a, const char *name, const char *module);

/* The page for an error: web/page_error.c. Infallible: it is what is shown when things fail. */
void page_error(
	struct ctx *c, struct web_request *r, int status, const char *text, struct buf *html);

#endif

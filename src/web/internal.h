/* What the files of web/ share with each other. */
#ifndef WEB_INTERNAL_H
#define WEB_INTERNAL_H

#include "web/router.h"
#include "web/site.h"

/* A browser takes the first only over TLS, from this very host, for all its paths; so nobody else can
 * have put it there. Where there is no TLS it must be the other. */
#define WEB_COOKIE_HOST "__Host-nimbus"
#define WEB_COOKIE_PLAIN "nimbus"
/* The same of what says that somebody signed in here before: core/device.h. */
#define WEB_COOKIE_DEVICE_HOST "__Host-nimbus-device"
#define WEB_COOKIE_DEVICE_PLAIN "nimbus-device"

/* Sets r->who (and r->session) from the Authorization header or the cookie. Wrong credentials are
 * ERR_UNAUTH even where none were needed; a session that has ended is nobody. */
enum err web_identify(struct ctx *c, struct web_request *r) MUST;

/* Did a browser send this from a page of ours? ERR_DENIED. What is no browser says nothing. */
enum err web_check_site(struct ctx *c, const struct web_request *r) MUST;
/* The same, and the session's token in the form (or X-CSRF-Token) where a cookie says who it is. */
enum err web_check_csrf(struct ctx *c, const struct web_request *r) MUST;

/* Leads a browser to /prove, and from there back to the page with the form; ERR_DENIED under /api. */
enum err web_ask_proof(struct ctx *c, struct web_request *r) MUST;

/* Reads an urlencoded body into r->fields. */
enum err web_read_form(struct ctx *c, struct web_request *r) MUST;
/* The whole body in c->arena: ERR_TOO_BIG over web->body_max. Another type is answered with 415. */
enum err web_read_body(struct ctx *c, struct web_request *r, const char *type, struct str *out)
	MUST;

/* The seconds (RFC 9110) after which whoever gets this status may ask again. */
const char *web_retry_after(struct ctx *c, int status);

/* Starts a reply with the standing headers. */
enum err web_begin(struct web_request *r, int status, const char *type, uint64_t length,
	struct sink **out) MUST;

/* Packs a reply's body where the client takes that and it is safe, and says so in its headers. */
enum err web_gzip(struct ctx *c, struct web_request *r, const char *type, struct str *body) MUST;

/* Answers with the context's error, for a browser or a program. */
void web_answer_error(struct ctx *c, struct web_request *r, enum err kind);

#endif

/* What the files of web/ share with each other. */
#ifndef WEB_INTERNAL_H
#define WEB_INTERNAL_H

#include "web/router.h"
#include "web/site.h"

/* Of a session, of a half one, and of a known browser (core/known_browser.h). */
#define WEB_COOKIE "nimbus"
#define WEB_COOKIE_HALF "nimbus-half"
#define WEB_COOKIE_DEVICE "nimbus-device"
/* Of one that is signing in by a provider: web_browser. */
#define WEB_COOKIE_BROWSER "nimbus-browser"

/* The cookie's value; empty: there is none. */
struct str web_cookie(struct ctx *c, const struct web_request *r, const char *name);
void web_set_cookie(
	struct ctx *c, struct web_request *r, const char *name, struct str value, int64_t seconds);

/* Begins a session for somebody who proved who they are, in place of any before. */
enum err web_begin_session(struct ctx *c, struct web_request *r, const struct actor *who) MUST;
/* Goes on in this browser after a change that ended all sessions, see session_keep. */
enum err web_keep_session(struct ctx *c, struct web_request *r) MUST;
/* Begins a half one; r->half says so. */
enum err web_begin_half(struct ctx *c, struct web_request *r, const struct actor *who) MUST;

/* Their second factor was right, by `how`: they are whole, and `via` says both. */
void web_make_whole(struct ctx *c, struct actor *who, const char *how);

/* The form's passkey, which web/passkey.js filled in; json empty: none. */
struct passkey_answer;
void web_passkey_answer(const struct web_request *r, struct passkey_answer *out);

/* The page that is coming may run the scripts of web/, and no other. */
void web_allow_script(struct web_request *r);
/* The same, and the module; the script may draw with it, and ask this server for more. */
void web_allow_module(struct web_request *r);
/* Whatever was allowed before: this page has neither script nor media. */
void web_allow_nothing(struct web_request *r);
/* The page that is coming may do so too, beside what it may already: directives of a policy. */
void web_allow_besides(struct web_request *r, const char *directives);

/* Sets r->who (and r->session) from the Authorization header or the cookie. Wrong credentials are
 * ERR_UNAUTH even where none were needed; a session that has ended is nobody. */
enum err web_identify(struct ctx *c, struct web_request *r) MUST;

/* Did a browser send this from a page of ours? ERR_DENIED. What is no browser says nothing. */
enum err web_check_site(struct ctx *c, const struct web_request *r) MUST;
/* The same, and the session's token in the form (or X-CSRF-Token) where a cookie says who it is. */
enum err web_check_csrf(struct ctx *c, const struct web_request *r) MUST;

/* Is it too long ago that this browser proved who it is? Of others never. */
bool web_must_prove(const struct web_request *r);

/* Leads a browser to /prove, and from there back to the page with the form; ERR_DENIED under /api. */
enum err web_ask_proof(struct ctx *c, struct web_request *r) MUST;

/* Reads a form into r->fields, and its files (of who is signed in) into r->uploads. */
enum err web_read_form(struct ctx *c, struct web_request *r) MUST;
/* Bytes that the fields of a form with files may have in all. */
uint64_t web_text_max(const struct web_request *r);
void web_close_uploads(struct web_request *r);
/* The whole body in c->arena: ERR_TOO_BIG over web->body_max. Another type is answered with 415. */
enum err web_read_body(struct ctx *c, struct web_request *r, const char *type, struct str *out)
	MUST;

/* Is what is to be changed still what If-Match says? *answered: it is not, and the client knows: web/unchanged.c. */
enum err web_check_unchanged(struct ctx *c, struct web_request *r, bool *answered) MUST;

/* What came of the handler; 412 where the verb found something else than r->expected. */
enum err web_tell_changed(struct ctx *c, struct web_request *r, enum err kind) MUST;

/* Runs the handler of a POST of the API once for each Idempotency-Key: web/again.c. */
enum err web_once(struct ctx *c, struct web_request *r, web_handler *handler) MUST;
/* Keeps the answer of what r->running says. */
void web_keep_answer(struct ctx *c, struct web_request *r, int status, struct str body);

/* The seconds (RFC 9110) after which whoever gets this status may ask again. */
const char *web_retry_after(struct ctx *c, int status);

/* Starts a reply with the standing headers. */
enum err web_begin(struct web_request *r, int status, const char *type, uint64_t length,
	struct sink **out) MUST;

/*
 * Pages that were made for nobody in particular, for whoever asks for the same next: web/made.c. The
 * ETag of the coming reply is set, and tells apart whatever the request does not. web_find_made: is
 * there one? Then r->made is it, for web_send_made. web_keep_made keeps a reply that is about to begin.
 */
bool web_find_made(struct ctx *c, struct web_request *r);
enum err web_send_made(struct ctx *c, struct web_request *r) MUST;
void web_keep_made(struct ctx *c, const struct web_request *r, const char *type, struct str body);

/* May a reply to this request be packed? */
bool web_may_gzip(const struct web_request *r);
/* Packs a reply's body where the client takes that and it is safe, and says so in its headers. */
enum err web_gzip(struct ctx *c, struct web_request *r, const char *type, struct str *body) MUST;

/* Answers with the context's error, for a browser or a program. */
void web_answer_error(struct ctx *c, struct web_request *r, enum err kind);

#endif

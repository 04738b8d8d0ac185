/* What the page handlers share: filling in what every page needs. */
#ifndef WEB_PAGE_H
#define WEB_PAGE_H

#include "core/browse.h"
#include "view/page.h"
#include "web/handlers.h"

/* Everything of `page`; the notice comes from "?done=WORD". */
void page_begin(struct ctx *c, struct web_request *r, struct str title, struct page *page);

/* Takes the context's error as the page's, and forgets it. Returns the status to answer with. */
int page_take_error(struct ctx *c, struct page *page, enum err kind);

/* Is it one that the person can put right in the form they sent? */
bool page_is_their_error(enum err kind);

/* Everything of `top` for a repository that is open; `rev` may be NULL. */
void page_repo_begin(struct ctx *c, struct web_request *r, struct browse *b,
	const struct revision *rev, struct page_repo *top);

/* Opens the path's repository for who may administer it: web/page_settings.c. ERR_UNAUTH, ERR_DENIED. */
enum err page_open_settings(struct ctx *c, struct web_request *r, struct browse *b) MUST;

/* PAGE_BYTES_SECONDS: as long as a proof is good, then it has to be asked whether anybody still may. */
enum { PAGE_FRESH_SECONDS = 600, PAGE_BYTES_SECONDS = 3600 };

/* Is `text` this id, in full? */
bool page_is_id(struct str text, const struct oid *id);
/*
 * The coming reply is the same for as long as its URL is, which names commits by their full ids: shared
 * caches may keep it for `seconds` where it is for nobody in particular and anybody may read it. What
 * is for somebody, or private, is asked for again each time.
 */
void page_lasts(struct ctx *c, struct web_request *r, const struct browse *b, int seconds);

/*
 * Has the client this very page? `what` (may be NULL) tells apart
 * what the URL does not. A page with relative dates is fresh for ten minutes.
 * One whose path has `what`, a commit, as its revision lasts as long.
 */
bool page_is_fresh(
	struct ctx *c, struct web_request *r, const struct browse *b, const struct oid *what);

/* The same; or was it made for others, who see the same? Then answer page_send_made(). */
bool page_is_made(
	struct ctx *c, struct web_request *r, const struct browse *b, const struct oid *what);
enum err page_send_made(struct ctx *c, struct web_request *r) MUST;

/* 303 to "/NAME/VERB/REV/PATH"; the parts are encoded here. */
enum err page_redirect_to(struct ctx *c, struct web_request *r, const struct browse *b,
	const char *verb, const struct revision *rev, struct str path) MUST;

/* The form's day, whose first second in UTC it is: seconds since 1970; 0 where it is empty. ERR_INVALID. */
enum err page_day(struct ctx *c, const struct web_request *r, const char *field, int64_t *out) MUST;

/* A day (its first second in UTC), or anything that date_parse takes; 0 for an empty text. ERR_INVALID. */
enum err page_time(struct ctx *c, struct str text, int64_t *out) MUST;

/* A repository without a commit on its HEAD. */
enum err page_empty(struct ctx *c, struct web_request *r, struct browse *b) MUST;

/* What the form for a new key says that it is limited to: web/page_scope.c. ERR_INVALID. */
struct scope;
enum err page_scope(struct ctx *c, struct web_request *r, struct scope *out) MUST;

/* The form that asks for a passkey: of `second` as their second factor, or (NULL) of anybody. Its
 * action and `next` are the caller's. From page_begin to the page it must be called: web/page_factor.c. */
struct passkey_form;
enum err page_ask_passkey(struct ctx *c, struct web_request *r, const struct actor *second,
	struct page *page, struct passkey_form *out) MUST;
/* The providers to sign in with; and those of them that who is signed in is connected with. */
struct sign_in_providers;
struct sign_in_providers page_providers(struct ctx *c, const struct web_request *r);
enum err page_providers_of(
	struct ctx *c, struct web_request *r, struct sign_in_providers *providers) MUST;

/* The page on which it began, with the context's error. `next`: where they wanted to go. */
enum err page_sign_in_again(struct ctx *c, struct web_request *r, struct str next, enum err err)
	MUST;
enum err page_prove_again(struct ctx *c, struct web_request *r, struct str next, enum err err) MUST;
enum err page_identities_again(struct ctx *c, struct web_request *r, enum err err) MUST;

/* Signs out here, and where a provider began the session there too. */
enum err page_provider_sign_out(struct ctx *c, struct web_request *r) MUST;

/* seconds since 1970 */
int64_t page_now(const struct ctx *c);

#endif

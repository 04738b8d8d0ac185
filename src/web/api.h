/*
 * What the handlers under /api/v1 share: strict JSON bodies in, JSON and pages of lists out.
 *
 * Anything wrong with a body is ERR_INVALID: 400 where it is no JSON object, 422 with the name of the
 * field where it is one that makes no sense.
 */
#ifndef WEB_API_H
#define WEB_API_H

#include "web/handlers.h"
#include "web/internal.h"

/* The body as an object that has no other members than `fields` (ends with NULL). */
enum err api_body(struct ctx *c, struct web_request *r, const char *const *fields,
	const struct json **out) MUST;

/* An object in it has no others than these either. */
enum err api_members(struct ctx *c, struct web_request *r, const struct json *object,
	const char *const *fields) MUST;

/* The text of a member; *out stays as it was where there is none. *given may be NULL. */
enum err api_text(struct ctx *c, struct web_request *r, const struct json *body, const char *name,
	struct str *out, bool *given) MUST;
/* The same for one that must be there. */
enum err api_text_needed(struct ctx *c, struct web_request *r, const struct json *body,
	const char *name, struct str *out) MUST;
/* A whole number from 0 to `most`; *out stays as it was where there is none. */
enum err api_number(struct ctx *c, struct web_request *r, const struct json *body, const char *name,
	int64_t most, int64_t *out) MUST;
/* true or false; *out stays as it was where there is none. */
enum err api_bool(struct ctx *c, struct web_request *r, const struct json *body, const char *name,
	bool *out) MUST;
/* A time, as RFC 3339 writes it; null: 0. *out stays as it was where there is none. *given may be NULL. */
enum err api_when(struct ctx *c, struct web_request *r, const struct json *body, const char *name,
	int64_t *out, bool *given) MUST;
/* "read", "write", "admin". */
enum err api_permission(struct ctx *c, struct web_request *r, const struct json *body, bool needed,
	enum permission *out) MUST;

enum { API_PAGE = 50, API_PAGE_MAX = 100 };

/* ?limit=&cursor=: at most `limit` things after `after` (what api_next was given; empty: the first). */
struct api_page {
	size_t limit;
	struct str after;
};
enum err api_page(struct ctx *c, struct web_request *r, struct api_page *out) MUST;
/* The same for pages of `usual`, at most `most`. */
enum err api_page_of(
	struct ctx *c, struct web_request *r, size_t usual, size_t most, struct api_page *out) MUST;
/* A cursor that is how many came before. */
enum err api_place(struct ctx *c, struct web_request *r, struct str cursor, size_t *out) MUST;
/* "next": the URL of what comes after `last`, which a Link header has too; null where that is empty. */
void api_member_next(struct ctx *c, struct web_request *r, struct json_writer *w,
	const struct api_page *page, struct str last);

/* A writer into a new buffer; api_send ends and sends it. */
struct api_reply {
	struct buf out;
	struct json_writer w;
};
void api_begin(struct ctx *c, struct api_reply *reply);
enum err api_send(struct ctx *c, struct web_request *r, int status, struct api_reply *reply) MUST;

/*
 * Every list is {"items": [ … ], "next": …}: api_list_begin, the items, api_list_send. `page` may be NULL where all of
 * it is one page, and `last` empty then.
 */
void api_list_begin(struct ctx *c, struct api_reply *reply);
enum err api_list_send(struct ctx *c, struct web_request *r, struct api_reply *reply,
	const struct api_page *page, struct str last) MUST;

/* "created_at": "2026-11-23T15:34:32Z", or null for 0. */
void api_time(struct json_writer *w, const char *key, int64_t seconds);

/* Replies with the repository of that name as GET /repos/NAME does: web/api_repo.c. */
enum err api_send_repo(struct ctx *c, struct web_request *r, struct str name) MUST;

/* "Location" of what was made. */
void api_location(struct ctx *c, struct web_request *r, const char *folder, struct str name);

#endif

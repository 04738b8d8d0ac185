/* The audit log. */
#include "base/date.h"
#include "core/audit_read.h"
#include "web/api.h"

static enum err read_time(struct ctx *c, struct web_request *r, const char *name, int64_t *out)
{
	struct str text = web_query(c, r, name);
	r->field = name;
	if (text.len && !date_parse(text, out))
		return fail(c, ERR_INVALID,
			"\"%s\" must be as 2026-11-20T10:00:00Z, or seconds since 1970", name);
	r->field = NULL;
	return OK;
}

enum err api_audit(struct ctx *c, struct web_request *r)
{
	struct api_page page;
	struct audit_list list;
	struct audit_query query = {
		.who = web_query(c, r, "who"),
		.action = web_query(c, r, "action"),
		.repo = web_query(c, r, "repo"),
		.outcome = web_query(c, r, "outcome"),
	};
	TRY(api_page(c, r, &page));
	TRY(read_time(c, r, "since", &query.since));
	TRY(read_time(c, r, "until", &query.until));
	query.after = page.after;
	query.limit = page.limit;
	TRY(audit_list(c, r->core, &r->who, &query, &list));
	struct api_reply reply;
	api_list_begin(c, &reply);
	for (size_t i = 0; i < list.count; i++)
		audit_write(c, &reply.w, &list.at[i]);
	struct str next = {0};
	if (list.more)
		next = audit_cursor(c, &list.at[list.count - 1]);
	return api_list_send(c, r, &reply, &page, next);
}

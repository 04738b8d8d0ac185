/* The audit log for people. */
#include "base/uri.h"
#include "core/audit_read.h"
#include "web/page.h"

enum { PAGE = 50 };

static void add_part(struct buf *to, const char *name, struct str value)
{
	if (!value.len)
		return;
	buf_fmt(to, "%s=", name);
	uri_encode(to, value);
	buf_cstr(to, "&amp;");
}

/* What leads to the page after this one, safe in an attribute. */
static struct str older(struct ctx *c, const struct page_audit *p, const struct audit *last)
{
	struct buf to = {.arena = c->arena};
	buf_cstr(&to, "/admin/audit?");
	add_part(&to, "who", p->who);
	add_part(&to, "action", p->action);
	add_part(&to, "repo", p->repo);
	add_part(&to, "outcome", p->outcome);
	add_part(&to, "since", p->since);
	add_part(&to, "until", p->until);
	buf_cstr(&to, "after=");
	uri_encode(&to, audit_cursor(c, last));
	return buf_view(&to);
}

static enum err read_list(
	struct ctx *c, struct web_request *r, const struct page_audit *p, struct audit_list *list)
{
	struct audit_query query = {
		.who = p->who,
		.action = p->action,
		.repo = p->repo,
		.outcome = p->outcome,
		.after = web_query(c, r, "after"),
		.limit = PAGE,
	};
	TRY(page_time(c, p->since, &query.since));
	TRY(page_time(c, p->until, &query.until));
	return audit_list(c, r->core, &r->who, &query, list);
}

enum err page_audit(struct ctx *c, struct web_request *r)
{
	struct page_audit p = {
		.who = str_trim(web_query(c, r, "who")),
		.action = str_trim(web_query(c, r, "action")),
		.repo = str_trim(web_query(c, r, "repo")),
		.outcome = web_query(c, r, "outcome"),
		.since = str_trim(web_query(c, r, "since")),
		.until = str_trim(web_query(c, r, "until")),
	};
	struct audit_list list = {0};
	page_begin(c, r, STR("Audit log"), &p.page);
	enum err err = read_list(c, r, &p, &list);
	if (err && err != ERR_INVALID)
		return err;
	int status = err ? page_take_error(c, &p.page, err) : 200;
	p.entries = list.at;
	p.count = list.count;
	p.first = !web_query(c, r, "after").len;
	if (list.more)
		p.older = older(c, &p, &list.at[list.count - 1]);
	struct buf html = {.arena = c->arena};
	view_audit(&html, &p);
	return web_html(c, r, status, buf_view(&html));
}

/* A history as a list. */
#include "view/page_commits.h"

#include "base/uri.h"
#include "web/page.h"

enum { LOG_PER_PAGE = 40, DAY_SECONDS = 24 * 60 * 60 };

static void add_part(struct buf *to, const char *name, struct str value)
{
	if (!value.len)
		return;
	buf_fmt(to, "%s%s=", to->len ? "&" : "", name);
	uri_encode(to, value);
}

static void add_parts(struct buf *to, const struct page_commits *p)
{
	add_part(to, "q", p->text);
	add_part(to, "author", p->author);
	add_part(to, "since", p->since);
	add_part(to, "until", p->until);
}

/* What the form says of the path becomes part of the address. */
static enum err chosen(struct ctx *c, struct web_request *r, const struct browse *b,
	const struct page_commits *p, bool *done)
{
	struct buf to = {.arena = c->arena}, query = {.arena = c->arena};
	struct str path;
	*done = uri_param(c->arena, r->query, STR("path"), &path);
	if (!*done)
		return OK;
	path = str_trim(path);
	while (str_skip(&path, STR("/")) || str_skip_end(&path, STR("/")))
		;
	buf_fmt(&to, "/%.*s/commits/", STR_FMT(b->repo.name));
	uri_encode_path(&to, p->top.rev->text);
	buf_cstr(&to, path.len ? "/" : "");
	uri_encode_path(&to, path);
	add_parts(&query, p);
	if (query.len)
		buf_fmt(&to, "?%.*s", STR_FMT(buf_view(&query)));
	return web_redirect(c, r, buf_text(&to));
}

/* "&" as HTML wants it; the rest is encoded. */
static struct str older(struct ctx *c, const struct page_commits *p)
{
	struct buf query = {.arena = c->arena}, out = {.arena = c->arena};
	if (!p->log->next.len)
		return STR("");
	add_parts(&query, p);
	add_part(&query, "after", p->log->next);
	for (size_t i = 0; i < query.len; i++) {
		buf_byte(&out, query.at[i]);
		buf_cstr(&out, query.at[i] == '&' ? "amp;" : "");
	}
	return buf_view(&out);
}

static enum err read_query(struct ctx *c, const struct page_commits *p, struct log_query *q)
{
	q->author = p->author;
	q->text = p->text;
	TRY(page_time(c, p->since, &q->since));
	TRY(page_time(c, p->until, &q->until));
	/* A day goes until its end. */
	if (p->until.len == sizeof "2026-11-20" - 1)
		q->until += DAY_SECONDS;
	q->graph = !q->path.len && !q->author.len && !q->text.len && !q->since && !q->until;
	return OK;
}

static struct str feed_of(
	struct ctx *c, const struct browse *b, const struct revision *rev, struct str path)
{
	struct buf to = {.arena = c->arena};
	buf_fmt(&to, "/%.*s/feed/commits/", STR_FMT(b->repo.name));
	uri_encode_path(&to, rev->text);
	buf_cstr(&to, path.len ? "/" : "");
	uri_encode_path(&to, path);
	return buf_view(&to);
}

static enum err list(struct ctx *c, struct web_request *r, struct browse *b,
	const struct revision *rev, struct str path)
{
	struct commit_log log = {0};
	struct page_commits p = {
		.path = path,
		.text = str_trim(web_query(c, r, "q")),
		.author = str_trim(web_query(c, r, "author")),
		.since = str_trim(web_query(c, r, "since")),
		.until = str_trim(web_query(c, r, "until")),
		.log = &log,
	};
	struct log_query query = {.from = rev->commit, .path = path, .limit = LOG_PER_PAGE};
	bool done;
	query.after = web_query(c, r, "after");
	p.first = !query.after.len;
	p.top.rev = rev;
	TRY(chosen(c, r, b, &p, &done));
	if (done)
		return OK;
	if (page_is_made(c, r, b, &query.from))
		return page_send_made(c, r);
	page_repo_begin(c, r, b, rev, &p.top);
	p.top.tab = TAB_COMMITS;
	p.top.page.title = str_of(arena_fmt(c->arena, "Commits · %.*s", STR_FMT(b->repo.name)));
	p.top.page.feed = feed_of(c, b, rev, path);
	enum err err = read_query(c, &p, &query);
	if (!err)
		err = browse_log(c, b, &query, &log);
	if (err && err != ERR_INVALID)
		return err;
	int status = err ? page_take_error(c, &p.top.page, err) : 200;
	p.older = older(c, &p);
	struct buf html = {.arena = c->arena};
	view_commits(&html, &p);
	return web_html(c, r, status, buf_view(&html));
}

enum err page_commits(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct revision rev;
	struct str path = STR("");
	TRY(browse_open(c, r->core, &r->who, web_param(r, "name"), &b));
	if (web_param(r, "path").len) {
		TRY(browse_resolve(c, &b, web_param(r, "path"), &rev, &path));
		return list(c, r, &b, &rev, path);
	}
	enum err err = browse_head(c, &b, &rev);
	if (err == ERR_NOT_FOUND) {
		ctx_clear(c);
		return page_empty(c, r, &b);
	}
	TRY(err);
	return list(c, r, &b, &rev, path);
}

/* Searching the files of a repository. */
#include "view/page_search.h"
#include "core/search.h"
#include "web/page.h"

enum { FILES_PER_PAGE = 30, MICROSECONDS = 1500000 };

/* The revision of the path, or HEAD. *empty: nothing is pushed there yet. */
static enum err find_revision(
	struct ctx *c, struct web_request *r, struct browse *b, struct revision *rev, bool *empty)
{
	struct str rest = STR(""), text = web_param(r, "path");
	*empty = false;
	if (text.len)
		TRY(browse_resolve(c, b, text, rev, &rest));
	if (rest.len)
		return fail(c, ERR_NOT_FOUND, "there is no branch or tag \"%.*s\"", STR_FMT(text));
	if (text.len)
		return OK;
	enum err err = browse_head(c, b, rev);
	*empty = err == ERR_NOT_FOUND;
	if (!*empty)
		return err;
	ctx_clear(c);
	return OK;
}

static enum err search(struct ctx *c, struct web_request *r, struct browse *b,
	const struct revision *rev, struct page_search *p)
{
	struct search *found = NEW(c->arena, struct search);
	const struct search_query query = {
		.words = p->words,
		.exact_case = p->exact_case,
		.regex = p->regex,
		.names_only = p->names_only,
		.path = p->path,
		.after = web_query(c, r, "after"),
		.files = FILES_PER_PAGE,
		.micros = MICROSECONDS,
	};
	p->first = !query.after.len;
	TRY(search_files(c, b, rev, &query, found));
	p->found = found;
	return OK;
}

enum err page_search(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct revision rev;
	bool empty;
	struct page_search p = {
		.words = web_query(c, r, "q"),
		.path = str_trim(web_query(c, r, "path")),
		.exact_case = str_is(web_query(c, r, "case"), "1"),
		.regex = str_is(web_query(c, r, "regex"), "1"),
		.names_only = str_is(web_query(c, r, "names"), "1"),
	};
	TRY(browse_open(c, r->core, &r->who, web_param(r, "name"), &b));
	TRY(find_revision(c, r, &b, &rev, &empty));
	if (empty)
		return web_redirect(c, r, arena_fmt(c->arena, "/%.*s", STR_FMT(b.repo.name)));
	if (page_is_made(c, r, &b, &rev.commit))
		return page_send_made(c, r);
	page_repo_begin(c, r, &b, &rev, &p.top);
	p.top.tab = TAB_SEARCH;
	p.top.page.title = str_of(arena_fmt(c->arena, "%.*s%sSearch · %.*s",
		STR_FMT(str_until(p.words, 60)), p.words.len ? " · " : "", STR_FMT(b.repo.name)));
	enum err err = p.words.len ? search(c, r, &b, &rev, &p) : OK;
	if (err && !page_is_their_error(err))
		return err;
	int status = err ? page_take_error(c, &p.top.page, err) : 200;
	struct buf html = {.arena = c->arena};
	view_search(&html, &p);
	return web_html(c, r, status, buf_view(&html));
}

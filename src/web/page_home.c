/* The list of repositories, making one, and the page for errors. */
#include "core/repo.h"
#include "web/internal.h"
#include "web/page.h"

enum { HOME_PER_PAGE = 50 };

/* Where the page before ended: "NAME", or "SECONDS NAME" of a list by pushes. */
static enum err read_place(struct ctx *c, struct str text, struct repo_query *query)
{
	uint64_t pushed = 0;
	query->after = text;
	if (!text.len || !query->by_push)
		return OK;
	if (!str_to_u64(str_cut(&query->after, ' '), &pushed) || pushed > INT64_MAX ||
		!query->after.len)
		return fail(c, ERR_INVALID, "that is no place in this list");
	query->pushed = (int64_t)pushed;
	return OK;
}

static struct str place_of(struct ctx *c, const struct repo *last, bool by_push)
{
	if (!by_push)
		return last->name;
	return str_of(
		arena_fmt(c->arena, "%lld %.*s", (long long)last->pushed, STR_FMT(last->name)));
}

enum err page_home(struct ctx *c, struct web_request *r)
{
	struct page_home p = {.words = str_trim(web_query(c, r, "q"))};
	struct str after = web_query(c, r, "after");
	struct repo_list list;
	p.by_name = str_is(web_query(c, r, "sort"), "name");
	struct repo_query query = {.words = p.words, .limit = HOME_PER_PAGE, .by_push = !p.by_name};
	TRY(read_place(c, after, &query));
	page_begin(c, r, STR("Repositories"), &p.page);
	TRY(repo_list(c, r->core, &r->who, &query, &list));
	p.repos = list.at;
	p.count = list.count;
	p.first = !after.len;
	p.origin = r->origin;
	if (list.more)
		p.more = place_of(c, &list.at[list.count - 1], query.by_push);
	struct buf html = {.arena = c->arena};
	view_home(&html, &p);
	return web_html(c, r, 200, buf_view(&html));
}

static enum err show_new(struct ctx *c, struct web_request *r, struct page_new *p, int status)
{
	struct buf html = {.arena = c->arena};
	view_new(&html, p);
	return web_html(c, r, status, buf_view(&html));
}

enum err page_new(struct ctx *c, struct web_request *r)
{
	struct page_new p = {.branch = STR("main"), .name = web_query(c, r, "name")};
	page_begin(c, r, STR("New repository"), &p.page);
	return show_new(c, r, &p, 200);
}

enum err page_new_post(struct ctx *c, struct web_request *r)
{
	struct page_new p = {
		.name = str_trim(web_field(r, "name")),
		.description = str_trim(web_field(r, "description")),
		.branch = str_trim(web_field(r, "default_branch")),
		.is_public = str_is(web_field(r, "visibility"), "public"),
		.sha256 = str_is(web_field(r, "object_format"), "sha256"),
	};
	struct repo_new what = {
		.name = p.name,
		.description = p.description,
		.default_branch = p.branch,
		.visibility = p.is_public ? VISIBILITY_PUBLIC : VISIBILITY_PRIVATE,
		.object_format = p.sha256 ? HASH_SHA256 : HASH_SHA1,
	};
	struct repo made;
	enum err err = repo_create(c, r->core, &r->who, &what, &made);
	if (!err)
		return web_redirect(c, r, arena_fmt(c->arena, "/%.*s", STR_FMT(made.name)));
	if (!page_is_their_error(err))
		return err;
	page_begin(c, r, STR("New repository"), &p.page);
	return show_new(c, r, &p, page_take_error(c, &p.page, err));
}

void page_error(
	struct ctx *c, struct web_request *r, int status, const char *text, struct buf *html)
{
	struct page_error p = {.status = status, .text = str_of(text), .request = str_of(c->id)};
	page_begin(c, r, str_of(arena_fmt(c->arena, "%d", status)), &p.page);
	p.page.notice = STR("");
	web_allow_nothing(r);
	view_error(html, &p);
}

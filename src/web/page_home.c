/* The list of repositories, making one, and the page for errors. */
#include "core/repo.h"
#include "web/page.h"

#include "base/vec.h"

enum { HOME_REPOS_MAX = 2000 };

static enum err all_repos(struct ctx *c, struct web_request *r, struct page_home *p)
{
	VEC_OF(struct repo) repos = {.arena = c->arena};
	struct repo_query query = {0};
	for (struct repo_list list = {.more = true}; list.more && repos.len < HOME_REPOS_MAX;) {
		TRY(repo_list(c, r->core, &r->who, &query, &list));
		for (size_t i = 0; i < list.count; i++)
			*vec_push(&repos) = list.at[i];
		if (list.count)
			query.after = list.at[list.count - 1].name;
	}
	p->repos = repos.at;
	p->count = repos.len;
	return OK;
}

enum err page_home(struct ctx *c, struct web_request *r)
{
	struct page_home p;
	page_begin(c, r, STR("Repositories"), &p.page);
	TRY(all_repos(c, r, &p));
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
	view_error(html, &p);
}

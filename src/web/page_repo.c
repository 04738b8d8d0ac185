/* A repository's files. */
#include "web/page.h"

#include "core/repo.h"

static enum err open(struct ctx *c, struct web_request *r, struct browse *b)
{
	return browse_open(c, r->core, &r->who, web_param(r, "name"), b);
}

static enum err show(struct ctx *c, struct web_request *r, const struct buf *html)
{
	return web_html(c, r, 200, buf_view(html));
}

enum err page_empty(struct ctx *c, struct web_request *r, struct browse *b)
{
	struct page_empty p = {.branch = b->repo.head, .may_write = b->level >= PERMISSION_WRITE};
	struct buf html = {.arena = c->arena};
	page_repo_begin(c, r, b, NULL, &p.top);
	str_skip(&p.branch, STR("refs/heads/"));
	view_empty(&html, &p);
	return show(c, r, &html);
}

/* A repository's home offers to keep all of it. */
static void offer_copy(struct ctx *c, struct script *script)
{
	struct script with = web_script(c->arena, "nimbus.js", "offline.wasm");
	script->offline = with.module;
	script->offline_integrity = with.module_integrity;
}

static enum err show_tree(struct ctx *c, struct web_request *r, struct browse *b,
	const struct revision *rev, struct str path)
{
	struct listing list;
	struct file *readme;
	struct language_shares shares = {0};
	struct page_tree p = {.listing = &list, .languages = &shares};
	if (page_is_made(c, r, b, &rev->commit))
		return page_send_made(c, r);
	TRY(browse_listing(c, b, rev, path, &list));
	TRY(browse_last_changes(c, b, rev, &list, &p.last));
	TRY(browse_readme(c, b, rev, &list, &readme));
	p.readme = readme;
	if (path.len == 0)
		TRY(browse_languages(c, b, rev, &shares));
	page_repo_begin(c, r, b, rev, &p.top);
	if (!web_param(r, "path").len)
		offer_copy(c, &p.top.page.script);
	if (path.len)
		p.top.page.title = str_of(
			arena_fmt(c->arena, "%.*s · %.*s", STR_FMT(path), STR_FMT(b->repo.name)));
	struct buf html = {.arena = c->arena};
	view_tree(&html, &p);
	return show(c, r, &html);
}

enum err page_repo(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct revision rev;
	/* Somebody opens a clone URL in a browser. */
	struct str name = web_param(r, "name");
	if (str_skip_end(&name, STR(".git")) && repo_name_check(c, name) == OK)
		return web_redirect(c, r, arena_fmt(c->arena, "/%.*s", STR_FMT(name)));
	ctx_clear(c);
	TRY(open(c, r, &b));
	enum err err = browse_head(c, &b, &rev);
	if (err == ERR_NOT_FOUND) {
		ctx_clear(c);
		return page_empty(c, r, &b);
	}
	TRY(err);
	return show_tree(c, r, &b, &rev, STR(""));
}

enum err page_tree(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct revision rev;
	struct str path;
	enum entry_kind kind;
	TRY(open(c, r, &b));
	TRY(browse_resolve(c, &b, web_param(r, "path"), &rev, &path));
	TRY(browse_kind(c, &b, &rev, path, &kind));
	if (kind != ENTRY_TREE)
		return page_redirect_to(c, r, &b, "blob", &rev, path);
	return show_tree(c, r, &b, &rev, path);
}

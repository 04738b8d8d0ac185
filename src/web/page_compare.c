/* Two revisions compared, and the lines of a file with who wrote them. */
#include "web/page.h"
#include "web/page_look.h"

#include "base/uri.h"

/* The form of the page itself: leads to its address. */
static enum err chosen(struct ctx *c, struct web_request *r, struct browse *b, bool *done)
{
	struct str base = web_query(c, r, "base"), head = web_query(c, r, "head");
	struct buf to = {.arena = c->arena};
	*done = base.len || head.len;
	if (!*done)
		return OK;
	buf_fmt(&to, "/%.*s/compare/", STR_FMT(b->repo.name));
	uri_encode_path(&to, base);
	buf_cstr(&to, str_is(web_query(c, r, "dots"), "..") ? ".." : "...");
	uri_encode_path(&to, head);
	return web_redirect(c, r, buf_text(&to));
}

enum err page_compare(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct comparison cmp;
	bool done;
	TRY(browse_open(c, r->core, &r->who, web_param(r, "name"), &b));
	TRY(chosen(c, r, &b, &done));
	if (done)
		return OK;
	struct diff_look look = page_look(c, r);
	struct diff_limits limits = page_look_limits(&look);
	TRY(browse_compare(c, &b, web_param(r, "path"), &limits, &cmp));
	if (page_look_wants_data(r)) {
		struct oid base = cmp.direct ? cmp.base.commit : cmp.fork;
		return page_look_data(c, r,
			&(struct diff_page){
				b.repo.name, base, cmp.head.commit, false, look.wish, cmp.diff});
	}
	if (page_is_id(cmp.base.text, &cmp.base.commit) &&
		page_is_id(cmp.head.text, &cmp.head.commit))
		page_lasts(c, r, &b, PAGE_FRESH_SECONDS);
	if (page_is_made(c, r, &b, &cmp.head.commit))
		return page_send_made(c, r);
	struct page_compare p = {.compared = &cmp, .look = &look};
	page_repo_begin(c, r, &b, &cmp.head, &p.top);
	p.top.tab = TAB_REFS;
	p.top.page.title = str_of(arena_fmt(c->arena, "%.*s%s%.*s · %.*s", STR_FMT(cmp.base.text),
		cmp.direct ? ".." : "...", STR_FMT(cmp.head.text), STR_FMT(b.repo.name)));
	struct buf html = {.arena = c->arena};
	view_compare(&html, &p);
	return web_html(c, r, 200, buf_view(&html));
}

enum err page_blame(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct revision rev;
	struct str path;
	enum entry_kind kind;
	struct file_blame blame;
	TRY(browse_open(c, r->core, &r->who, web_param(r, "name"), &b));
	TRY(browse_resolve(c, &b, web_param(r, "path"), &rev, &path));
	TRY(browse_kind(c, &b, &rev, path, &kind));
	if (kind == ENTRY_TREE)
		return page_redirect_to(c, r, &b, "tree", &rev, path);
	if (page_is_made(c, r, &b, &rev.commit))
		return page_send_made(c, r);
	TRY(browse_blame(c, &b, &rev, path, &blame));
	/* What has no lines is shown as the file that it is. */
	if (blame.file.kind != FILE_TEXT)
		return page_redirect_to(c, r, &b, "blob", &rev, path);
	struct page_blame p = {.blame = &blame};
	page_repo_begin(c, r, &b, &rev, &p.top);
	p.top.page.title = str_of(
		arena_fmt(c->arena, "Blame of %.*s · %.*s", STR_FMT(path), STR_FMT(b.repo.name)));
	struct buf html = {.arena = c->arena};
	view_blame(&html, &p);
	return web_html(c, r, 200, buf_view(&html));
}

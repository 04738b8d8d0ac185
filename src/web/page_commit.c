/* One commit, and its difference as a page and as text. */
#include "web/page.h"
#include "web/page_look.h"

#include "view/patch.h"

static enum err as_text(struct ctx *c, struct web_request *r, struct browse *b,
	const struct commit_full *commit, bool mail)
{
	struct diff diff;
	struct buf text = {.arena = c->arena};
	char hex[OID_HEX_MAX];
	/* Of the commit, not of the path: that may name a branch. */
	if (web_is_fresh(r, str_of(oid_hex(&commit->id, hex))))
		return web_not_modified(c, r);
	TRY(browse_diff(c, b, commit, &DIFF_LIMITS_TEXT, &diff));
	if (diff.total > diff.count)
		return fail(c, ERR_TOO_BIG,
			"this commit changes %zu files: clone the repository to see them all",
			diff.total);
	if (mail)
		patch_mail(&text, commit, &diff);
	patch_text(&text, &diff);
	return web_text(c, r, 200, buf_view(&text));
}

enum err page_commit(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct revision rev;
	struct str id = web_param(r, "id"), path;
	struct commit_full commit;
	struct diff diff;
	bool mail = str_skip_end(&id, STR(".patch"));
	bool text = mail || str_skip_end(&id, STR(".diff"));
	TRY(browse_open(c, r->core, &r->who, web_param(r, "name"), &b));
	TRY(browse_resolve(c, &b, id, &rev, &path));
	TRY(browse_commit(c, &b, &rev.commit, &commit));
	if (text && page_is_id(id, &commit.id))
		page_lasts(c, r, &b, PAGE_BYTES_SECONDS);
	if (text)
		return as_text(c, r, &b, &commit, mail);
	bool data = page_look_wants_data(r);
	if (!data && page_is_made(c, r, &b, &commit.id))
		return page_send_made(c, r);
	struct diff_look look = page_look(c, r);
	struct diff_limits limits = page_look_limits(&look);
	TRY(browse_diff(c, &b, &commit, &limits, &diff));
	if (data) {
		struct diff_page page = {.repo = b.repo.name,
			.head = commit.id,
			.has_text = look.wish.parent < 2,
			.wish = look.wish,
			.diff = diff};
		if (commit.parent_count)
			page.base = commit.parents[look.wish.parent ? look.wish.parent - 1 : 0];
		return page_look_data(c, r, &page);
	}
	struct str subject = str_until(commit.subject, 150);
	struct page_commit p = {.commit = &commit, .diff = &diff, .look = &look};
	page_repo_begin(c, r, &b, &rev, &p.top);
	p.top.tab = TAB_COMMITS;
	p.top.page.title =
		str_of(arena_fmt(c->arena, "%.*s · %.*s", STR_FMT(subject), STR_FMT(b.repo.name)));
	struct buf html = {.arena = c->arena};
	view_commit(&html, &p);
	return web_html(c, r, 200, buf_view(&html));
}

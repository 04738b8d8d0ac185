/* Branches and tags, releases. */
#include "view/page_refs.h"

#include "base/uri.h"
#include "core/compact.h"
#include "core/ref_change.h"
#include "web/page.h"

enum { SKIP_MAX = 10000000 };

static enum err open(struct ctx *c, struct web_request *r, struct browse *b)
{
	return browse_open(c, r->core, &r->who, web_param(r, "name"), b);
}

static enum err show(struct ctx *c, struct web_request *r, const struct buf *html)
{
	return web_html(c, r, 200, buf_view(html));
}

static size_t number(struct ctx *c, const struct web_request *r, const char *name)
{
	uint64_t value;
	return str_to_u64(web_query(c, r, name), &value) && value < SKIP_MAX ? (size_t)value : 0;
}

static void begin(struct ctx *c, struct web_request *r, struct browse *b, struct page_repo *top,
	const char *what)
{
	page_repo_begin(c, r, b, NULL, top);
	top->page.title = str_of(arena_fmt(c->arena, "%s · %.*s", what, STR_FMT(b->repo.name)));
}

static struct str feed_of(struct ctx *c, const struct browse *b, const char *kind)
{
	return str_of(arena_fmt(c->arena, "/%.*s/feed/%s", STR_FMT(b->repo.name), kind));
}

enum err page_refs(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct ref_list branches, tags;
	struct str like = str_trim(web_query(c, r, "q"));
	TRY(open(c, r, &b));
	if (page_is_made(c, r, &b, NULL))
		return page_send_made(c, r);
	TRY(browse_refs_like(c, &b, STR("refs/heads/"), like, number(c, r, "branches"), &branches));
	TRY(browse_refs_like(c, &b, STR("refs/tags/"), like, number(c, r, "tags"), &tags));
	TRY(browse_ahead(c, &b, &branches));
	struct page_refs p = {
		.tags = &tags, .like = like, .may_delete = b.level >= PERMISSION_WRITE};
	begin(c, r, &b, &p.top, "Branches and tags");
	p.top.tab = TAB_REFS;
	p.top.branches = &branches;
	struct buf html = {.arena = c->arena};
	view_refs(&html, &p);
	return show(c, r, &html);
}

/* Asks; `err` is what came of it the last time. */
static enum err ask(
	struct ctx *c, struct web_request *r, struct browse *b, struct str name, enum err err)
{
	struct ref ref;
	char hex[OID_HEX_MAX];
	struct page_ref_delete p = {.ref = name, .kept = compact_retention_text(c, b->core)};
	int status = 200;
	begin(c, r, b, &p.top, "Delete");
	p.top.tab = TAB_REFS;
	if (err)
		status = page_take_error(c, &p.top.page, err);
	if (!ref_name_ok(name) || !snapshot_ref(b->snapshot, name, &ref))
		return fail(c, ERR_NOT_FOUND, "there is no such branch or tag");
	p.id = arena_strdup(c->arena, oid_hex(&ref.id, hex));
	struct buf html = {.arena = c->arena};
	view_ref_delete(&html, &p);
	return web_html(c, r, status, buf_view(&html));
}

enum err page_ref_delete(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	TRY(open(c, r, &b));
	return ask(c, r, &b, web_query(c, r, "ref"), OK);
}

enum err page_ref_delete_post(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	const struct ref_wish what = {.kind = REF_DELETE,
		.repo = web_param(r, "name"),
		.ref = web_field(r, "ref"),
		.expected = web_field(r, "id")};
	enum err err = ref_change(c, r->core, &r->who, &what, NULL);
	if (!err)
		return web_redirect(
			c, r, arena_fmt(c->arena, "/%.*s/refs?done=removed", STR_FMT(what.repo)));
	if (err != ERR_CONFLICT && err != ERR_DENIED && err != ERR_INVALID)
		return err;
	struct error first = c->error;
	ctx_clear(c);
	TRY(open(c, r, &b));
	c->error = first;
	return ask(c, r, &b, what.ref, err);
}

enum err page_releases(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct release_list list;
	TRY(open(c, r, &b));
	if (page_is_made(c, r, &b, NULL))
		return page_send_made(c, r);
	TRY(browse_releases(c, &b, number(c, r, "skip"), RELEASES_PAGE, &list));
	struct page_releases p = {.list = &list};
	begin(c, r, &b, &p.top, "Releases");
	p.top.tab = TAB_RELEASES;
	p.top.page.feed = feed_of(c, &b, "releases");
	struct buf html = {.arena = c->arena};
	view_releases(&html, &p);
	return show(c, r, &html);
}

enum err page_release(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct release release;
	TRY(open(c, r, &b));
	if (page_is_made(c, r, &b, NULL))
		return page_send_made(c, r);
	TRY(browse_release(c, &b, web_param(r, "path"), &release));
	struct page_release p = {.release = &release};
	begin(c, r, &b, &p.top, arena_fmt(c->arena, "%.*s", STR_FMT(release.name)));
	p.top.tab = TAB_RELEASES;
	p.top.page.feed = feed_of(c, &b, "releases");
	struct buf html = {.arena = c->arena};
	view_release(&html, &p);
	return show(c, r, &html);
}

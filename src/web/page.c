#include "web/page.h"

#include "base/date.h"
#include "base/map.h"
#include "base/uri.h"
#include "core/permit.h"
#include "web/internal.h"

enum { PICKER_BRANCHES = 25 };

int64_t page_now(const struct ctx *c)
{
	return c->world->clock() / 1000000;
}

static struct str notice_for(struct str done)
{
	static const struct {
		const char *word, *text;
	} notices[] = {
		{"saved", "Saved."},
		{"access", "Access changed."},
		{"committed", "Committed."},
		{"restored", "Restored."},
		{"purged", "Removed for good."},
		{"rules", "Rules changed."},
		{"pinged", "A ping is on its way: look below in a moment what came of it."},
		{"again", "It is sent again: look below in a moment what came of it."},
		{"on", "Switched on: it is told what happens from now on."},
		{"off", "Switched off."},
		{"compacted", "Compacted: its packs are made anew."},
		{"deleted", "The repository is deleted, and can be restored for a while."},
		{"password", "Your password is changed."},
		{"revoked", "The token is revoked: it does not work any more."},
		{"added", "Added."},
		{"removed", "Removed."},
		{"welcome", "Welcome. Choose a password below: it is what git asks for, too."},
		{"factor-added", "Added. It is asked for after your password from now on."},
		{"factor-removed", "Removed."},
		{"factors-reset",
			"Their second factors are removed: their password signs them in alone."},
		{"too-late", "That took too long, or was wrong too often. Begin again."},
		{"signed-out", "You are signed out."},
		{"connected", "Connected: you can sign in with it from now on."},
		{"disconnected", "Disconnected: nobody signs in by it any more."},
		{"uninvited", "The invitation is withdrawn: its link does not work any more."},
		{"joined", "Welcome. You have an account now."},
		{"device-approved",
			"It is signed in: go on where it asked. This page is not needed any more."},
		{"device-refused", "Refused: it is not let in."},
		{"device-ended", "That device is signed out."},
		{"session-ended", "That browser is signed out."},
		{"signed-out-everywhere", "You are signed out everywhere. Tokens go on working."},
		{"person-signed-out",
			"They are signed out everywhere. Their tokens go on working."},
	};
	for (size_t i = 0; i < sizeof notices / sizeof *notices; i++)
		if (str_is(done, notices[i].word))
			return str_of(notices[i].text);
	return STR("");
}

void page_begin(struct ctx *c, struct web_request *r, struct str title, struct page *page)
{
	*page = (struct page){
		.title = title,
		.css = web_asset_url(c->arena, "nimbus.css"),
		.icon = web_asset_url(c->arena, "logo.svg"),
		.username = r->who.username,
		.owner = r->who.owner,
		.csrf = r->csrf,
		.here = r->path,
		.notice = notice_for(web_query(c, r, "done")),
		.now = page_now(c),
	};
}

enum err page_day(struct ctx *c, const struct web_request *r, const char *field, int64_t *out)
{
	struct str text = str_trim(web_field(r, field));
	*out = 0;
	if (!text.len)
		return OK;
	const char *first = arena_fmt(c->arena, "%.*sT00:00:00Z", STR_FMT(text));
	if (text.len != sizeof "2027-01-31" - 1 || !date_parse(str_of(first), out))
		return fail(c, ERR_INVALID, "a day is written such as 2027-01-31");
	return OK;
}

enum err page_time(struct ctx *c, struct str text, int64_t *out)
{
	*out = 0;
	if (!text.len || date_parse(text, out))
		return OK;
	const char *midnight = arena_fmt(c->arena, "%.*sT00:00:00Z", STR_FMT(text));
	if (!date_parse(str_of(midnight), out))
		return fail(c, ERR_INVALID, "a time must be as 2026-11-20 or 2026-11-20T10:00:00Z");
	return OK;
}

bool page_is_their_error(enum err kind)
{
	switch (kind) {
	case ERR_INVALID:
	case ERR_EXISTS:
	case ERR_CONFLICT:
	case ERR_TOO_BIG:
	case ERR_NOT_FOUND: return true;
	default: return false;
	}
}

int page_take_error(struct ctx *c, struct page *page, enum err kind)
{
	page->error = str_of(arena_strdup(c->arena, c->error.text));
	ctx_clear(c);
	return err_http_status(kind);
}

void page_repo_begin(struct ctx *c, struct web_request *r, struct browse *b,
	const struct revision *rev, struct page_repo *top)
{
	struct ref_list *branches = NEW(c->arena, struct ref_list);
	page_begin(c, r, b->repo.name, &top->page);
	top->page.script = web_script(c->arena, "nimbus.js", "nimbus.wasm");
	top->page.script.worker = web_asset_url(c->arena, "worker.js");
	web_allow_module(r);
	browse_branches(c, b, PICKER_BRANCHES, branches);
	top->repo = &b->repo;
	top->rev = rev;
	top->branches = branches;
	top->may_write = b->level >= PERMISSION_WRITE;
	top->may_admin = b->level >= PERMISSION_ADMIN;
	top->clone_url = str_of(
		arena_fmt(c->arena, "%.*s/%.*s.git", STR_FMT(r->origin), STR_FMT(b->repo.name)));
}

/* The part of the path that is a revision: "/NAME/tree/REV/…", "/api/v1/repos/NAME/commits/REV". */
static struct str revision_of(struct str path)
{
	if (!str_skip(&path, STR("/api/v1/repos/")))
		path = str_from_index(path, 1);
	(void)str_cut(&path, '/');
	(void)str_cut(&path, '/');
	return str_cut(&path, '/');
}

bool page_is_id(struct str text, const struct oid *id)
{
	char hex[OID_HEX_MAX];
	return str_is(text, oid_hex(id, hex));
}

void page_lasts(struct ctx *c, struct web_request *r, const struct browse *b, int seconds)
{
	bool anybody = false;
	if (!actor_is_anonymous(&r->who))
		return;
	if (permit_anybody(c, r->core, &b->repo, OPERATION_REPOSITORY_READ, &anybody))
		ctx_clear(c);
	if (anybody)
		web_header(r, "Cache-Control",
			str_of(arena_fmt(c->arena, "public, max-age=%d, immutable", seconds)));
}

bool page_is_fresh(
	struct ctx *c, struct web_request *r, const struct browse *b, const struct oid *what)
{
	const struct repo *repo = &b->repo;
	char hex[OID_HEX_MAX] = "";
	r->shown = b;
	uint64_t looks = bytes_hash(0, repo->description.at, repo->description.len);
	looks += (uint64_t)repo->visibility * 4 + (uint64_t)b->level;
	looks = bytes_hash(looks, r->path.at, r->path.len);
	looks = bytes_hash(looks, r->query.at, r->query.len);
	if (what)
		oid_hex(what, hex);
	if (what && str_is(revision_of(r->path), hex))
		page_lasts(c, r, b, PAGE_FRESH_SECONDS);
	return web_is_fresh(
		r, str_of(arena_fmt(c->arena, "%lld.%lld.%.16s.%llx.%lld", (long long)repo->id,
			   (long long)repo->version, hex, (unsigned long long)looks,
			   (long long)(page_now(c) / PAGE_FRESH_SECONDS))));
}

bool page_is_made(
	struct ctx *c, struct web_request *r, const struct browse *b, const struct oid *what)
{
	return page_is_fresh(c, r, b, what) || web_find_made(c, r);
}

enum err page_send_made(struct ctx *c, struct web_request *r)
{
	return r->made.len ? web_send_made(c, r) : web_not_modified(c, r);
}

enum err page_redirect_to(struct ctx *c, struct web_request *r, const struct browse *b,
	const char *verb, const struct revision *rev, struct str path)
{
	struct buf to = {.arena = c->arena};
	buf_fmt(&to, "/%.*s/%s/", STR_FMT(b->repo.name), verb);
	uri_encode_path(&to, rev->text);
	if (path.len)
		buf_byte(&to, '/');
	uri_encode_path(&to, path);
	return web_redirect(c, r, buf_text(&to));
}

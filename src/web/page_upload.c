/* Files that are uploaded, and files that are deleted, in the browser. */
#include "base/extent.h"
#include "base/str.h"
#include "web/page_edit.h"

static enum err show_upload(struct ctx *c, struct web_request *r, struct page_upload *p, int status)
{
	struct buf html = {.arena = c->arena};
	web_header(r, "Cache-Control", STR("no-store"));
	view_upload(&html, p);
	return web_html(c, r, status, buf_view(&html));
}

static enum err begin_upload(
	struct ctx *c, struct web_request *r, struct edit_place_of *at, struct page_upload *p)
{
	TRY(edit_open(c, r, at));
	edit_begin(c, r, at, &p->top, &p->form);
	p->folder = at->path;
	p->form.usual = STR("Upload files");
	p->bytes_max = web_upload_max(r);
	return OK;
}

enum err page_upload(struct ctx *c, struct web_request *r)
{
	EDIT_PLACE at;
	struct page_upload p = {0};
	TRY(begin_upload(c, r, &at, &p));
	return show_upload(c, r, &p, 200);
}

/* What a browser says of a file's name may have its folder there: that is nobody's business here. */
static struct str bare_name(struct str name)
{
	for (size_t slash; (slash = str_find_last(name, '/')) < name.len;)
		name = str_from_index(name, slash + 1);
	for (size_t slash; (slash = str_find_last(name, '\\')) < name.len;)
		name = str_from_index(name, slash + 1);
	return name;
}

static enum err read_files(struct ctx *c, struct web_request *r, struct str folder,
	struct edit_change *changes, size_t *count)
{
	for (size_t i = 0; i < r->upload_count; i++) {
		const struct web_upload *u = &r->uploads[i];
		struct str path = str_of(arena_fmt(c->arena, "%.*s%s%.*s", STR_FMT(folder),
			folder.len ? "/" : "", STR_FMT(bare_name(u->name))));
		if (!str_is(u->field, "file"))
			continue;
		if (!str_is_utf8(path))
			return fail(c, ERR_INVALID, "a file's name is not UTF-8");
		changes[(*count)++] = (struct edit_change){
			.path = path, .content = &u->spool->extent, .place = EDIT_ANY};
	}
	return *count ? OK : fail(c, ERR_INVALID, "choose the files to upload");
}

static struct str upload_message(struct ctx *c, const struct edit_change *changes, size_t count)
{
	if (count == 1)
		return str_of(arena_fmt(c->arena, "Upload %.*s", STR_FMT(changes->path)));
	return str_of(arena_fmt(c->arena, "Upload %zu files", count));
}

enum err page_upload_post(struct ctx *c, struct web_request *r)
{
	EDIT_PLACE at;
	struct page_upload p = {0};
	struct edited made;
	size_t count = 0;
	_Static_assert((int)WEB_UPLOADS_MAX <= (int)EDIT_CHANGES_MAX, "all in one commit");
	struct edit_change *changes = NEW_ARRAY(c->arena, struct edit_change, WEB_UPLOADS_MAX);
	TRY(begin_upload(c, r, &at, &p));
	p.folder = str_trim(web_field(r, "folder"));
	str_skip_end(&p.folder, STR("/"));
	enum err err = read_files(c, r, p.folder, changes, &count);
	edit_read(r, upload_message(c, changes, count), &p.form);
	if (!err)
		err = edit_make(c, r, &p.form, changes, count, &made);
	if (!err)
		return edit_done(c, r, &made, "tree", p.folder);
	if (!page_is_their_error(err) && err != ERR_DENIED)
		return err;
	int status = page_take_error(c, &p.top.page, err);
	return show_upload(c, r, &p, status);
}

static enum err begin_remove(
	struct ctx *c, struct web_request *r, struct edit_place_of *at, struct page_remove *p)
{
	enum entry_kind kind;
	TRY(edit_open(c, r, at));
	if (!at->born || !at->path.len)
		return fail(c, ERR_NOT_FOUND, "there is no file to delete");
	TRY(browse_kind(c, &at->browse, &at->rev, at->path, &kind));
	if (kind == ENTRY_TREE)
		return fail(c, ERR_INVALID, "\"%.*s\" is a folder: it goes away with its last file",
			STR_FMT(at->path));
	edit_begin(c, r, at, &p->top, &p->form);
	p->path = at->path;
	p->form.usual = str_of(arena_fmt(c->arena, "Delete %.*s", STR_FMT(at->path)));
	return OK;
}

static enum err show_remove(struct ctx *c, struct web_request *r, struct page_remove *p, int status)
{
	struct buf html = {.arena = c->arena};
	web_header(r, "Cache-Control", STR("no-store"));
	view_remove(&html, p);
	return web_html(c, r, status, buf_view(&html));
}

enum err page_remove(struct ctx *c, struct web_request *r)
{
	EDIT_PLACE at;
	struct page_remove p = {0};
	TRY(begin_remove(c, r, &at, &p));
	return show_remove(c, r, &p, 200);
}

enum err page_remove_post(struct ctx *c, struct web_request *r)
{
	EDIT_PLACE at;
	struct page_remove p = {0};
	struct edited made;
	TRY(begin_remove(c, r, &at, &p));
	struct edit_change change = {.path = at.path};
	struct str now = p.form.expected;
	edit_read(r, p.form.usual, &p.form);
	enum err err = edit_make(c, r, &p.form, &change, 1, &made);
	if (!err)
		return edit_done(c, r, &made, "tree", STR(""));
	if (!page_is_their_error(err) && err != ERR_DENIED)
		return err;
	/* It is shown as it is now: whoever sends it again means that. */
	p.form.expected = now;
	int status = page_take_error(c, &p.top.page, err);
	return show_remove(c, r, &p, status);
}

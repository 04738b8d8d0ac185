/* Changing a file in the browser: its text, its name, its place. */
#include "web/page_edit.h"

#include "base/uri.h"
#include "core/edit_merge.h"
#include "core/edit_text.h"
#include "web/author_host.h"

enum { BRANCH_TRIES = 100 };

void edit_close(struct edit_place_of *p)
{
	browse_close(&p->browse);
}

/* The branch that HEAD waits for is there to be written to before anything is. */
static bool is_unborn(const struct browse *b, struct str text, struct str *path)
{
	struct str head = b->snapshot->head;
	struct ref ref;
	*path = text;
	str_skip(&head, STR("refs/heads/"));
	if (snapshot_ref(b->snapshot, b->snapshot->head, &ref) || !str_skip(path, head))
		return false;
	return !path->len || str_skip(path, STR("/"));
}

enum err edit_open(struct ctx *c, struct web_request *r, struct edit_place_of *out)
{
	struct browse *b = &out->browse;
	struct str text = web_param(r, "path");
	*out = (struct edit_place_of){0};
	TRY(browse_open(c, r->core, &r->who, web_param(r, "name"), b));
	if (b->level < PERMISSION_WRITE)
		return fail(c, ERR_DENIED, "only who may push to this repository may change it");
	if (is_unborn(b, text, &out->path)) {
		out->rev.text = str_until(text, text.len - out->path.len);
		str_skip_end(&out->rev.text, STR("/"));
		return OK;
	}
	TRY(browse_resolve(c, b, text, &out->rev, &out->path));
	out->born = true;
	if (out->rev.kind != REVISION_BRANCH ||
		str_find_str(out->rev.text, STR("@{")) < out->rev.text.len)
		return fail(c, ERR_INVALID,
			"%.*s is no branch: a commit comes on top of a branch, so make one of it "
			"first",
			STR_FMT(out->rev.text));
	return OK;
}

/* A name for a new branch that is not taken. */
static struct str free_branch(struct ctx *c, struct web_request *r, const struct browse *b)
{
	const char *name = NULL;
	struct ref ref;
	for (int i = 1; i < BRANCH_TRIES; i++) {
		name = arena_fmt(c->arena, "%.*s-patch-%d", STR_FMT(r->who.username), i);
		if (!snapshot_ref(
			    b->snapshot, str_of(arena_fmt(c->arena, "refs/heads/%s", name)), &ref))
			break;
	}
	return str_of(name);
}

void edit_begin(struct ctx *c, struct web_request *r, struct edit_place_of *p,
	struct page_repo *top, struct edit_form *form)
{
	char hex[OID_HEX_MAX];
	page_repo_begin(c, r, &p->browse, p->born ? &p->rev : NULL, top);
	top->page.title = str_of(arena_fmt(c->arena, "%.*s · %.*s",
		STR_FMT(p->path.len ? p->path : p->rev.text), STR_FMT(p->browse.repo.name)));
	*form = (struct edit_form){.branch = p->rev.text, .target = free_branch(c, r, &p->browse)};
	if (p->born)
		form->expected = str_of(arena_strdup(c->arena, oid_hex(&p->rev.commit, hex)));
}

void edit_read(struct web_request *r, struct str usual, struct edit_form *form)
{
	form->expected = web_field(r, "expected");
	form->message = web_field(r, "message");
	form->usual = usual;
	form->apart = str_is(web_field(r, "to"), "new");
	if (web_field(r, "target").len)
		form->target = str_trim(web_field(r, "target"));
}

enum err edit_make(struct ctx *c, struct web_request *r, const struct edit_form *form,
	const struct edit_change *changes, size_t count, struct edited *out)
{
	const struct edit what = {
		.repo = web_param(r, "name"),
		.branch = form->branch,
		.target = form->apart ? form->target : STR(""),
		.expected = form->expected,
		.message = str_trim(form->message).len ? form->message : form->usual,
		.host = web_author_host(c, r),
		.changes = changes,
		.count = count,
	};
	*out = (struct edited){0};
	if (form->apart && !form->target.len)
		return fail(c, ERR_INVALID, "give the new branch a name");
	return edit_commit(c, r->core, &r->who, &what, out);
}

enum err edit_done(struct ctx *c, struct web_request *r, const struct edited *made,
	const char *verb, struct str path)
{
	struct buf to = {.arena = c->arena};
	buf_fmt(&to, "/%.*s/%s/", STR_FMT(web_param(r, "name")), verb);
	uri_encode_path(&to, made->branch);
	buf_cstr(&to, path.len ? "/" : "");
	uri_encode_path(&to, path);
	buf_cstr(&to, "?done=committed");
	return web_redirect(c, r, buf_text(&to));
}

/* A file as it was where they began. */
struct edit_old {
	struct file file;
	const char *unfit;
};

static enum err read_old(struct ctx *c, struct browse *b, const struct revision *rev,
	struct str path, struct edit_old *out)
{
	TRY(browse_file(c, b, rev, path, &out->file));
	switch (out->file.kind) {
	case FILE_TEXT: out->unfit = edit_unfit(out->file.bytes); return OK;
	case FILE_BINARY: out->unfit = "is binary"; return OK;
	case FILE_IMAGE: out->unfit = "is a picture"; return OK;
	case FILE_AUDIO: out->unfit = "is a recording"; return OK;
	case FILE_VIDEO: out->unfit = "is a film"; return OK;
	case FILE_PDF: out->unfit = "is a PDF"; return OK;
	case FILE_LFS: out->unfit = "is a pointer of Git LFS"; return OK;
	case FILE_TOO_BIG: out->unfit = "is too long for a page"; return OK;
	case FILE_SYMLINK: out->unfit = "is a symbolic link"; return OK;
	case FILE_SUBMODULE: break;
	}
	return fail(c, ERR_INVALID, "a submodule is changed by git");
}

static enum err show(struct ctx *c, struct web_request *r, struct page_edit *p, int status)
{
	struct buf html = {.arena = c->arena};
	p->is_markup = browse_is_markup(p->name);
	web_header(r, "Cache-Control", STR("no-store"));
	view_edit(&html, p);
	return web_html(c, r, status, buf_view(&html));
}

enum err page_edit(struct ctx *c, struct web_request *r)
{
	EDIT_PLACE at;
	struct edit_old old;
	struct page_edit p = {0};
	TRY(edit_open(c, r, &at));
	if (!at.born)
		return fail(c, ERR_NOT_FOUND, "nothing is there yet: make a new file");
	TRY(read_old(c, &at.browse, &at.rev, at.path, &old));
	edit_begin(c, r, &at, &p.top, &p.form);
	p.form.usual = str_of(arena_fmt(c->arena, "Change %.*s", STR_FMT(at.path)));
	p.path = p.name = at.path;
	p.unfit = old.unfit;
	p.text = old.unfit ? STR("") : edit_plain(c, old.file.bytes);
	return show(c, r, &p, 200);
}

enum err page_edit_new(struct ctx *c, struct web_request *r)
{
	EDIT_PLACE at;
	struct page_edit p = {.fresh = true};
	TRY(edit_open(c, r, &at));
	edit_begin(c, r, &at, &p.top, &p.form);
	p.form.usual = STR("Add a file");
	p.path = at.path;
	if (at.path.len)
		p.name = str_of(arena_fmt(c->arena, "%.*s/", STR_FMT(at.path)));
	return show(c, r, &p, 200);
}

/* The change of a page that was sent. */
struct edit_sent {
	struct page_edit page;
	struct edit_old old; /* of a file that was there */
	struct extent_bytes bytes;
	struct edit_change change;
};

static enum err read_change(
	struct ctx *c, struct web_request *r, struct edit_place_of *at, struct edit_sent *s)
{
	struct page_edit *p = &s->page;
	struct str text = STR(""), typed = web_field(r, "text");
	struct revision began = {.kind = REVISION_COMMIT};
	p->text = edit_plain(c, typed);
	if (!p->fresh) {
		if (!oid_parse(at->browse.repo.object_format, p->form.expected, &began.commit))
			return fail(c, ERR_INVALID, "that is not the id of a commit");
		began.text = p->form.expected;
		TRY(read_old(c, &at->browse, &began, p->path, &s->old));
		p->unfit = s->old.unfit;
		text = s->old.file.bytes;
	}
	TRY(edit_typed(c, text, typed, &text));
	extent_bytes_init(&s->bytes, text.at, text.len);
	s->change = (struct edit_change){.path = p->name,
		.place = p->fresh ? EDIT_NEW : EDIT_OLD,
		.content = p->unfit ? NULL : &s->bytes.extent};
	if (!p->fresh && !str_eq(p->name, p->path))
		s->change.from = p->path;
	else if (p->unfit)
		return fail(c, ERR_INVALID, "nothing is changed: there is nothing to commit");
	return OK;
}

static struct str usual_message(struct ctx *c, const struct page_edit *p)
{
	if (p->fresh)
		return str_of(arena_fmt(c->arena, "Add %.*s", STR_FMT(p->name)));
	if (!str_eq(p->name, p->path))
		return str_of(arena_fmt(
			c->arena, "Move %.*s to %.*s", STR_FMT(p->path), STR_FMT(p->name)));
	return str_of(arena_fmt(c->arena, "Change %.*s", STR_FMT(p->path)));
}

static enum err show_preview(
	struct ctx *c, struct web_request *r, struct edit_place_of *at, struct edit_sent *s)
{
	struct page_edit *p = &s->page;
	size_t slash = str_find_last(p->name, '/');
	struct file *file = NEW(c->arena, struct file);
	*file = (struct file){
		.path = p->name,
		.name = slash < p->name.len ? str_from_index(p->name, slash + 1) : p->name,
		.bytes = p->text,
		.form = FORM_MARKUP,
	};
	TRY(browse_render(c, &at->browse, &at->rev, file));
	p->preview = file;
	return show(c, r, p, 200);
}

/* Nothing that was typed is lost: it is shown with what somebody else made of the file. */
static enum err show_met(
	struct ctx *c, struct web_request *r, struct edit_place_of *at, struct edit_sent *s)
{
	struct page_edit *p = &s->page;
	struct edit_met met;
	const struct edit_meeting meeting = {p->form.branch, p->form.expected, p->path, p->text};
	struct edit_meeting_shown *shown = NEW(c->arena, struct edit_meeting_shown);
	TRY(edit_merge(c, &at->browse, &meeting, &met));
	*shown = (struct edit_meeting_shown){
		met.tip, met.gone, met.conflicts, p->form.expected, p->text};
	p->met = shown;
	p->text = met.text;
	p->form.expected = met.tip_text;
	return show(c, r, p, err_http_status(ERR_CONFLICT));
}

static enum err answer(struct ctx *c, struct web_request *r, struct edit_place_of *at,
	struct edit_sent *s, enum err err)
{
	struct page_edit *p = &s->page;
	struct edited made = {0};
	if (!err && str_is(web_field(r, "do"), "preview") && browse_is_markup(p->name))
		return show_preview(c, r, at, s);
	if (!err)
		err = edit_make(c, r, &p->form, &s->change, 1, &made);
	if (!err)
		return edit_done(c, r, &made, "blob", p->name);
	if (made.moved && !p->fresh && !p->unfit) {
		ctx_clear(c);
		return show_met(c, r, at, s);
	}
	if (!page_is_their_error(err) && err != ERR_DENIED)
		return err;
	return show(c, r, p, page_take_error(c, &p->top.page, err));
}

/* The route is of both. */
static bool is_new(const struct web_request *r)
{
	struct str verb = str_from_index(r->path, 1);
	return str_starts(str_from_index(verb, str_find(verb, '/')), STR("/new/"));
}

enum err page_edit_post(struct ctx *c, struct web_request *r)
{
	EDIT_PLACE at;
	struct edit_sent s = {0};
	struct page_edit *p = &s.page;
	TRY(edit_open(c, r, &at));
	edit_begin(c, r, &at, &p->top, &p->form);
	p->fresh = is_new(r);
	p->path = at.path;
	p->name = str_trim(web_field(r, "path"));
	edit_read(r, usual_message(c, p), &p->form);
	/* It went away meanwhile, and they want it back. */
	bool gone = str_is(web_field(r, "gone"), "yes") && !p->form.apart;
	p->fresh = p->fresh || gone;
	enum err err = read_change(c, r, &at, &s);
	return answer(c, r, &at, &s, err);
}

/* The page of a file. */
#include "view/page_file.h"
#include "core/browse_text.h"
#include "web/internal.h"
#include "web/page.h"

enum { LINE_MAX = 99999999 };

/* "10-20", or "10" alone; the other way round too. False: it is nothing of that kind. */
static bool read_range(struct str text, unsigned *from, unsigned *to)
{
	uint64_t first, last;
	struct str rest = str_trim(text);
	struct str begin = str_cut(&rest, '-');
	(void)str_skip(&begin, STR("L"));
	(void)str_skip(&rest, STR("L"));
	if (!str_to_u64(begin, &first) || first == 0 || first > LINE_MAX)
		return false;
	last = first;
	if (rest.len && (!str_to_u64(rest, &last) || last == 0 || last > LINE_MAX))
		return false;
	*from = (unsigned)(first < last ? first : last);
	*to = (unsigned)(first < last ? last : first);
	return true;
}

/* Who asked by the form is led to the lines: only a fragment scrolls to them, and only a redirect can set one. */
static enum err lead_to_lines(struct ctx *c, struct web_request *r, bool *led)
{
	unsigned from, to;
	struct str asked = web_query(c, r, "mark");
	*led = asked.len && read_range(asked, &from, &to);
	if (!*led)
		return OK;
	return web_redirect(c, r,
		arena_fmt(c->arena, "%.*s?lines=%u-%u#L%u", STR_FMT(r->path), from, to, from));
}

/* What a text is shown as; as lines, where it is not to be or cannot be read as anything else. */
static enum err fill_text(struct ctx *c, struct browse *b, const struct revision *rev,
	struct file *file, struct page_blob *p)
{
	p->lines = browse_line_count(file->bytes);
	if (!p->source && file->form == FORM_MARKUP)
		TRY(browse_render(c, b, rev, file));
	else if (!p->source && file->form == FORM_NOTEBOOK)
		TRY(browse_notebook(c, b, rev, file, &p->notebook));
	else if (!p->source && file->form == FORM_TABLE)
		TRY(browse_records(c, file, &p->records));
	if (file->html.len || p->notebook || p->records)
		return OK;
	return browse_highlight(c, b, file);
}

/* Sound, moving pictures and documents come from here, on the page that shows them. A browser's reader of PDF is a plug-in to
 * one engine and a frame to another. */
static void allow_media(struct web_request *r, const struct file *file)
{
	if (file->kind == FILE_AUDIO || file->kind == FILE_VIDEO)
		web_allow_besides(r, "media-src 'self'");
	else if (file->kind == FILE_PDF)
		web_allow_besides(r, "object-src 'self'; frame-src 'self'");
}

enum err page_blob(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct revision rev;
	struct str path;
	enum entry_kind kind;
	struct file file;
	bool led;
	struct page_blob p = {.file = &file, .source = web_query(c, r, "source").len > 0};
	TRY(browse_open(c, r->core, &r->who, web_param(r, "name"), &b));
	TRY(browse_resolve(c, &b, web_param(r, "path"), &rev, &path));
	TRY(browse_kind(c, &b, &rev, path, &kind));
	if (kind == ENTRY_TREE)
		return page_redirect_to(c, r, &b, "tree", &rev, path);
	TRY(lead_to_lines(c, r, &led));
	if (led)
		return OK;
	if (page_is_made(c, r, &b, &rev.commit))
		return page_send_made(c, r);
	TRY(browse_file(c, &b, &rev, path, &file));
	/* Who asks for lines wants to see them. */
	if (read_range(web_query(c, r, "lines"), &p.from, &p.to))
		p.source = true;
	if (file.kind == FILE_TEXT)
		TRY(fill_text(c, &b, &rev, &file, &p));
	TRY(browse_last_change(c, &b, &rev.commit, path, &p.last));
	page_repo_begin(c, r, &b, &rev, &p.top);
	p.top.page.title =
		str_of(arena_fmt(c->arena, "%.*s · %.*s", STR_FMT(path), STR_FMT(b.repo.name)));
	allow_media(r, &file);
	struct buf html = {.arena = c->arena};
	view_blob(&html, &p);
	return web_html(c, r, 200, buf_view(&html));
}

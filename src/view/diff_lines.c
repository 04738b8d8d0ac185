/* The lines of a difference. By hand and terse, because they are the bulk of the pages that have any. */
#include "view/page_diff.h"

void view_marked(struct buf *out, const struct diff_line *line)
{
	size_t at = 0;
	for (size_t i = 0; i < line->mark_count; i++) {
		const struct diff_mark *m = &line->marks[i];
		html_str(out, str_from(line->text.at + at, m->at - at));
		HTML("<mark>");
		html_str(out, str_from(line->text.at + m->at, m->len));
		HTML("</mark>");
		at = m->at + m->len;
	}
	html_str(out, str_from_index(line->text, at));
}

/* What follows the page's path: "?view=split&amp;w=1". */
static void query(struct buf *out, const struct diff_look *look)
{
	static const char *const whites[] = {"", "&amp;w=end", "&amp;w=1"};
	buf_cstr(out, look->split ? "?view=split" : "?view=unified");
	buf_cstr(out, whites[look->wish.white]);
	if (look->wish.context)
		buf_fmt(out, "&amp;context=%u", look->wish.context);
	if (look->wish.parent)
		buf_fmt(out, "&amp;parent=%u", look->wish.parent);
	if (look->wish.only.len) {
		HTML("&amp;file=");
		html_url(out, look->wish.only);
	}
}

void view_look_begin(struct buf *out, const struct diff_look *look, bool current)
{
	HTML("<a href=\"");
	query(out, look);
	buf_cstr(out, current ? "\" aria-current=\"true\">" : "\">");
}

/* The file whose lines are being drawn. */
struct drawing {
	struct buf *out;
	const struct page_diff *page;
	size_t file; /* its number on the page */
	bool split;
	size_t rows, left; /* drawn, and to come as far as is known */
};

static void begin_table(struct drawing *d, size_t rows)
{
	struct buf *out = d->out;
	HTML("<div class=\"scroll part");
	buf_cstr(out, rows >= DIFF_ROWS ? " full" : "");
	HTML("\" tabindex=\"0\" role=\"group\" aria-label=\"Changed lines\">");
	if (d->split)
		HTML("<table class=\"code split\"><colgroup><col class=\"n\"><col><col "
		     "class=\"n\"><col></colgroup>"
		     "<thead class=\"hide\"><tr><th scope=\"col\">Old line</th><th "
		     "scope=\"col\">Old</th>"
		     "<th scope=\"col\">New line</th><th "
		     "scope=\"col\">New</th></tr></thead><tbody>");
	else
		HTML("<table class=\"code\"><thead class=\"hide\"><tr><th scope=\"col\">Old "
		     "line</th>"
		     "<th scope=\"col\">New line</th><th scope=\"col\">Change</th>"
		     "<th scope=\"col\">Text</th></tr></thead><tbody>");
}

static void end_table(struct drawing *d)
{
	struct buf *out = d->out;
	HTML("</tbody></table></div>");
}

/* Before each row. */
static void next_row(struct drawing *d)
{
	if (d->rows % DIFF_ROWS == 0) {
		if (d->rows)
			end_table(d);
		begin_table(d, d->left);
	}
	d->rows++;
	d->left -= d->left > 0;
}

static void number(struct buf *out, uint32_t line)
{
	if (line)
		buf_fmt(out, "%u", line);
}

/* What the three dots lead to: more of what is around. */
static void dots(struct drawing *d)
{
	enum { MORE = 25, MUCH_MORE = 200 };
	struct buf *out = d->out;
	struct diff_look look = *d->page->look;
	uint32_t context = look.wish.context ? look.wish.context : DIFF_CONTEXT;
	look.wish.context = context < MORE ? MORE : MUCH_MORE;
	if (context >= MUCH_MORE) {
		HTML("⋯");
		return;
	}
	HTML("<a href=\"");
	query(out, &look);
	buf_fmt(out, "#f%zu\" aria-label=\"Show %u lines around each change\">⋯</a>", d->file,
		look.wish.context);
}

static void range(struct buf *out, const struct diff_hunk *h)
{
	buf_fmt(out, "@@ −%u,%u +%u,%u @@ ", h->old_at, h->old_count, h->new_at, h->new_count);
	html_str(out, h->heading);
}

static void hunk_row(struct drawing *d, const struct diff_hunk *h)
{
	struct buf *out = d->out;
	next_row(d);
	HTML("<tr class=\"hunk\"><td class=\"n\">");
	dots(d);
	if (d->split) {
		HTML("</td><td class=\"c\" colspan=\"3\">");
	} else {
		HTML("</td><td class=\"n\"></td><td class=\"s\"></td><td class=\"c\">");
	}
	range(out, h);
	HTML("</td></tr>");
}

static void unified_row(struct drawing *d, const struct diff_line *l)
{
	struct buf *out = d->out;
	next_row(d);
	buf_cstr(out, l->kind == '+'   ? "<tr class=\"add\"><td class=\"n\">"
		      : l->kind == '-' ? "<tr class=\"del\"><td class=\"n\">"
				       : "<tr><td class=\"n\">");
	number(out, l->old_line);
	HTML("</td><td class=\"n\">");
	number(out, l->new_line);
	HTML("</td><td class=\"s\">");
	buf_cstr(out, l->kind == '-' ? "−" : l->kind == '+' ? "+" : "");
	HTML("</td><td class=\"c\">");
	view_marked(out, l);
	HTML("</td></tr>");
	if (l->no_newline)
		HTML("<tr class=\"none\"><td class=\"n\"></td><td class=\"n\"></td><td "
		     "class=\"s\"></td>"
		     "<td class=\"c\">no newline at the end of the file</td></tr>");
}

static void side(struct buf *out, const struct diff_line *l, bool old)
{
	const char *kind = !l ? " gap" : l->kind == ' ' ? "" : old ? " del" : " add";
	buf_fmt(out, "<td class=\"n%s\">", kind);
	if (l)
		number(out, old ? l->old_line : l->new_line);
	buf_fmt(out, "</td><td class=\"c%s\">", kind);
	if (l)
		view_marked(out, l);
	if (l && l->no_newline)
		HTML("<small class=\"none\">no newline at the end of the file</small>");
	HTML("</td>");
}

static void split_row(struct drawing *d, const struct diff_line *old, const struct diff_line *new)
{
	struct buf *out = d->out;
	next_row(d);
	HTML("<tr>");
	side(out, old, true);
	side(out, new, false);
	HTML("</tr>");
}

static size_t run(const struct diff_hunk *h, size_t at, char kind)
{
	size_t end = at;
	while (end < h->line_count && h->lines[end].kind == kind)
		end++;
	return end;
}

/* Deleted lines stand beside those that were added in their place. */
static void split_lines(struct drawing *d, const struct diff_hunk *h)
{
	for (size_t at = 0; at < h->line_count;) {
		const struct diff_line *l = &h->lines[at];
		if (l->kind == ' ') {
			split_row(d, l, l);
			at++;
			continue;
		}
		size_t old = at, new = run(h, old, '-'), end = run(h, new, '+');
		size_t olds = new - old, news = end - new;
		for (size_t i = 0; i < olds || i < news; i++)
			split_row(d, i < olds ? &h->lines[old + i] : NULL,
				i < news ? &h->lines[new + i] : NULL);
		at = end;
	}
}

void view_diff_lines(struct buf *out, const struct page_diff *p, size_t i)
{
	const struct diff_file *f = &p->diff->files[i];
	struct drawing d = {.out = out, .page = p, .file = i, .split = p->look->split};
	for (size_t h = 0; h < f->hunk_count; h++)
		d.left += 1 + f->hunks[h].line_count;
	for (size_t h = 0; h < f->hunk_count; h++) {
		hunk_row(&d, &f->hunks[h]);
		if (d.split)
			split_lines(&d, &f->hunks[h]);
		else
			for (size_t k = 0; k < f->hunks[h].line_count; k++)
				unified_row(&d, &f->hunks[h].lines[k]);
	}
	if (d.rows)
		end_table(&d);
}

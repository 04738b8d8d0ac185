#include "view/page.h"

/* By hand and terse, because it is the bulk of what this server draws. */
void view_lines(struct buf *out, struct str text)
{
	buf_reserve(out, text.len * 2);
	HTML("<pre class=\"lines\">");
	struct str rest = text, line;
	for (unsigned number = 1; str_line(&rest, &line); number++) {
		(void)str_skip_end(&line, STR("\r"));
		buf_fmt(out, "<a id=\"L%u\" href=\"#L%u\">%u</a>", number, number, number);
		html_str(out, line);
		buf_byte(out, '\n');
	}
	HTML("</pre>");
}

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

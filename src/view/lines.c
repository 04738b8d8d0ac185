#include "model/painter.h"
#include "view/page_file.h"

/* By hand and terse, because it is the bulk of what this server draws. */
void view_lines(struct buf *out, const struct file *file, unsigned from, unsigned to)
{
	struct painter paint = {.text = file->bytes, .spans = file->spans};
	struct str rest = file->bytes, line;
	buf_reserve(out, rest.len * 2);
	HTML("<pre class=\"lines\">");
	for (unsigned number = 1; str_line(&rest, &line); number++) {
		const char *marked = number >= from && number <= to ? " aria-current=\"true\"" : "";
		(void)str_skip_end(&line, STR("\r"));
		buf_fmt(out, "<a id=\"L%u\" href=\"#L%u\"%s>%u</a>", number, number, marked,
			number);
		size_t at = (size_t)(line.at - file->bytes.at);
		highlight_paint(out, &paint, at, at + line.len);
		buf_byte(out, '\n');
	}
	HTML("</pre>");
}

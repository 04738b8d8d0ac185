#include "model/painter.h"
#include "view/page_file.h"

static void begin_line(struct buf *out, unsigned number, bool marked)
{
	char text[16];
	size_t len = fmt_into(text, sizeof text, "%u", number);
	HTML("<a id=\"L");
	buf_bytes(out, text, len);
	HTML("\" href=\"#L");
	buf_bytes(out, text, len);
	if (marked)
		HTML("\" aria-current=\"true\">");
	else
		HTML("\">");
	buf_bytes(out, text, len);
	HTML("</a>");
}

/* By hand and terse, because it is the bulk of what this server draws. */
void view_lines(struct buf *out, const struct file *file, unsigned from, unsigned to)
{
	struct painter paint = {.text = file->bytes, .spans = file->spans};
	struct str rest = file->bytes, line;
	buf_reserve(out, rest.len * 2);
	HTML("<pre class=\"lines\">");
	for (unsigned number = 1; str_line(&rest, &line); number++) {
		(void)str_skip_end(&line, STR("\r"));
		begin_line(out, number, number >= from && number <= to);
		size_t at = (size_t)(line.at - file->bytes.at);
		highlight_paint(out, &paint, at, at + line.len);
		buf_byte(out, '\n');
	}
	HTML("</pre>");
}

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

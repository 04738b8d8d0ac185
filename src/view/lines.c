#include "view/page.h"

/* One row per line; written by hand because it is the bulk of what this server draws. */
void view_lines(struct buf *out, struct str text)
{
	buf_reserve(out, text.len * 2);
	HTML("<div class=\"scroll\"><table class=\"code\"><tbody>");
	struct str rest = text, line;
	for (unsigned number = 1; str_line(&rest, &line); number++) {
		str_skip_end(&line, STR("\r"));
		buf_fmt(out,
			"<tr id=\"L%u\"><td class=\"n\"><a href=\"#L%u\">%u</a></td><td "
			"class=\"c\">",
			number, number, number);
		html_str(out, line);
		HTML("</td></tr>\n");
	}
	HTML("</tbody></table></div>");
}

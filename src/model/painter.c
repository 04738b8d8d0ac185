#include "model/painter.h"

#include "base/html.h"

static const struct str begins[] = {
#define X(name, letter) {"<i class=\"" letter "\">", sizeof "<i class=\"" letter "\">" - 1},
	HIGHLIGHT_CLASSES(X)
#undef X
};

void highlight_paint(struct buf *out, struct painter *p, size_t from, size_t to)
{
	while (from < to && p->next < p->spans.count) {
		const struct span *s = &p->spans.at[p->next];
		size_t begin = s->at > from ? s->at : from, end = s->at + s->len;
		if (end <= from) {
			p->next++;
			continue;
		}
		if (begin >= to)
			break;
		html_escape(out, str_from(p->text.at + from, begin - from));
		from = end < to ? end : to;
		buf_str(out, begins[s->class]);
		html_escape(out, str_from(p->text.at + begin, from - begin));
		buf_str(out, STR("</i>"));
	}
	if (from < to)
		html_escape(out, str_from(p->text.at + from, to - from));
}

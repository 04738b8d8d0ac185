#include "wire/lines.h"

enum { LINES_SEND = 60000 };

void lines_init(struct ctx *c, struct lines *l, struct sink *to)
{
	*l = (struct lines){.buf.arena = c->arena, .to = to};
}

enum err lines_send(struct ctx *c, struct lines *l)
{
	size_t len = l->buf.len;
	l->buf.len = 0;
	return sink_write(c, l->to, l->buf.at, len);
}

enum err lines_fmt(struct ctx *c, struct lines *l, const char *format, ...)
{
	struct arena_mark mark = arena_mark(c->arena);
	struct buf text = {.arena = c->arena};
	if (l->buf.cap < 2 * LINES_SEND) {
		buf_reserve(&l->buf, 2 * LINES_SEND);
		mark = arena_mark(c->arena);
	}
	if (l->banded)
		buf_byte(&text, BAND_DATA);
	va_list args;
	va_start(args, format);
	buf_vfmt(&text, format, args);
	va_end(args);
	if (text.len > PKT_DATA_MAX)
		return fail(c, ERR_TOO_BIG, "a line of the answer is too long");
	pkt_data(&l->buf, buf_view(&text));
	arena_rewind(c->arena, mark);
	return l->buf.len > LINES_SEND - PKT_DATA_MAX / 8 ? lines_send(c, l) : OK;
}

void lines_delim(struct lines *l)
{
	pkt_delim(&l->buf);
}

enum err lines_flush(struct ctx *c, struct lines *l)
{
	pkt_flush(&l->buf);
	return lines_send(c, l);
}

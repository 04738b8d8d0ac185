#include "web/multipart.h"

#include "base/buf.h"

enum { BUFFER = 64 << 10, PAST = 4096 };

static enum err bad(struct ctx *c)
{
	return fail(c, ERR_INVALID, "the form is not well-formed multipart/form-data");
}

/* The value of a header's parameter, quotes off: `NAME=value` or `NAME="value"`. */
static bool parameter(struct ctx *c, struct str header, const char *name, struct str *out)
{
	str_cut(&header, ';');
	while (header.len) {
		struct buf value = {.arena = c->arena};
		struct str key = str_trim(str_until(header, str_find(header, '=')));
		header = str_from_index(header, str_find(header, '=') + 1);
		bool quoted = str_skip(&header, STR("\""));
		size_t at = 0;
		for (; at < header.len && header.at[at] != (quoted ? '"' : ';'); at++) {
			bool escaped = quoted && header.at[at] == '\\' && at + 1 < header.len &&
				       (header.at[at + 1] == '"' || header.at[at + 1] == '\\');
			at += escaped;
			buf_byte(&value, header.at[at]);
		}
		header = str_from_index(header, at);
		str_cut(&header, ';');
		if (str_eq_nocase(key, str_of(name))) {
			*out = quoted ? buf_view(&value) : str_trim(buf_view(&value));
			return true;
		}
	}
	return false;
}

/* Of names browsers escape a quote and ends of lines, and nothing else. */
static struct str unescape(struct ctx *c, struct str text)
{
	struct buf out = {.arena = c->arena};
	while (text.len) {
		if (str_skip(&text, STR("%22"))) {
			buf_byte(&out, '"');
		} else if (str_skip(&text, STR("%0D"))) {
			buf_byte(&out, '\r');
		} else if (str_skip(&text, STR("%0A"))) {
			buf_byte(&out, '\n');
		} else {
			buf_byte(&out, *text.at);
			text = str_from_index(text, 1);
		}
	}
	return buf_view(&out);
}

bool multipart_is(struct str content_type)
{
	return str_eq_nocase(str_trim(str_cut(&content_type, ';')), STR("multipart/form-data"));
}

static struct str have(const struct multipart *m)
{
	return str_from(m->buffer + m->at, m->end - m->at);
}

/* Makes the buffer as full as it gets. */
static enum err fill(struct ctx *c, struct multipart *m)
{
	memmove(m->buffer, m->buffer + m->at, m->end - m->at);
	m->end -= m->at;
	m->at = 0;
	for (size_t got = 1; !m->over && m->end < BUFFER;) {
		TRY(source_read(c, m->from, m->buffer + m->end, BUFFER - m->end, &got));
		m->end += got;
		m->over = got == 0;
	}
	return OK;
}

/* How much of the buffer is surely the part's. */
static enum err part_ahead(struct ctx *c, struct multipart *m, size_t *len)
{
	struct str rest = have(m);
	*len = str_find_str(rest, m->delimiter);
	if (*len == rest.len && !m->over) {
		TRY(fill(c, m));
		rest = have(m);
		*len = str_find_str(rest, m->delimiter);
	}
	m->whole = *len < rest.len;
	if (m->whole)
		return OK;
	if (m->over)
		return fail(c, ERR_INVALID, "the form ends too early: send it again");
	*len = rest.len - m->delimiter.len;
	return OK;
}

static enum err part_read(struct ctx *c, struct source *self, void *into, size_t cap, size_t *got)
{
	struct multipart *m = (struct multipart *)self;
	size_t len;
	*got = 0;
	if (m->whole && str_starts(have(m), m->delimiter))
		return OK;
	TRY(part_ahead(c, m, &len));
	*got = len < cap ? len : cap;
	memcpy(into, m->buffer + m->at, *got);
	m->at += *got;
	return OK;
}

enum err multipart_open(
	struct ctx *c, struct multipart *m, struct str content_type, struct source *from)
{
	struct str boundary;
	if (!parameter(c, content_type, "boundary", &boundary) || !boundary.len ||
		boundary.len > MULTIPART_BOUNDARY_MAX)
		return bad(c);
	*m = (struct multipart){
		.part.read = part_read,
		.from = from,
		.delimiter = str_of(arena_fmt(c->arena, "\r\n--%.*s", STR_FMT(boundary))),
		.buffer = arena_raw(c->arena, BUFFER),
		.end = 2,
	};
	/* The first delimiter may be the first thing there is. */
	memcpy(m->buffer, "\r\n", 2);
	return OK;
}

static enum err skip_part(struct ctx *c, struct multipart *m)
{
	char past[PAST];
	for (size_t got = 1; got;) {
		TRY(part_read(c, &m->part, past, sizeof past, &got));
		TRY(ctx_check(c));
	}
	m->at += m->delimiter.len;
	m->whole = false;
	return OK;
}

static enum err read_line(struct ctx *c, struct multipart *m, struct str *line)
{
	size_t len = str_find_str(have(m), STR("\r\n"));
	if (len == have(m).len) {
		TRY(fill(c, m));
		len = str_find_str(have(m), STR("\r\n"));
	}
	if (len == have(m).len || len > MULTIPART_HEAD_MAX)
		return bad(c);
	*line = str_copy(c->arena, str_until(have(m), len));
	m->at += len + 2;
	return OK;
}

static void read_disposition(struct ctx *c, struct str value, struct multipart_part *out)
{
	if (parameter(c, value, "name", &out->name))
		out->name = unescape(c, out->name);
	out->is_file = parameter(c, value, "filename", &out->file_name);
	if (out->is_file)
		out->file_name = unescape(c, out->file_name);
}

static enum err read_head(struct ctx *c, struct multipart *m, struct multipart_part *out)
{
	size_t total = 0;
	*out = (struct multipart_part){0};
	for (struct str line = {.len = 1}; line.len; total += line.len) {
		TRY(read_line(c, m, &line));
		struct str value = line, name = str_cut(&value, ':');
		if (str_eq_nocase(name, STR("content-disposition")))
			read_disposition(c, value, out);
		if (total > MULTIPART_HEAD_MAX)
			return bad(c);
	}
	return out->name.len ? OK : bad(c);
}

enum err multipart_next(struct ctx *c, struct multipart *m, struct multipart_part *out, bool *more)
{
	struct str line;
	*more = false;
	TRY(skip_part(c, m));
	if (m->end - m->at < 2)
		TRY(fill(c, m));
	if (str_starts(have(m), STR("--")))
		return OK;
	TRY(read_line(c, m, &line));
	if (str_trim(line).len)
		return bad(c);
	*more = true;
	return read_head(c, m, out);
}

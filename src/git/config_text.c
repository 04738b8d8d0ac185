#include "git/config_text.h"

static int peek(const struct config_text *t)
{
	return t->rest.len ? (unsigned char)t->rest.at[0] : -1;
}

static int take(struct config_text *t)
{
	int byte = peek(t);
	if (byte >= 0)
		t->rest = str_from_index(t->rest, 1);
	return byte;
}

static bool is_space(int byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n' || byte == '\v' ||
	       byte == '\f';
}

static bool is_name(int byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '-';
}

static char lower(int byte)
{
	return (char)(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
}

static void skip_line(struct config_text *t)
{
	while (peek(t) >= 0 && take(t) != '\n')
		continue;
}

/* What stands between quotes, up to the second one. */
static bool take_subsection(struct config_text *t)
{
	struct buf name = {.arena = t->arena};
	for (int byte; (byte = take(t)) != '"';) {
		if (byte == '\\')
			byte = take(t);
		if (byte < 0 || byte == '\n')
			return false;
		buf_byte(&name, (char)byte);
	}
	t->subsection = buf_view(&name);
	t->has_subsection = true;
	return true;
}

/* After "[". */
static bool take_section(struct config_text *t)
{
	struct buf name = {.arena = t->arena};
	t->has_subsection = false;
	t->subsection = STR("");
	while (is_name(peek(t)) || peek(t) == '.')
		buf_byte(&name, lower(take(t)));
	t->section = buf_view(&name);
	if (is_space(peek(t))) {
		while (peek(t) == ' ' || peek(t) == '\t')
			take(t);
		if (take(t) != '"' || !take_subsection(t))
			return false;
	} else if (str_find(t->section, '.') < t->section.len) {
		struct str rest = t->section;
		t->section = str_cut(&rest, '.');
		t->subsection = rest;
		t->has_subsection = true;
	}
	return take(t) == ']' && t->section.len > 0;
}

static bool take_escape(struct config_text *t, struct buf *value)
{
	int byte = take(t);
	if (byte == '\r' && peek(t) == '\n')
		byte = take(t);
	switch (byte) {
	case '\n': return true;
	case 't': buf_byte(value, '\t'); return true;
	case 'b': buf_byte(value, '\b'); return true;
	case 'n': buf_byte(value, '\n'); return true;
	case '\\':
	case '"': buf_byte(value, (char)byte); return true;
	default: return false;
	}
}

/* After "=". Trailing space goes, and so does a comment, unless they are quoted. */
static bool take_value(struct config_text *t, struct str *out)
{
	struct buf value = {.arena = t->arena};
	size_t solid = 0;
	bool quoted = false;
	while (peek(t) == ' ' || peek(t) == '\t')
		take(t);
	for (int byte; (byte = take(t)) >= 0 && byte != '\n';) {
		if (byte == '"') {
			quoted = !quoted;
			continue;
		}
		if ((byte == '#' || byte == ';') && !quoted) {
			skip_line(t);
			break;
		}
		if (byte == '\\') {
			if (!take_escape(t, &value))
				return false;
		} else {
			buf_byte(&value, (char)byte);
		}
		if (quoted || !is_space(byte))
			solid = value.len;
	}
	*out = str_until(buf_view(&value), solid);
	return !quoted;
}

static bool take_entry(struct config_text *t, struct config_entry *out)
{
	struct buf key = {.arena = t->arena};
	while (is_name(peek(t)))
		buf_byte(&key, lower(take(t)));
	while (peek(t) == ' ' || peek(t) == '\t' || peek(t) == '\r')
		take(t);
	*out = (struct config_entry){
		t->section, t->subsection, t->has_subsection, buf_view(&key), STR("")};
	if (peek(t) == '#' || peek(t) == ';')
		skip_line(t);
	else if (peek(t) >= 0 && peek(t) != '\n')
		return take(t) == '=' && take_value(t, &out->value);
	return true;
}

bool config_text_next(struct config_text *t, struct config_entry *out)
{
	str_skip(&t->rest, STR("\xef\xbb\xbf"));
	while (peek(t) >= 0) {
		int byte = peek(t);
		if (is_space(byte)) {
			take(t);
		} else if (byte == '#' || byte == ';') {
			skip_line(t);
		} else if (byte == '[') {
			take(t);
			t->broken = !take_section(t);
		} else {
			t->broken = !is_name(byte) || !t->section.len || !take_entry(t, out);
			if (!t->broken)
				return true;
		}
		if (t->broken)
			return false;
	}
	return false;
}

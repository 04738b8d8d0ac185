#include "base/html.h"

/* U+202A..E and U+2066..9 reorder what is on the screen; U+200E, U+200F and U+061C hint at it. */
static uint32_t bidi_control(struct str s)
{
	const uint8_t *b = (const uint8_t *)s.at;
	if (s.len >= 2 && b[0] == 0xD8 && b[1] == 0x9C)
		return 0x61C;
	if (s.len < 3 || b[0] != 0xE2)
		return 0;
	uint32_t code = 0x2000u | (b[1] & 0x3Fu) << 6 | (b[2] & 0x3Fu);
	bool hint = code == 0x200E || code == 0x200F;
	bool override = (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
	return hint || override ? code : 0;
}

static const char *entity(char c)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&#39;";
	default: return NULL;
	}
}

static bool is_control(char c)
{
	return ((unsigned char)c < ' ' && c != '\n' && c != '\t') || c == 0x7F;
}

/* Writes the character that s starts with, and returns its length. */
static size_t put_character(struct buf *out, struct str s)
{
	const char *escaped = entity(*s.at);
	if (escaped) {
		buf_cstr(out, escaped);
		return 1;
	}
	size_t len = str_utf8_len(s);
	uint32_t code = len ? bidi_control(s) : 0;
	if (!len || is_control(*s.at))
		buf_cstr(out, "\xEF\xBF\xBD");
	else if (code)
		buf_fmt(out, "[U+%04x]", code);
	else
		buf_bytes(out, s.at, len);
	return len ? len : 1;
}

/* What put_character writes as it is, of one byte: all but controls and what entity() knows. */
static const bool is_plain[256] = {
	['\t' ... '\n'] = true,
	[' ' ... '!'] = true,
	['#' ... '%'] = true,
	['(' ... ';'] = true,
	['='] = true,
	['?' ... '~'] = true,
};

void html_escape(struct buf *out, struct str text)
{
	buf_reserve(out, text.len);
	size_t at = 0;
	while (at < text.len) {
		size_t run = at;
		while (run < text.len && is_plain[(unsigned char)text.at[run]])
			run++;
		buf_bytes(out, text.at + at, run - at);
		at = run;
		if (at < text.len)
			at += put_character(out, str_from_index(text, at));
	}
}

bool html_keeps(struct str text)
{
	for (size_t len; text.len; text = str_from_index(text, len)) {
		len = str_utf8_len(text);
		if (!len || is_control(*text.at) || bidi_control(text))
			return false;
	}
	return true;
}

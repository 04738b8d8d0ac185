#include "driver/markup_tags.h"

#include "base/html.h"
#include "driver/markup_url.h"

static void put_utf8(struct buf *out, uint32_t code)
{
	if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
		code = 0xFFFD;
	if (code < 0x80) {
		buf_byte(out, (char)code);
	} else if (code < 0x800) {
		buf_byte(out, (char)(0xC0 | code >> 6));
		buf_byte(out, (char)(0x80 | (code & 0x3F)));
	} else if (code < 0x10000) {
		buf_byte(out, (char)(0xE0 | code >> 12));
		buf_byte(out, (char)(0x80 | (code >> 6 & 0x3F)));
		buf_byte(out, (char)(0x80 | (code & 0x3F)));
	} else {
		buf_byte(out, (char)(0xF0 | code >> 18));
		buf_byte(out, (char)(0x80 | (code >> 12 & 0x3F)));
		buf_byte(out, (char)(0x80 | (code >> 6 & 0x3F)));
		buf_byte(out, (char)(0x80 | (code & 0x3F)));
	}
}

void markup_entity(struct buf *out, struct str entity)
{
	static const struct {
		const char *name, *text;
	} named[] = {{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""},
		{"&apos;", "'"}, {"&nbsp;", "\xC2\xA0"}, {"&copy;", "\xC2\xA9"},
		{"&reg;", "\xC2\xAE"}, {"&middot;", "\xC2\xB7"}, {"&ndash;", "\xE2\x80\x93"},
		{"&mdash;", "\xE2\x80\x94"}, {"&hellip;", "\xE2\x80\xA6"},
		{"&bull;", "\xE2\x80\xA2"}, {"&rarr;", "\xE2\x86\x92"}, {"&larr;", "\xE2\x86\x90"},
		{"&trade;", "\xE2\x84\xA2"}, {"&times;", "\xC3\x97"}};
	for (size_t i = 0; i < sizeof named / sizeof *named; i++)
		if (str_is(entity, named[i].name)) {
			buf_cstr(out, named[i].text);
			return;
		}
	struct str digits = entity;
	uint64_t code;
	if (str_skip(&digits, STR("&#")) && str_skip_end(&digits, STR(";"))) {
		bool hex = str_skip(&digits, STR("x")) || str_skip(&digits, STR("X"));
		if (hex ? str_hex_to_u64(digits, &code) : str_to_u64(digits, &code)) {
			put_utf8(out, code > 0x10FFFF ? 0 : (uint32_t)code);
			return;
		}
	}
	buf_str(out, entity);
}

/* Text with its entities decoded. */
static struct str decoded(struct arena *a, struct str text)
{
	struct buf out = {.arena = a};
	while (text.len) {
		size_t at = str_find(text, '&');
		buf_str(&out, str_until(text, at));
		text = str_from_index(text, at);
		size_t end = str_find(str_until(text, 12), ';') + 1;
		if (text.len && end <= 12 && end <= text.len) {
			markup_entity(&out, str_until(text, end));
			text = str_from_index(text, end);
		} else if (text.len) {
			buf_byte(&out, '&');
			text = str_from_index(text, 1);
		}
	}
	return buf_view(&out);
}

static void put_picture(struct buf *out, struct str url, struct str alt, bool elsewhere)
{
	buf_cstr(out, "<img src=\"");
	html_escape(out, url);
	buf_cstr(out, "\" alt=\"");
	html_escape(out, alt);
	buf_cstr(out, "\" loading=\"lazy\"");
	buf_cstr(out, elsewhere ? " referrerpolicy=\"no-referrer\">" : ">");
}

/* What stands for a picture that is not loaded, so that nobody is told who reads this. */
static void put_stand_in(struct buf *out, struct str url, struct str alt, enum markup_place place)
{
	struct str host = image_host_of(url);
	bool link = place == MARKUP_IN_TEXT;
	if (!host.len || host.len > HOST_NAME_MAX_BYTES) {
		html_escape(out, alt);
		return;
	}
	buf_cstr(out, link ? "<a class=\"picture\"" : "<span class=\"picture\"");
	if (link) {
		buf_cstr(out, " rel=\"nofollow noreferrer\" href=\"");
		html_escape(out, url);
		buf_byte(out, '"');
	}
	buf_cstr(out, " title=\"Picture at ");
	html_escape(out, host);
	buf_cstr(out, "\">");
	html_escape(out, alt);
	buf_cstr(out, str_trim(alt).len ? " <small>" : "<small>");
	html_escape(out, host);
	buf_cstr(out, link ? "</small></a>" : "</small></span>");
}

void markup_image(struct buf *out, const struct markup_base *base, struct str url, struct str alt,
	enum markup_place place)
{
	struct buf src = {.arena = out->arena};
	enum markup_url kind = markup_url(&src, base, url, true);
	bool elsewhere = kind == URL_ELSEWHERE;
	if (kind == URL_REFUSED)
		html_escape(out, alt);
	else if (elsewhere && !image_hosts_allow(base->image_hosts, buf_view(&src)))
		put_stand_in(out, buf_view(&src), alt, place);
	else
		put_picture(out, buf_view(&src), alt, elsewhere);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* Cuts the next attribute off the inside of a tag; false at its end. */
static bool next_attribute(struct str *rest, struct str *name, struct str *value)
{
	while (rest->len && (is_space(*rest->at) || *rest->at == '/'))
		*rest = str_from_index(*rest, 1);
	size_t end = 0;
	while (end < rest->len && !is_space(rest->at[end]) && !memchr("=/", rest->at[end], 2))
		end++;
	*name = str_until(*rest, end);
	*value = STR("");
	*rest = str_from_index(*rest, end);
	if (!str_skip(rest, STR("=")))
		return name->len > 0;
	char quote = rest->len ? *rest->at : 0;
	if (quote == '"' || quote == '\'') {
		*rest = str_from_index(*rest, 1);
		*value = str_cut(rest, quote);
	} else {
		for (end = 0; end < rest->len && !is_space(rest->at[end]);)
			end++;
		*value = str_until(*rest, end);
		*rest = str_from_index(*rest, end);
	}
	return true;
}

static void put_tag(
	struct buf *out, const struct markup_base *base, struct str tag, enum markup_place place)
{
	struct str name, value, src = STR(""), alt = STR("");
	if (!next_attribute(&tag, &name, &value))
		return;
	if (str_eq_nocase(name, STR("br")) || str_eq_nocase(name, STR("p")))
		buf_cstr(out, "<br>");
	if (!str_eq_nocase(name, STR("img")))
		return;
	while (next_attribute(&tag, &name, &value)) {
		if (str_eq_nocase(name, STR("src")))
			src = decoded(out->arena, value);
		else if (str_eq_nocase(name, STR("alt")))
			alt = decoded(out->arena, value);
	}
	markup_image(out, base, src, alt, place);
}

/* The end of the tag that `html` begins with: quotes may hold a '>'. */
static size_t tag_end(struct str html)
{
	char quote = 0;
	for (size_t i = 1; i < html.len; i++) {
		char byte = html.at[i];
		if (quote)
			quote = byte == quote ? 0 : quote;
		else if (byte == '"' || byte == '\'')
			quote = byte;
		else if (byte == '>')
			return i;
	}
	return html.len;
}

/* Elements whose words are not for people. */
static size_t hidden_end(struct str html)
{
	static const char *const pairs[][2] = {
		{"<!--", "-->"}, {"<script", "</script>"}, {"<style", "</style>"}, {"<?", "?>"}};
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct str start = str_of(pairs[i][0]), end = str_of(pairs[i][1]);
		if (!str_eq_nocase(str_until(html, start.len), start))
			continue;
		for (size_t at = start.len; at < html.len; at++)
			if (str_eq_nocase(str_until(str_from_index(html, at), end.len), end))
				return at + end.len;
		return html.len;
	}
	return 0;
}

void markup_tags(
	struct buf *out, const struct markup_base *base, struct str html, enum markup_place place)
{
	while (html.len) {
		size_t at = str_find(html, '<');
		html_escape(out, decoded(out->arena, str_until(html, at)));
		html = str_from_index(html, at);
		if (!html.len)
			break;
		size_t hidden = hidden_end(html);
		if (hidden) {
			html = str_from_index(html, hidden);
			continue;
		}
		size_t end = tag_end(html);
		put_tag(out, base, str_until(str_from_index(html, 1), end - 1), place);
		html = str_from_index(html, end + 1);
	}
}

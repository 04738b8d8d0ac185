#include "view/html.h"

#include "base/date.h"
#include "base/html.h"
#include "base/uri.h"

void html_str(struct buf *out, struct str text)
{
	html_escape(out, text);
}

void html_cstr(struct buf *out, const char *text)
{
	html_str(out, str_of(text));
}

void html_int(struct buf *out, long long number)
{
	buf_fmt(out, "%lld", number);
}

void html_url(struct buf *out, struct str text)
{
	uri_encode(out, text);
}

void html_path(struct buf *out, struct str text)
{
	uri_encode_path(out, text);
}

void html_id(struct buf *out, const struct oid *id)
{
	char hex[OID_HEX_MAX];
	buf_cstr(out, oid_hex(id, hex));
}

void html_short(struct buf *out, const struct oid *id)
{
	char hex[OID_HEX_MAX];
	buf_bytes(out, oid_hex(id, hex), 10);
}

void html_day(struct buf *out, int64_t seconds)
{
	char text[24];
	date_rfc3339(seconds, text);
	if (seconds)
		html_text(out, str_until(str_of(text), sizeof "2027-01-31" - 1));
}

void html_time(struct buf *out, int64_t seconds, int64_t now)
{
	char stamp[24], absolute[32], relative[32];
	date_rfc3339(seconds, stamp);
	date_git(seconds, 0, absolute);
	date_relative(seconds, now, relative);
	buf_fmt(out, "<time datetime=\"%s\" title=\"%.19s UTC\">%s</time>", stamp, absolute,
		relative);
}

void html_size(struct buf *out, uint64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	if (bytes < 1024) {
		html_count(out, (long long)bytes, "byte");
		return;
	}
	size_t unit = 0;
	while (bytes >> 10 >= 1024)
		bytes >>= 10, unit++;
	buf_fmt(out, "%llu.%llu %s", (unsigned long long)(bytes >> 10),
		(unsigned long long)((bytes & 1023) * 10 >> 10), units[unit]);
}

static void attribute(struct buf *out, const char *name, const char *value)
{
	buf_fmt(out, " %s=\"", name);
	html_cstr(out, value);
	buf_byte(out, '"');
}

void html_script(struct buf *out, const struct script *script)
{
	if (!script->url)
		return;
	HTML("<script");
	attribute(out, "src", script->url);
	attribute(out, "integrity", script->integrity);
	if (script->module) {
		attribute(out, "data-module", script->module);
		attribute(out, "data-integrity", script->module_integrity);
	}
	if (script->worker)
		attribute(out, "data-worker", script->worker);
	if (script->offline) {
		attribute(out, "data-offline", script->offline);
		attribute(out, "data-offline-integrity", script->offline_integrity);
	}
	HTML(" defer></script>\n");
}

void html_raw(struct buf *out, struct str html)
{
	buf_str(out, html);
}

void html_count(struct buf *out, long long number, const char *word)
{
	buf_fmt(out, "%lld %s%s", number, word, number == 1 ? "" : "s");
}

/* Where the next link in `text` starts (text.len: nowhere), and how long it is. */
static size_t find_link(struct str text, size_t *len)
{
	size_t at = str_find_str(text, STR("http"));
	while (at < text.len) {
		struct str rest = str_from_index(text, at);
		bool link = str_starts(rest, STR("https://")) || str_starts(rest, STR("http://"));
		size_t end = 0;
		while (link && end < rest.len && (unsigned char)rest.at[end] > ' ' &&
			!memchr("<>\"'`", rest.at[end], 5))
			end++;
		while (end && memchr(".,;:!?)]}", rest.at[end - 1], 9))
			end--;
		*len = end;
		if (end > 8)
			return at;
		at += 4 + str_find_str(str_from_index(text, at + 4), STR("http"));
	}
	return text.len;
}

void html_message(struct buf *out, struct str text)
{
	while (text.len) {
		size_t len = 0;
		size_t at = find_link(text, &len);
		html_str(out, str_until(text, at));
		if (len) {
			struct str url = str_until(str_from_index(text, at), len);
			HTML("<a rel=\"nofollow noreferrer\" href=\"");
			html_str(out, url);
			HTML("\">");
			html_str(out, url);
			HTML("</a>");
		}
		text = str_from_index(text, at + len);
	}
}

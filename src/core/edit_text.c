#include "core/edit_text.h"

#include "base/buf.h"
#include "base/html.h"
#include "base/vec.h"
#include "git/diff.h"

enum ending { END_NONE, END_LF, END_CRLF, END_CR, ENDINGS };

static const char *const endings[ENDINGS] = {"", "\n", "\r\n", "\r"};

/* Cuts a line off, and says how it ended. */
static struct str cut_line(struct str *rest, enum ending *end)
{
	size_t at = 0;
	while (at < rest->len && rest->at[at] != '\n' && rest->at[at] != '\r')
		at++;
	struct str line = str_until(*rest, at);
	struct str after = str_from_index(*rest, at);
	*end = str_skip(&after, STR("\r\n")) ? END_CRLF
	       : str_skip(&after, STR("\n")) ? END_LF
	       : str_skip(&after, STR("\r")) ? END_CR
					     : END_NONE;
	*rest = after;
	return line;
}

struct str edit_plain(struct ctx *c, struct str bytes)
{
	struct buf out = {.arena = c->arena};
	enum ending end;
	if (str_find(bytes, '\r') == bytes.len)
		return bytes;
	buf_reserve(&out, bytes.len);
	while (bytes.len) {
		buf_str(&out, cut_line(&bytes, &end));
		buf_cstr(&out, end ? "\n" : "");
	}
	return buf_view(&out);
}

const char *edit_unfit(struct str bytes)
{
	struct str rest = bytes;
	enum ending end;
	if (bytes.len && memchr(bytes.at, 0, bytes.len))
		return "is binary";
	if (!str_is_utf8(bytes))
		return "is not UTF-8 text";
	while (rest.len)
		if (!html_keeps(cut_line(&rest, &end)))
			return "has control characters, which a page does not keep";
	return NULL;
}

/* How the lines of a text end, and most of them. */
struct ends {
	VEC_OF(uint8_t) of;
	enum ending most;
};

static void read_ends(struct ctx *c, struct str text, struct ends *out)
{
	size_t counts[ENDINGS] = {0};
	*out = (struct ends){.of.arena = c->arena, .most = END_LF};
	while (text.len) {
		enum ending end;
		cut_line(&text, &end);
		*vec_push(&out->of) = (uint8_t)end;
		counts[end]++;
	}
	for (enum ending end = END_LF; end < ENDINGS; end++)
		if (counts[end] > counts[out->most])
			out->most = end;
}

static void put_line(struct buf *out, struct str line, enum ending end)
{
	bool ended = str_skip_end(&line, STR("\n"));
	buf_str(out, line);
	buf_cstr(out, ended ? endings[end] : "");
}

enum err edit_typed(struct ctx *c, struct str old, struct str typed, struct str *out)
{
	struct diff_script script;
	struct ends ends;
	struct buf text = {.arena = c->arena};
	*out = edit_plain(c, typed);
	if (str_find(old, '\r') == old.len)
		return OK;
	read_ends(c, old, &ends);
	TRY(diff_lines(c, edit_plain(c, old), *out, &script));
	uint32_t from = 0, to = 0;
	for (size_t i = 0; i <= script.count; i++) {
		bool last = i == script.count;
		uint32_t same = last ? script.new.count : script.edits[i].new_at;
		for (; to < same; to++, from++) {
			enum ending own = ends.of.at[from];
			put_line(&text, script.new.at[to], own ? own : ends.most);
		}
		for (uint32_t end = last ? to : to + script.edits[i].new_count; to < end; to++)
			put_line(&text, script.new.at[to], ends.most);
		from += last ? 0 : script.edits[i].old_count;
	}
	*out = buf_view(&text);
	return OK;
}

#include "driver/markup_notes.h"

#include "base/html.h"

enum { LABEL_MAX = 100 };

/* "[^label]" at the beginning: its length, or 0. */
static size_t reference(struct str text, struct str *label)
{
	if (!str_starts(text, STR("[^")))
		return 0;
	size_t end = 2;
	while (end < text.len && end < LABEL_MAX && !memchr("[] \t\n^", text.at[end], 6))
		end++;
	if (end == 2 || end == text.len || text.at[end] != ']')
		return 0;
	*label = str_from(text.at + 2, end - 2);
	return end + 1;
}

/* How the line changes the fence ("```", "~~~") that is open; 0: none is. */
static size_t fence(struct str line, char *mark, size_t open)
{
	size_t indent = 0, len = 0;
	while (indent < 4 && indent < line.len && line.at[indent] == ' ')
		indent++;
	line = str_from_index(line, indent);
	char byte = line.len ? *line.at : 0;
	if (indent > 3 || (byte != '`' && byte != '~') || (open && byte != *mark))
		return open;
	while (len < line.len && line.at[len] == byte)
		len++;
	if (!open && len >= 3) {
		*mark = byte;
		return len;
	}
	return open && len >= open && str_trim(str_from_index(line, len)).len == 0 ? 0 : open;
}

static bool is_indented(struct str line)
{
	return str_starts(line, STR("\t")) || str_starts(line, STR("    "));
}

static bool define(struct ctx *c, struct markup_notes *notes, struct str *line, struct buf **into)
{
	struct str label;
	size_t len = reference(*line, &label);
	if (!len || len == line->len || line->at[len] != ':' || notes->count == NOTES_MAX)
		return false;
	void **place = map_put(&notes->by_label, label);
	if (*place)
		return false;
	struct markup_note *note = NEW(c->arena, struct markup_note);
	*place = note;
	notes->count++;
	note->text.arena = c->arena;
	*into = &note->text;
	*line = str_trim(str_from_index(*line, len + 1));
	return true;
}

/* Lines go to the text, or to the note that is open: until one that is not indented, blank ones aside. */
struct str markup_notes_cut(struct ctx *c, struct str text, struct markup_notes *out)
{
	struct buf rest = {.arena = c->arena}, *into = &rest;
	struct str line;
	char mark = 0;
	size_t open = 0;
	*out = (struct markup_notes){.by_label.arena = c->arena, .used.arena = c->arena};
	c->world->random(&out->by_label.seed, sizeof out->by_label.seed);
	if (str_find_str(text, STR("[^")) == text.len)
		return text;
	while (str_line(&text, &line)) {
		bool blank = str_trim(line).len == 0;
		if (into != &rest && is_indented(line))
			line = str_from_index(line, *line.at == '\t' ? 1 : 4);
		else if (into != &rest && !blank)
			into = &rest;
		if (into == &rest)
			open = fence(line, &mark, open);
		if (!open)
			(void)define(c, out, &line, &into);
		buf_str(into, line);
		buf_byte(into, '\n');
	}
	return buf_view(&rest);
}

static void link_to(struct buf *out, struct markup_notes *notes, struct markup_note *note)
{
	bool first = note->number == 0;
	if (first) {
		*vec_push(&notes->used) = note;
		note->number = notes->used.len;
	}
	buf_fmt(out, "<sup><a href=\"#@note-%zu\"", note->number);
	if (first)
		buf_fmt(out, " id=\"@note-of-%zu\"", note->number);
	buf_fmt(out, " aria-label=\"Footnote %zu\">%zu</a></sup>", note->number, note->number);
}

void markup_notes_text(struct buf *out, struct markup_notes *notes, struct str text, bool links)
{
	while (links && notes->count && text.len) {
		struct str label;
		size_t at = str_find_str(text, STR("[^"));
		html_escape(out, str_until(text, at));
		text = str_from_index(text, at);
		size_t len = reference(text, &label);
		struct markup_note *note = len ? map_get(&notes->by_label, label) : NULL;
		if (note)
			link_to(out, notes, note);
		else if (text.len)
			html_escape(out, str_until(text, len = 2));
		text = str_from_index(text, len);
	}
	html_escape(out, text);
}

/*
 * Markdown by md4c, with a renderer of our own: nothing of the author's becomes a tag or an attribute
 * but what is written here. A picture of another host would tell it who reads this: it is shown only where the owner named
 * that host, as the policy of our pages is too.
 */
#include "base/html.h"
#include "base/map.h"
#include "base/vec.h"
#include "driver/driver.h"
#include "driver/markup_notes.h"
#include "driver/markup_tags.h"
#include "driver/markup_url.h"
#include "model/language.h"
#include "model/painter.h"

#include <md4c.h>
#include <string.h>

/* Links by reference can make a small text large, and nested quotes a deep page. */
enum { TEXT_MAX = 1 << 20, HTML_MAX = 4 << 20, DEPTH_MAX = 100, CODE_MAX = 128 << 10 };

struct render {
	struct ctx *c;
	const struct markup_base *base;
	struct buf *out;
	struct buf heading, words; /* a heading's HTML, and its text alone */
	struct buf raw;            /* an HTML block */
	struct buf code;           /* a block of code … */
	const char *grammar;       /* … and its language's; NULL: it is written as it comes */
	size_t to_highlight;       /* bytes of code that may still be parsed */
	struct markup_notes notes;
	size_t quote; /* where the block began that the next text may make an alert */
	bool quote_begins, alert_begins;
	uint64_t alerts[2]; /* which of the open quotes are alerts: bits by their number */
	int quotes;
	struct buf alt;   /* a picture's text */
	struct str image; /* its URL */
	struct map slugs;
	size_t copied; /* bytes of attributes, which one definition can give to many links */
	int depth, image_depth;
	int links, refused; /* that are open; refused: … but not written */
	bool in_heading, in_raw;
};

static struct buf *target(struct render *r)
{
	return r->in_heading ? &r->heading : r->out;
}

static enum markup_place place_of(const struct render *r)
{
	return r->links ? MARKUP_IN_LINK : MARKUP_IN_TEXT;
}

static void put(struct render *r, const char *html)
{
	buf_cstr(target(r), html);
}

static struct str attribute(struct render *r, const MD_ATTRIBUTE *a)
{
	struct buf out = {.arena = r->c->arena};
	r->copied += a->size;
	if (r->copied > HTML_MAX)
		return STR("");
	for (size_t i = 0; a->text && a->substr_offsets[i] < a->size; i++) {
		struct str part = str_from(a->text + a->substr_offsets[i],
			a->substr_offsets[i + 1] - a->substr_offsets[i]);
		if (a->substr_types[i] == MD_TEXT_ENTITY)
			markup_entity(&out, part);
		else if (a->substr_types[i] != MD_TEXT_NULLCHAR)
			buf_str(&out, part);
	}
	return buf_view(&out);
}

/* As people expect an anchor: "Getting started!" is "getting-started". */
static struct str slug_of(struct render *r, struct str words)
{
	struct buf out = {.arena = r->c->arena};
	for (size_t i = 0; i < words.len; i++) {
		char byte = words.at[i];
		if (byte >= 'A' && byte <= 'Z')
			byte = (char)(byte - 'A' + 'a');
		bool keep = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
			    byte == '-' || byte == '_' || (unsigned char)byte >= 0x80;
		if (keep || byte == ' ')
			buf_byte(&out, byte == ' ' ? '-' : byte);
	}
	struct str slug = buf_view(&out);
	void **count = map_put(&r->slugs, slug);
	size_t times = (size_t)(uintptr_t)*count + 1;
	*count = (void *)(uintptr_t)times;
	if (times > 1)
		buf_fmt(&out, "-%zu", times - 1);
	return buf_view(&out);
}

static void end_heading(struct render *r, unsigned level)
{
	r->in_heading = false;
	struct str slug = slug_of(r, str_trim(buf_view(&r->words)));
	buf_fmt(r->out, "<h%u", level);
	if (slug.len) {
		buf_cstr(r->out, " id=\"");
		html_escape(r->out, slug);
		buf_cstr(r->out, "\"");
	}
	buf_byte(r->out, '>');
	buf_str(r->out, buf_view(&r->heading));
	if (slug.len) {
		buf_cstr(r->out,
			" <a class=\"anchor\" aria-label=\"Link to this heading\" href=\"#");
		html_escape(r->out, slug);
		buf_cstr(r->out, "\">#</a>");
	}
	buf_fmt(r->out, "</h%u>\n", level);
}

static void begin_code(struct render *r, const MD_BLOCK_CODE_DETAIL *code)
{
	struct str lang = attribute(r, &code->lang);
	put(r, "<pre tabindex=\"0\"><code");
	if (lang.len) {
		put(r, " class=\"language-");
		html_escape(target(r), lang);
		put(r, "\"");
	}
	put(r, ">");
	enum language_id id = language_called(lang);
	r->grammar = r->base->highlight && id != LANGUAGES ? languages[id].grammar : NULL;
	r->code.len = 0;
}

static void end_code(struct render *r)
{
	struct spans spans = {0};
	struct str text = buf_view(&r->code);
	if (r->grammar && text.len <= r->to_highlight) {
		r->to_highlight -= text.len;
		if (highlight_spans(r->c, r->base->highlight, r->grammar, text, &spans))
			ctx_clear(r->c);
	}
	struct painter paint = {.text = text, .spans = spans};
	highlight_paint(r->out, &paint, 0, text.len);
	r->grammar = NULL;
	put(r, "</code></pre>\n");
}

static void begin_item(struct render *r, const MD_BLOCK_LI_DETAIL *item)
{
	if (!item->is_task)
		put(r, "<li>");
	else if (item->task_mark == ' ')
		put(r, "<li class=\"task\"><input type=\"checkbox\" disabled aria-label=\"to "
		       "do\">");
	else
		put(r, "<li class=\"task\"><input type=\"checkbox\" disabled checked "
		       "aria-label=\"done\">");
}

static void begin_cell(struct render *r, const char *tag, const MD_BLOCK_TD_DETAIL *cell)
{
	const char *where = cell->align == MD_ALIGN_CENTER  ? " class=\"mid\""
			    : cell->align == MD_ALIGN_RIGHT ? " class=\"far\""
							    : "";
	buf_fmt(target(r), "<%s%s>", tag, where);
}

static void begin_quote(struct render *r)
{
	r->quote = r->out->len;
	r->quote_begins = true;
	r->quotes++;
	put(r, "<blockquote>\n");
}

static uint64_t *alert_bit(struct render *r, uint64_t *bit)
{
	unsigned number = (unsigned)r->quotes % 128;
	*bit = (uint64_t)1 << number % 64;
	return &r->alerts[number / 64];
}

static void end_quote(struct render *r)
{
	uint64_t bit, *alerts = alert_bit(r, &bit);
	put(r, *alerts & bit ? "</div>\n" : "</blockquote>\n");
	*alerts &= ~bit;
	r->quotes--;
	r->quote_begins = false;
}

/*
 * A quote that begins with "[!NOTE]" on a line of its own is an alert: what was written of the quote is written anew.
 * True: the text is not to be written.
 */
static bool make_alert(struct render *r, MD_TEXTTYPE type, struct str text)
{
	static const struct {
		const char *mark, *class, *name;
	} all[] = {{"[!NOTE]", "note-box", "Note"}, {"[!TIP]", "tip-box", "Tip"},
		{"[!IMPORTANT]", "important-box", "Important"},
		{"[!WARNING]", "warning-box", "Warning"}, {"[!CAUTION]", "caution-box", "Caution"}};
	bool begins = r->quote_begins, after = r->alert_begins;
	uint64_t bit, *alerts = alert_bit(r, &bit);
	r->quote_begins = r->alert_begins = false;
	if (after && type == MD_TEXT_SOFTBR)
		return true;
	for (size_t i = 0; begins && type == MD_TEXT_NORMAL && i < sizeof all / sizeof *all; i++) {
		if (!str_eq_nocase(text, str_of(all[i].mark)))
			continue;
		r->out->len = r->quote;
		buf_fmt(r->out, "<div class=\"alert %s\">\n<p class=\"alert-name\">%s</p>\n<p>",
			all[i].class, all[i].name);
		*alerts |= bit;
		r->alert_begins = true;
		return true;
	}
	return false;
}

/* Stops the parser: some of its loops only do for less than 0. */
static int check(struct render *r)
{
	bool stop = r->depth > DEPTH_MAX || r->out->len > HTML_MAX || r->heading.len > HTML_MAX ||
		    r->copied > HTML_MAX || ctx_check(r->c) != OK;
	return stop ? -1 : 0;
}

static int enter_block(MD_BLOCKTYPE type, void *detail, void *self)
{
	struct render *r = self;
	r->depth++;
	r->quote_begins = r->quote_begins && type == MD_BLOCK_P;
	switch (type) {
	case MD_BLOCK_DOC: break;
	case MD_BLOCK_QUOTE: begin_quote(r); break;
	case MD_BLOCK_UL: put(r, "<ul>\n"); break;
	case MD_BLOCK_OL: {
		unsigned start = ((MD_BLOCK_OL_DETAIL *)detail)->start;
		if (start == 1)
			put(r, "<ol>\n");
		else
			buf_fmt(r->out, "<ol start=\"%u\">\n", start);
		break;
	}
	case MD_BLOCK_LI: begin_item(r, detail); break;
	case MD_BLOCK_HR: put(r, "<hr>\n"); break;
	case MD_BLOCK_H:
		r->in_heading = true;
		r->heading.len = r->words.len = 0;
		break;
	case MD_BLOCK_CODE: begin_code(r, detail); break;
	case MD_BLOCK_HTML:
		r->in_raw = true;
		r->raw.len = 0;
		break;
	case MD_BLOCK_P: put(r, "<p>"); break;
	case MD_BLOCK_TABLE:
		put(r, "<div class=\"scroll\" tabindex=\"0\" role=\"group\" "
		       "aria-label=\"Table\"><table>\n");
		break;
	case MD_BLOCK_THEAD: put(r, "<thead>\n"); break;
	case MD_BLOCK_TBODY: put(r, "<tbody>\n"); break;
	case MD_BLOCK_TR: put(r, "<tr>"); break;
	case MD_BLOCK_TH: begin_cell(r, "th", detail); break;
	case MD_BLOCK_TD: begin_cell(r, "td", detail); break;
	}
	return check(r);
}

static void end_raw(struct render *r)
{
	struct buf words = {.arena = r->c->arena};
	r->in_raw = false;
	markup_tags(&words, r->base, buf_view(&r->raw), MARKUP_IN_TEXT);
	if (str_trim(buf_view(&words)).len == 0)
		return;
	buf_cstr(r->out, "<div>");
	buf_str(r->out, buf_view(&words));
	buf_cstr(r->out, "</div>\n");
}

static int leave_block(MD_BLOCKTYPE type, void *detail, void *self)
{
	struct render *r = self;
	r->depth--;
	switch (type) {
	case MD_BLOCK_DOC:
	case MD_BLOCK_HR: break;
	case MD_BLOCK_QUOTE: end_quote(r); break;
	case MD_BLOCK_UL: put(r, "</ul>\n"); break;
	case MD_BLOCK_OL: put(r, "</ol>\n"); break;
	case MD_BLOCK_LI: put(r, "</li>\n"); break;
	case MD_BLOCK_H: end_heading(r, ((MD_BLOCK_H_DETAIL *)detail)->level); break;
	case MD_BLOCK_CODE: end_code(r); break;
	case MD_BLOCK_HTML: end_raw(r); break;
	case MD_BLOCK_P: put(r, "</p>\n"); break;
	case MD_BLOCK_TABLE: put(r, "</table></div>\n"); break;
	case MD_BLOCK_THEAD: put(r, "</thead>\n"); break;
	case MD_BLOCK_TBODY: put(r, "</tbody>\n"); break;
	case MD_BLOCK_TR: put(r, "</tr>\n"); break;
	case MD_BLOCK_TH: put(r, "</th>"); break;
	case MD_BLOCK_TD: put(r, "</td>"); break;
	}
	return check(r);
}

static void begin_link(struct render *r, const MD_SPAN_A_DETAIL *a)
{
	struct buf url = {.arena = r->c->arena};
	enum markup_url kind = markup_url(&url, r->base, attribute(r, &a->href), false);
	if (kind == URL_REFUSED) {
		r->refused++;
		return;
	}
	r->links++;
	put(r, kind == URL_ELSEWHERE ? "<a rel=\"nofollow noreferrer\" href=\"" : "<a href=\"");
	html_escape(target(r), buf_view(&url));
	put(r, "\">");
}

static void end_link(struct render *r)
{
	if (r->refused) {
		r->refused--;
		return;
	}
	r->links--;
	put(r, "</a>");
}

static const char *simple_tag(MD_SPANTYPE type)
{
	switch (type) {
	case MD_SPAN_EM: return "em";
	case MD_SPAN_STRONG: return "strong";
	case MD_SPAN_CODE: return "code";
	case MD_SPAN_DEL: return "del";
	case MD_SPAN_U: return "u";
	default: return NULL;
	}
}

static int enter_span(MD_SPANTYPE type, void *detail, void *self)
{
	struct render *r = self;
	r->depth++;
	if (type == MD_SPAN_IMG && r->image_depth++ == 0) {
		r->image = attribute(r, &((MD_SPAN_IMG_DETAIL *)detail)->src);
		r->alt.len = 0;
	}
	/* Inside of a picture's text everything is text. */
	if (r->image_depth)
		return check(r);
	if (type == MD_SPAN_A)
		begin_link(r, detail);
	else if (simple_tag(type))
		buf_fmt(target(r), "<%s>", simple_tag(type));
	return check(r);
}

static int leave_span(MD_SPANTYPE type, void *detail, void *self)
{
	struct render *r = self;
	(void)detail;
	r->depth--;
	if (type == MD_SPAN_IMG && --r->image_depth == 0) {
		markup_image(target(r), r->base, r->image, buf_view(&r->alt), place_of(r));
		return check(r);
	}
	if (r->image_depth)
		return check(r);
	if (type == MD_SPAN_A)
		end_link(r);
	else if (simple_tag(type))
		buf_fmt(target(r), "</%s>", simple_tag(type));
	return check(r);
}

static struct str plain(struct render *r, MD_TEXTTYPE type, struct str text)
{
	if (type == MD_TEXT_NULLCHAR)
		return STR("\xEF\xBF\xBD");
	if (type == MD_TEXT_BR || type == MD_TEXT_SOFTBR)
		return STR("\n");
	if (type != MD_TEXT_ENTITY)
		return text;
	struct buf out = {.arena = r->c->arena};
	markup_entity(&out, text);
	return buf_view(&out);
}

static int put_text(MD_TEXTTYPE type, const MD_CHAR *at, MD_SIZE size, void *self)
{
	struct render *r = self;
	struct str text = plain(r, type, str_from(at, size));
	if (r->in_raw) {
		buf_str(&r->raw, text);
		return check(r);
	}
	if (type == MD_TEXT_CODE && r->grammar) {
		buf_str(&r->code, text);
		return check(r);
	}
	if (make_alert(r, type, text))
		return check(r);
	if (r->image_depth) {
		buf_str(&r->alt, type == MD_TEXT_HTML ? STR("") : text);
		return check(r);
	}
	if (type == MD_TEXT_HTML)
		markup_tags(target(r), r->base, text, place_of(r));
	else if (type == MD_TEXT_BR)
		put(r, "<br>\n");
	else if (type == MD_TEXT_NORMAL)
		markup_notes_text(target(r), &r->notes, text, !r->in_heading);
	else
		html_escape(target(r), text);
	if (r->in_heading && type != MD_TEXT_HTML)
		buf_str(&r->words, text);
	return check(r);
}

/* md4c 0.4.8 looks behind the text for the end of a link: what it finds there must end any. */
static const char *with_end(struct ctx *c, struct str text)
{
	char *copy = arena_raw(c->arena, text.len + 2);
	if (text.len)
		memcpy(copy, text.at, text.len);
	memcpy(copy + text.len, "\n\n", 2);
	return copy;
}

static enum err parse(struct render *r, struct str text)
{
	static const MD_PARSER parser = {
		.flags = MD_DIALECT_GITHUB,
		.enter_block = enter_block,
		.leave_block = leave_block,
		.enter_span = enter_span,
		.leave_span = leave_span,
		.text = put_text,
	};
	if (md_parse(with_end(r->c, text), (MD_SIZE)text.len, &parser, r) == 0)
		return OK;
	if (r->c->error.kind)
		return r->c->error.kind;
	return fail(r->c, ERR_TOO_BIG, "the text is too large or too deep when it is rendered");
}

/* Those that the text refers to, in the order in which it does; one may refer to others. */
static enum err render_notes(struct render *r)
{
	struct markup_notes *notes = &r->notes;
	if (!notes->used.len)
		return OK;
	put(r, "<section class=\"notes\" aria-label=\"Footnotes\">\n<ol>\n");
	for (size_t i = 0; i < notes->used.len; i++) {
		buf_fmt(r->out, "<li id=\"@note-%zu\">", i + 1);
		TRY(parse(r, buf_view(&notes->used.at[i]->text)));
		buf_fmt(r->out,
			" <a href=\"#@note-of-%zu\" aria-label=\"Back to the "
			"text\">\xE2\x86\xA9</a></li>\n",
			i + 1);
	}
	put(r, "</ol>\n</section>\n");
	return OK;
}

static enum err render(struct ctx *c, struct markup *self, struct str text,
	const struct markup_base *base, struct buf *html)
{
	(void)self;
	if (text.len > TEXT_MAX)
		return fail(c, ERR_TOO_BIG, "the text is longer than %d bytes", TEXT_MAX);
	struct render r = {.c = c, .base = base, .out = html, .to_highlight = CODE_MAX};
	r.heading.arena = r.words.arena = r.raw.arena = r.alt.arena = r.slugs.arena = r.code.arena =
		c->arena;
	c->world->random(&r.slugs.seed, sizeof r.slugs.seed);
	(void)str_skip(&text, STR("\xEF\xBB\xBF"));
	size_t start = html->len;
	ctx_clear(c);
	text = markup_notes_cut(c, text, &r.notes);
	enum err err = parse(&r, text);
	err = err ? err : render_notes(&r);
	if (err)
		html->len = start;
	return err;
}

static void close_markup(struct markup *self)
{
	(void)self;
}

struct markup *markup_md4c_open(void)
{
	static const struct markup_ops ops = {.render = render, .close = close_markup};
	static struct markup markup = {.ops = &ops};
	return &markup;
}

#include "core/browse_text.h"

#include "base/json.h"
#include "base/vec.h"

enum { CELLS_MAX = 500, RECORDS_MAX = 1000, COLUMNS_MAX = 50, HIGHLIGHT_ALL = 128 << 10 };

long long browse_line_count(struct str text)
{
	long long count = 0;
	struct str line;
	while (str_line(&text, &line))
		count++;
	return count;
}

/* A notebook being read: what is left of what its cells may take together. */
struct reading {
	struct browse *b;
	const struct revision *rev;
	const struct file *file;
	const char *grammar;
	size_t to_highlight;
};

/* nbformat writes a text as a string, or as a list of lines. */
static struct str text_in(struct ctx *c, const struct json *value)
{
	if (!value || value->kind == JSON_STRING)
		return value ? value->text : STR("");
	struct buf out = {.arena = c->arena};
	if (value->kind == JSON_ARRAY)
		for (const struct json *line = value->first; line; line = line->next)
			if (line->kind == JSON_STRING)
				buf_str(&out, line->text);
	return buf_view(&out);
}

/* Terminals' colours, "ESC [ 0;31 m", stand in what exceptions tell. */
static struct str without_colours(struct ctx *c, struct str text)
{
	struct buf out = {.arena = c->arena};
	while (text.len) {
		size_t at = str_find(text, '\x1b');
		buf_str(&out, str_until(text, at));
		text = str_from_index(text, at);
		if (!str_skip(&text, STR("\x1b["))) {
			text = str_from_index(text, 1);
			continue;
		}
		size_t end = 0;
		while (end < text.len &&
			(text.at[end] == ';' || (text.at[end] >= '0' && text.at[end] <= '9')))
			end++;
		text = str_from_index(text, end + 1);
	}
	return buf_view(&out);
}

static struct str traceback(struct ctx *c, const struct json *output)
{
	struct buf out = {.arena = c->arena};
	const struct json *lines = json_get(output, "traceback");
	for (const struct json *line = lines ? lines->first : NULL; line; line = line->next) {
		buf_str(&out, line->kind == JSON_STRING ? line->text : STR(""));
		buf_byte(&out, '\n');
	}
	if (!out.len)
		buf_fmt(&out, "%.*s: %.*s", STR_FMT(json_text(output, "ename")),
			STR_FMT(json_text(output, "evalue")));
	return without_colours(c, buf_view(&out));
}

static void read_output(struct ctx *c, const struct json *from, struct cell_output *out)
{
	struct str type = json_text(from, "output_type");
	const struct json *data = json_get(from, "data");
	*out = (struct cell_output){.failed = str_is(type, "error")};
	if (out->failed) {
		out->text = traceback(c, from);
	} else if (str_is(type, "stream")) {
		out->failed = str_is(json_text(from, "name"), "stderr");
		out->text = without_colours(c, text_in(c, json_get(from, "text")));
	} else {
		out->text = text_in(c, json_get(data, "text/plain"));
		for (const struct json *part = data ? data->first : NULL; part; part = part->next)
			if (!str_starts(part->key, STR("text/plain")))
				out->other = part->key;
	}
}

static enum err read_cell(
	struct ctx *c, struct reading *r, const struct json *from, struct cell *out)
{
	struct str kind = json_text(from, "cell_type");
	const struct json *number = json_get(from, "execution_count"),
			  *list = json_get(from, "outputs");
	out->source = text_in(c, json_get(from, "source"));
	out->kind = str_is(kind, "code")       ? CELL_CODE
		    : str_is(kind, "markdown") ? CELL_MARKUP
					       : CELL_RAW;
	out->number = number && number->kind == JSON_INT ? number->integer : 0;
	if (out->kind == CELL_MARKUP)
		return browse_render_text(c, r->b, r->rev, r->file, out->source, &out->html);
	if (out->kind == CELL_CODE && out->source.len <= r->to_highlight) {
		r->to_highlight -= out->source.len;
		TRY(highlight_spans(
			c, r->b->core->highlight, r->grammar, out->source, &out->spans));
	}
	if (!list || list->kind != JSON_ARRAY)
		return OK;
	struct cell_output *outputs = NEW_ARRAY(c->arena, struct cell_output, list->count + 1);
	for (const struct json *output = list->first; output; output = output->next)
		read_output(c, output, &outputs[out->output_count++]);
	out->outputs = outputs;
	return OK;
}

enum err browse_notebook(struct ctx *c, struct browse *b, const struct revision *rev,
	const struct file *file, const struct notebook **out)
{
	struct json *all;
	*out = NULL;
	if (json_parse(c, file->bytes, &all)) {
		ctx_clear(c);
		return OK;
	}
	const struct json *cells = json_get(all, "cells"), *meta = json_get(all, "metadata");
	if (!cells || cells->kind != JSON_ARRAY)
		return OK;
	struct notebook *n = NEW(c->arena, struct notebook);
	n->language = json_text(json_get(meta, "language_info"), "name");
	n->language =
		n->language.len ? n->language : json_text(json_get(meta, "kernelspec"), "language");
	enum language_id id = language_called(n->language);
	struct reading r = {
		b, rev, file, id == LANGUAGES ? NULL : languages[id].grammar, HIGHLIGHT_ALL};
	n->total = cells->count;
	size_t most = cells->count < CELLS_MAX ? cells->count : CELLS_MAX;
	struct cell *list = NEW_ARRAY(c->arena, struct cell, most + 1);
	for (const struct json *from = cells->first; from && n->count < most; from = from->next) {
		TRY(ctx_check(c));
		TRY(read_cell(c, &r, from, &list[n->count++]));
	}
	n->at = list;
	*out = n;
	return OK;
}

/* RFC 4180, 2.5 to 2.7: a field in quotes may hold commas, line ends, and quotes written twice. */
static struct str quoted_field(struct ctx *c, struct str *rest)
{
	struct buf out = {.arena = c->arena};
	*rest = str_from_index(*rest, 1);
	while (rest->len) {
		buf_str(&out, str_cut(rest, '"'));
		if (!str_skip(rest, STR("\"")))
			break;
		buf_byte(&out, '"');
	}
	return buf_view(&out);
}

static struct str plain_field(struct str *rest, char between)
{
	size_t end = 0;
	while (end < rest->len && rest->at[end] != between && rest->at[end] != '\n')
		end++;
	struct str field = str_until(*rest, end);
	*rest = str_from_index(*rest, end);
	if (!rest->len || *rest->at == '\n')
		(void)str_skip_end(&field, STR("\r"));
	return field;
}

/* Cuts a record off; what is behind a closing quote belongs to no field, and is dropped. */
static void read_record(
	struct ctx *c, struct str *rest, char between, struct record *out, bool *more)
{
	VEC_OF(struct str) fields = {.arena = c->arena};
	for (bool next = true; next;) {
		struct str field = rest->len && *rest->at == '"' ? quoted_field(c, rest)
								 : plain_field(rest, between);
		(void)plain_field(rest, between);
		if (fields.len < COLUMNS_MAX)
			*vec_push(&fields) = field;
		else
			*more = true;
		next = rest->len && *rest->at == between;
		*rest = str_from_index(*rest, 1);
	}
	*out = (struct record){fields.at, fields.len};
}

enum err browse_records(struct ctx *c, const struct file *file, const struct text_table **out)
{
	struct text_table *t = NEW(c->arena, struct text_table);
	struct record *list = NEW_ARRAY(c->arena, struct record, RECORDS_MAX);
	struct str rest = file->bytes;
	char between = str_ends(file->name, STR("tsv")) ? '\t' : ',';
	(void)str_skip(&rest, STR("\xEF\xBB\xBF"));
	while (rest.len && t->count < RECORDS_MAX) {
		struct record *record = &list[t->count++];
		read_record(c, &rest, between, record, &t->more);
		t->columns = record->count > t->columns ? record->count : t->columns;
	}
	t->more = t->more || rest.len > 0;
	t->at = list;
	*out = t->columns > 1 ? t : NULL;
	return OK;
}

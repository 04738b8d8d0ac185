/* Answers as people read them. */
#include "main/client.h"

enum { COLUMNS_MAX = 12, GAP = 2 };

/* What a terminal would act on is not shown: names and messages are anybody's. */
static struct str harmless(struct ctx *c, struct str text)
{
	struct buf out = {.arena = c->arena};
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.at[i];
		bool c1 = byte == 0xc2 && i + 1 < text.len && (unsigned char)text.at[i + 1] < 0xa0;
		bool control = byte < ' ' || byte == 0x7f;
		i += c1;
		buf_byte(&out, c1 || control ? ' ' : (char)byte);
	}
	return buf_view(&out);
}

/* Of "commit.time"; of an array on the way, all that its elements have is in *rest. */
static const struct json *member_of(
	struct ctx *c, const struct json *thing, struct str path, struct str *rest)
{
	while (thing && path.len && thing->kind != JSON_ARRAY)
		thing = json_get(thing, str_dup(c->arena, str_cut(&path, '.')));
	*rest = path;
	return thing;
}

static struct str text_of(struct ctx *c, const struct json *value)
{
	struct buf list = {.arena = c->arena};
	switch (value ? value->kind : JSON_NULL) {
	case JSON_BOOL: return value->boolean ? STR("yes") : STR("no");
	case JSON_INT: return str_of(arena_fmt(c->arena, "%lld", (long long)value->integer));
	case JSON_STRING:
	case JSON_REAL: return harmless(c, value->text);
	case JSON_ARRAY:
		for (const struct json *one = value->first; one; one = one->next)
			buf_fmt(&list, "%s%.*s", list.len ? "," : "", STR_FMT(text_of(c, one)));
		return list.len ? buf_view(&list) : STR("-");
	case JSON_NULL:
	case JSON_OBJECT: break;
	}
	return STR("-");
}

static struct str cell_of(struct ctx *c, const struct json *thing, struct str path)
{
	struct str rest, inner;
	struct buf list = {.arena = c->arena};
	const struct json *value = member_of(c, thing, path, &rest);
	if (!value || !rest.len)
		return text_of(c, value);
	for (const struct json *one = value->first; one; one = one->next)
		buf_fmt(&list, "%s%.*s", list.len ? "," : "",
			STR_FMT(text_of(c, member_of(c, one, rest, &inner))));
	return list.len ? buf_view(&list) : STR("-");
}

static size_t width_of(struct str text)
{
	size_t width = 0;
	for (size_t i = 0; i < text.len; i++)
		width += (text.at[i] & 0xc0) != 0x80;
	return width;
}

/* "commit.time" is TIME, "pushed_at" PUSHED AT. */
static struct str head_of(struct ctx *c, struct str path)
{
	struct buf out = {.arena = c->arena};
	size_t dot = str_find_last(path, '.');
	struct str name = dot < path.len ? str_from_index(path, dot + 1) : path;
	for (size_t i = 0; i < name.len; i++) {
		char byte = name.at[i];
		buf_byte(&out, (char)(byte == '_'                   ? ' '
				       : byte >= 'a' && byte <= 'z' ? byte - 'a' + 'A'
								    : byte));
	}
	return buf_view(&out);
}

static size_t split(struct str columns, struct str out[COLUMNS_MAX])
{
	size_t count = 0;
	while (columns.len) {
		ASSERT(count < COLUMNS_MAX);
		out[count++] = str_cut(&columns, ' ');
	}
	return count;
}

static void write_row(const struct str *cells, const size_t *widths, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		buf_str(out, cells[i]);
		for (size_t at = width_of(cells[i]); i + 1 < count && at < widths[i] + GAP; at++)
			buf_byte(out, ' ');
	}
	buf_byte(out, '\n');
}

static void write_table(struct ctx *c, const struct json *list, const struct str *columns,
	size_t count, struct buf *out)
{
	size_t widths[COLUMNS_MAX] = {0}, rows = list->count + 1, at = 0;
	struct str *cells = NEW_ARRAY(c->arena, struct str, rows * count);
	for (size_t i = 0; i < count; i++)
		cells[at++] = head_of(c, columns[i]);
	for (const struct json *one = list->first; one; one = one->next)
		for (size_t i = 0; i < count; i++)
			cells[at++] = cell_of(c, one, columns[i]);
	for (size_t i = 0; i < at; i++) {
		size_t width = width_of(cells[i]);
		if (widths[i % count] < width)
			widths[i % count] = width;
	}
	for (size_t row = 0; row < rows; row++)
		write_row(&cells[row * count], widths, count, out);
}

static void write_facts(struct ctx *c, const struct json *thing, const struct str *columns,
	size_t count, struct buf *out)
{
	size_t widths[2] = {0}, shown = 0;
	struct fact {
		struct str cells[2];
	} *facts = NEW_ARRAY(c->arena, struct fact, count + 1);
	for (size_t i = 0; i < count; i++) {
		struct str rest;
		const struct json *value = member_of(c, thing, columns[i], &rest);
		if (!value)
			continue;
		struct fact *fact = &facts[shown++];
		*fact = (struct fact){{head_of(c, columns[i]), text_of(c, value)}};
		if (widths[0] < fact->cells[0].len)
			widths[0] = fact->cells[0].len;
	}
	for (size_t i = 0; i < shown; i++)
		write_row(facts[i].cells, widths, 2, out);
}

void client_print(struct ctx *c, const struct json *answer, struct str columns, struct buf *out)
{
	struct str names[COLUMNS_MAX];
	size_t count = split(columns, names);
	const struct json *items = json_get(answer, "items");
	if (items && items->kind == JSON_ARRAY && items->count)
		write_table(c, items, names, count, out);
	else if (!items)
		write_facts(c, answer, names, count, out);
}

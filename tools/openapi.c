/*
 * The OpenAPI document as C: openapi IN.yaml OUT.c gives the two texts of src/web/openapi.h, the document as it stands
 * and the same as JSON. Runs while building, on the machine that builds.
 *
 * Of YAML it knows what the document is written in: blocks by indentation, "- " lists, {…} and […] on one line, texts
 * in quotes or plain, "|" and ">-" texts of several lines. Anything else ends the build with the number of its line;
 * tests/page/test_api.py compares what comes out with what a real reader makes of it.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct line {
	int number, indent;
	char *text; /* behind the indentation; "" where there is nothing */
};

static struct line *lines;
static int line_count, at; /* at: the line that is read */
static char *json;
static size_t json_len, json_cap;

static void give_up(const char *what)
{
	fprintf(stderr, "openapi: line %d: %s\n", at < line_count ? lines[at].number : 0, what);
	exit(1);
}

static void put(const char *bytes, size_t len)
{
	if (json_len + len > json_cap) {
		json_cap = 2 * json_cap + len + 4096;
		json = realloc(json, json_cap);
		if (!json)
			give_up("there is no memory left");
	}
	memcpy(json + json_len, bytes, len);
	json_len += len;
}

static void put_text(const char *text)
{
	put(text, strlen(text));
}

static void put_string(const char *text, size_t len)
{
	put_text("\"");
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)text[i];
		char escape[8];
		if (byte == '"' || byte == '\\')
			snprintf(escape, sizeof escape, "\\%c", byte);
		else if (byte < ' ')
			snprintf(escape, sizeof escape, "\\u%04x", byte);
		else
			snprintf(escape, sizeof escape, "%c", byte);
		put_text(escape);
	}
	put_text("\"");
}

static bool is_blank(const char *text)
{
	return *text == 0 || *text == '#';
}

static void skip_blank(void)
{
	while (at < line_count && is_blank(lines[at].text))
		at++;
}

static void skip_spaces(const char **p)
{
	while (**p == ' ')
		++*p;
}

/* In double quotes, where only \" and \\ are escapes, or in single ones, where '' is one. */
static void read_quoted(const char **p)
{
	char quote = *(*p)++, *out = malloc(strlen(*p) + 1);
	size_t len = 0;
	for (; **p != quote || (quote == '\'' && (*p)[1] == quote); ++*p) {
		if (!**p)
			give_up("a quote is not closed");
		if (quote == '\'' && **p == quote)
			++*p;
		else if (quote == '"' && **p == '\\' && !strchr("\"\\", *++*p))
			give_up("of escapes, only \\\" and \\\\ are known");
		out[len++] = **p;
	}
	++*p;
	put_string(out, len);
	free(out);
}

/* A plain text; a key always is one, a value may be a number or a word of JSON's. */
static void put_plain(const char *text, size_t len, bool key)
{
	size_t digits = len && text[0] == '-';
	while (digits < len && isdigit((unsigned char)text[digits]))
		digits++;
	bool number = len && digits == len && isdigit((unsigned char)text[len - 1]);
	bool word = (len == 4 && (!memcmp(text, "true", 4) || !memcmp(text, "null", 4))) ||
		    (len == 5 && !memcmp(text, "false", 5));
	if (!key && (number || word))
		put(text, len);
	else
		put_string(text, len);
}

/* Up to what ends it: the line's end or a comment; ": " where it is a key; in a flow, its punctuation. */
static void read_plain(const char **p, bool key, bool flow)
{
	const char *from = *p;
	for (; **p; ++*p) {
		if (**p == ':' && ((*p)[1] == ' ' || (*p)[1] == 0)) {
			if (!key)
				give_up("a colon in a text that is in no quotes");
			break;
		}
		if ((flow && strchr(",]}", **p)) || (**p == ' ' && (*p)[1] == '#'))
			break;
	}
	size_t len = (size_t)(*p - from);
	while (len && from[len - 1] == ' ')
		len--;
	put_plain(from, len, key);
}

static void read_key(const char **p, bool flow)
{
	if (**p == '"' || **p == '\'')
		read_quoted(p);
	else
		read_plain(p, true, flow);
	if (**p != ':')
		give_up("a key has no colon");
	++*p;
	skip_spaces(p);
	put_text(":");
}

static void read_flow(const char **p)
{
	char open = **p, close = open == '{' ? '}' : ']';
	if (open == '"' || open == '\'') {
		read_quoted(p);
		return;
	}
	if (open != '{' && open != '[') {
		read_plain(p, false, true);
		return;
	}
	++*p;
	put(&open, 1);
	skip_spaces(p);
	for (bool first = true; **p != close; first = false) {
		if (!first)
			put_text(",");
		if (open == '{')
			read_key(p, true);
		read_flow(p);
		skip_spaces(p);
		if (**p == ',')
			++*p;
		else if (**p != close)
			give_up("a comma is missing, or a bracket");
		skip_spaces(p);
	}
	++*p;
	put(&close, 1);
}

/* All that is on this line, which ends with it. */
static void read_inline(const char *p)
{
	if (strchr("{[\"'", *p))
		read_flow(&p);
	else
		read_plain(&p, false, false);
	skip_spaces(&p);
	if (!is_blank(p))
		give_up("something is behind a value");
	at++;
}

/* A text of several lines, each of which ends with `end`: "|" keeps them, ">-" makes one of them. */
static void read_lines(int indent, char end)
{
	char *out = calloc(1, 1);
	size_t len = 0;
	for (at++; at < line_count && (!*lines[at].text || lines[at].indent > indent); at++) {
		size_t more = strlen(lines[at].text);
		out = realloc(out, len + more + 2);
		memcpy(out + len, lines[at].text, more);
		len += more;
		out[len++] = end;
	}
	while (len > 1 && out[len - 2] == end)
		len--;
	if (len && end == ' ')
		len--;
	put_string(out, len);
	free(out);
}

static void read_block(int indent);

static void read_value(const char *p, int indent)
{
	bool folded = strcmp(p, ">-") == 0;
	if (folded || strcmp(p, "|") == 0) {
		read_lines(indent, folded ? ' ' : '\n');
		return;
	}
	if (!is_blank(p)) {
		read_inline(p);
		return;
	}
	at++;
	skip_blank();
	if (at == line_count || lines[at].indent <= indent)
		give_up("a value is missing");
	read_block(lines[at].indent);
}

static bool is_item(const char *text)
{
	return text[0] == '-' && text[1] == ' ';
}

/* Does a key stand here, and not a value in one line? */
static bool is_mapping(const char *text)
{
	if (strchr("{[\"'", *text))
		return (*text == '"' || *text == '\'') && strstr(text, "\": ") != NULL;
	return strstr(text, ": ") || text[strlen(text) - 1] == ':';
}

static void read_list(int indent)
{
	put_text("[");
	for (bool first = true; at < line_count && lines[at].indent == indent; first = false) {
		struct line *line = &lines[at];
		if (!is_item(line->text))
			give_up("this is no item of the list");
		if (!first)
			put_text(",");
		line->text += 2;
		line->indent += 2;
		if (is_mapping(line->text))
			read_block(line->indent);
		else
			read_inline(line->text);
		skip_blank();
	}
	put_text("]");
}

static void read_block(int indent)
{
	if (is_item(lines[at].text)) {
		read_list(indent);
		return;
	}
	put_text("{");
	for (bool first = true; at < line_count && lines[at].indent == indent; first = false) {
		const char *p = lines[at].text;
		if (!first)
			put_text(",");
		read_key(&p, false);
		read_value(p, indent);
		skip_blank();
	}
	if (at < line_count && lines[at].indent > indent)
		give_up("this is deeper than what it stands in");
	put_text("}");
}

static char *file_read(const char *path, size_t *len)
{
	FILE *in = fopen(path, "rb");
	long size = -1;
	if (in && fseek(in, 0, SEEK_END) == 0)
		size = ftell(in);
	char *text = malloc((size_t)(size + 2));
	if (size < 0 || !text)
		give_up("the document cannot be read");
	rewind(in);
	*len = fread(text, 1, (size_t)size, in);
	text[*len] = 0;
	fclose(in);
	return text;
}

static void split(char *text)
{
	for (char *next; text && *text; text = next) {
		next = strchr(text, '\n');
		if (next)
			*next++ = 0;
		lines = realloc(lines, (size_t)(line_count + 1) * sizeof *lines);
		int indent = (int)strspn(text, " ");
		lines[line_count] = (struct line){line_count + 1, indent, text + indent};
		line_count++;
	}
}

static void write_text(FILE *out, const char *name, const char *text, size_t len)
{
	fprintf(out, "static const char %s[] = {", name);
	for (size_t i = 0; i < len; i++)
		fprintf(out, "%s%d,", i % 24 ? "" : "\n\t", text[i]);
	fprintf(out, "\n};\n\nconst struct str openapi_%s = {%s, sizeof %s};\n\n", name, name,
		name);
}

int main(int argc, char **argv)
{
	size_t len;
	if (argc != 3)
		give_up("usage: openapi IN.yaml OUT.c");
	char *text = file_read(argv[1], &len);
	char *copy = malloc(len + 1);
	memcpy(copy, text, len + 1);
	split(copy);
	skip_blank();
	read_block(0);
	put_text("\n");
	FILE *out = fopen(argv[2], "wb");
	if (!out)
		give_up("the C file cannot be written");
	fprintf(out, "#include \"web/openapi.h\"\n\n");
	write_text(out, "yaml", text, len);
	write_text(out, "json", json, json_len);
	return fclose(out) == 0 ? 0 : 1;
}

/*
 * The template compiler: src/view/NAME.tmpl -> a C file with functions that write HTML.
 *
 *	template IN OUT
 *
 * A template is HTML with three additions:
 *
 *	%include "view/page.h"      an include of the C file; these come first
 *	%% void view_x(struct buf *out, const struct page_x *p)
 *	                            starts a function; what follows is its page, up to the next one
 *	% for (...) {               C, copied as it stands
 *	{{ e }}                     writes a struct str or a C string, escaped
 *	{{word e}}                  calls html_word(out, e): see `words` below and view/html.h
 *
 * It knows where in the HTML it is, and refuses what would not be safe there: an expression in a tag
 * but outside quotes, unencoded text in a URL, any script, style, or event attribute. The
 * indentation of lines is dropped, and so is a line's end after '>' (write &#32; for a space there).
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum place { TEXT, TAG, VALUE, COMMENT };

struct word {
	const char *name;
	bool url; /* is what it writes safe in the middle of a URL? */
};

static const struct word words[] = {
	{"", false},     /* text */
	{"int", true},   /* a number */
	{"url", true},   /* one percent-encoded segment of a path, or a value of a query */
	{"path", true},  /* percent-encoded but for '/' */
	{"id", true},    /* an object id in full */
	{"short", true}, /* an object id's first ten digits */
	{"time", false}, /* a date as an element: seconds, now */
	{"day", false},  /* seconds as 2027-01-31, for a field; nothing for 0 */
	{"size", false}, /* a number of bytes for people */
	{"script",
		false}, /* the element of a script of ours, by its URL: the only way to have one */
	{"raw", false}, /* HTML that somebody else has made safe */
};

struct compiler {
	const char *in_name, *out_name;
	FILE *in, *out;
	int line;
	bool in_function;
	enum place place;
	char quote;         /* of the VALUE it is in */
	char attribute[32]; /* the name before '=' */
	size_t attribute_len;
	bool attribute_ended; /* white space or '=' came after the name */
	char tag[16];
	size_t tag_len;
	bool tag_named;
	char recent[4];      /* the last bytes of text: finds the ends of comments */
	char literal[65536]; /* HTML that waits to be written out in one piece */
	size_t literal_len;
};

static _Noreturn void refuse(const struct compiler *k, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static _Noreturn void refuse(const struct compiler *k, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fprintf(stderr, "%s:%d: error: ", k->in_name, k->line);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	remove(k->out_name);
	exit(1);
}

static void flush_literal(struct compiler *k)
{
	if (k->literal_len == 0)
		return;
	fputs("\tHTML(\"", k->out);
	for (size_t i = 0; i < k->literal_len; i++) {
		unsigned char byte = (unsigned char)k->literal[i];
		if (byte == '"' || byte == '\\')
			fprintf(k->out, "\\%c", byte);
		else if (byte == '\n')
			fputs("\\n", k->out);
		else if (byte < ' ' || byte > '~')
			fprintf(k->out, "\\%03o", byte);
		else
			fputc(byte, k->out);
	}
	fputs("\");\n", k->out);
	k->literal_len = 0;
}

static void line_directive(struct compiler *k)
{
	fprintf(k->out, "#line %d \"%s\"\n", k->line, k->in_name);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static void check_tag_name(const struct compiler *k)
{
	static const char *const never[] = {"script", "style", "iframe", "object", "embed", "base"};
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		if (k->tag_len == strlen(never[i]) && memcmp(k->tag, never[i], k->tag_len) == 0)
			refuse(k, "<%s> has no place in a page of ours", never[i]);
}

static void check_attribute_name(const struct compiler *k)
{
	if (k->attribute_len > 2 && memcmp(k->attribute, "on", 2) == 0)
		refuse(k, "event attributes are forbidden by the content security policy");
	if (k->attribute_len == 5 && memcmp(k->attribute, "style", 5) == 0)
		refuse(k, "style attributes are forbidden by the content security policy");
}

static void step_tag(struct compiler *k, char c)
{
	if (c == '>') {
		k->place = TEXT;
		return;
	}
	if (!k->tag_named) {
		k->tag_named = is_space(c);
		if (!k->tag_named && k->tag_len < sizeof k->tag)
			k->tag[k->tag_len++] = c;
		if (k->tag_named)
			check_tag_name(k);
		k->attribute_len = 0;
		return;
	}
	if (c == '"' || c == '\'') {
		check_attribute_name(k);
		k->place = VALUE;
		k->quote = c;
	} else if (is_space(c)) {
		k->attribute_ended = true;
	} else if (c != '=') {
		if (k->attribute_ended)
			k->attribute_len = 0;
		k->attribute_ended = false;
		if (k->attribute_len < sizeof k->attribute)
			k->attribute[k->attribute_len++] = c;
	}
}

/* Follows the HTML by one byte. */
static void step(struct compiler *k, char c)
{
	memmove(k->recent, k->recent + 1, sizeof k->recent - 1);
	k->recent[sizeof k->recent - 1] = c;
	switch (k->place) {
	case TEXT:
		if (c == '<') {
			k->place = TAG;
			k->tag_len = 0;
			k->tag_named = false;
			k->attribute_ended = true;
		}
		break;
	case TAG:
		if (memcmp(k->recent, "<!--", 4) == 0)
			k->place = COMMENT;
		else
			step_tag(k, c);
		break;
	case VALUE:
		if (c == k->quote) {
			k->place = TAG;
			k->attribute_ended = true;
		}
		break;
	case COMMENT:
		if (memcmp(k->recent + 1, "-->", 3) == 0)
			k->place = TEXT;
		break;
	}
}

static void put_html(struct compiler *k, char c)
{
	step(k, c);
	if (k->literal_len == sizeof k->literal)
		flush_literal(k);
	k->literal[k->literal_len++] = c;
}

static bool attribute_is_url(const struct compiler *k)
{
	static const char *const urls[] = {"href", "src", "action", "formaction", "cite"};
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
		if (k->attribute_len == strlen(urls[i]) &&
			memcmp(k->attribute, urls[i], k->attribute_len) == 0)
			return true;
	return false;
}

static void put_expression(struct compiler *k, const char *at, size_t len)
{
	size_t name_len = 0;
	while (name_len < len && !is_space(at[name_len]))
		name_len++;
	const struct word *word = NULL;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i].name) == name_len && memcmp(words[i].name, at, name_len) == 0)
			word = &words[i];
	if (!word)
		refuse(k, "{{%.*s …}}: no such word (a space comes before a plain expression)",
			(int)name_len, at);
	if (k->place == TAG || k->place == COMMENT)
		refuse(k, "an expression in a tag must be inside a quoted attribute");
	if (k->place == VALUE && attribute_is_url(k) && !word->url &&
		strcmp(word->name, "raw") != 0)
		refuse(k, "in %.*s only int, url, path, id, short or raw are safe",
			(int)k->attribute_len, k->attribute);
	if (k->place == VALUE && strcmp(word->name, "time") == 0)
		refuse(k, "{{time}} writes an element: not in an attribute");
	flush_literal(k);
	line_directive(k);
	fprintf(k->out, "\thtml_%s(out, %.*s);\n", *word->name ? word->name : "text",
		(int)(len - name_len), at + name_len);
}

static void html_line(struct compiler *k, const char *line, size_t len)
{
	size_t at = 0;
	while (at < len && is_space(line[at]))
		at++;
	if (at == len)
		return;
	if (!k->in_function)
		refuse(k, "HTML before the first function (%%%% void view_x(...))");
	while (at < len) {
		if (at + 1 < len && line[at] == '{' && line[at + 1] == '{') {
			const char *end = strstr(line + at, "}}");
			if (!end)
				refuse(k, "{{ without }} on the same line");
			put_expression(k, line + at + 2, (size_t)(end - line) - at - 2);
			at = (size_t)(end - line) + 2;
		} else {
			put_html(k, line[at++]);
		}
	}
	if (k->place != TEXT || line[len - 1] != '>')
		put_html(k, '\n');
}

static void end_function(struct compiler *k)
{
	if (!k->in_function)
		return;
	flush_literal(k);
	if (k->place != TEXT)
		refuse(k, "the function before ends inside a tag, an attribute or a comment");
	fputs("}\n\n", k->out);
}

static void control_line(struct compiler *k, const char *line)
{
	if (strncmp(line, "%include ", 9) == 0) {
		fprintf(k->out, "#%s\n", line + 1);
		return;
	}
	if (line[1] == '%') {
		end_function(k);
		line_directive(k);
		fprintf(k->out, "%s\n{\n", line + 2);
		k->in_function = true;
		k->place = TEXT;
		return;
	}
	if (line[strspn(line + 1, " \t") + 1] == 0)
		return;
	if (!k->in_function)
		refuse(k, "C before the first function (%%%% void view_x(...))");
	flush_literal(k);
	line_directive(k);
	fprintf(k->out, "\t%s\n", line + 1);
}

static void compile(struct compiler *k)
{
	static char line[16384];
	fprintf(k->out, "/* made of %s by tools/template.c */\n#include \"view/html.h\"\n",
		k->in_name);
	while (fgets(line, sizeof line, k->in)) {
		k->line++;
		size_t len = strlen(line);
		if (len + 1 == sizeof line)
			refuse(k, "the line is too long");
		if (len && line[len - 1] == '\n')
			line[--len] = 0;
		if (line[0] == '%')
			control_line(k, line);
		else
			html_line(k, line, len);
	}
	k->line++;
	if (!k->in_function)
		refuse(k, "no function (%%%% void view_x(...))");
	end_function(k);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: template IN OUT\n", stderr);
		return 2;
	}
	static struct compiler k;
	k.in_name = argv[1];
	k.out_name = argv[2];
	k.in = fopen(argv[1], "r");
	k.out = k.in ? fopen(argv[2], "w") : NULL;
	if (!k.in || !k.out) {
		perror(k.in ? argv[2] : argv[1]);
		return 1;
	}
	compile(&k);
	if (ferror(k.in) || fclose(k.out)) {
		perror(argv[2]);
		return 1;
	}
	return 0;
}

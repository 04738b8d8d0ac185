#include "core/matcher.h"

/* The line in which `at` is, without what ends it; *next: where the one behind it begins, or text.len + 1. */
static struct str line_at(struct str text, size_t at, size_t *start, size_t *next)
{
	*start = str_find_last(str_until(text, at), '\n');
	*start = *start < at ? *start + 1 : 0;
	size_t end = at + str_find(str_from_index(text, at), '\n');
	struct str line = str_from(text.at + *start, end - *start);
	(void)str_skip_end(&line, STR("\r"));
	*next = end + 1;
	return line;
}

static enum err find_in_lines(
	struct ctx *c, struct matcher *m, struct str text, size_t from, struct regex_match *out)
{
	while (from < text.len) {
		size_t start, next;
		struct str line = line_at(text, from, &start, &next);
		if (line.len > REGEX_TEXT_MAX) {
			m->long_lines = true;
			line = str_until(line, REGEX_TEXT_MAX);
		}
		if (from - start <= line.len)
			TRY(regex_find(c, m->regex, line, from - start, m->until, out));
		out->at += start;
		if (out->found)
			return OK;
		if (c->world->monotonic() >= m->until)
			return fail(c, ERR_TIMEOUT, "the regular expression takes too long");
		from = next;
	}
	return OK;
}

enum err matcher_find(
	struct ctx *c, struct matcher *m, struct str text, size_t from, struct regex_match *out)
{
	*out = (struct regex_match){0};
	if (m->regex)
		return find_in_lines(c, m, text, from, out);
	out->at = needle_find(&m->needle, text, from);
	out->found = out->at < text.len;
	out->len = m->needle.text.len;
	return OK;
}

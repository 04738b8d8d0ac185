#include "git/diff_parts.h"

/*
 * A run of added (or of deleted) lines may slide where the line after it equals its first one. It
 * goes to line up with a run on the other side, else to where a split looks best by indentation.
 */

enum { SLIDE_MAX = 100, INDENT_MAX = 200, BLANKS_MAX = 20 };

/* What makes a split between two lines look good or bad. Less is better. */
enum {
	AT_FILE_START = 1,
	AT_FILE_END = 21,
	EACH_BLANK = -30,
	EACH_BLANK_AFTER = 6,
	INDENTED = -4,
	INDENTED_AFTER_BLANK = 10,
	OUTDENTED = 24,
	OUTDENTED_AFTER_BLANK = 17,
	DEDENTED = 23,
	DEDENTED_AFTER_BLANK = 17,
	EACH_LEVEL = 60,
};

/* A run of changed lines [start, end); empty between two unchanged lines. */
struct run {
	uint32_t start, end;
};

static struct run first_run(const struct diff_side *s)
{
	struct run r = {0, 0};
	while (s->changed[r.end])
		r.end++;
	return r;
}

static bool next_run(const struct diff_side *s, struct run *r)
{
	if (r->end == s->text.count)
		return false;
	r->start = r->end = r->end + 1;
	while (s->changed[r->end])
		r->end++;
	return true;
}

static bool previous_run(const struct diff_side *s, struct run *r)
{
	if (r->start == 0)
		return false;
	r->start = r->end = r->start - 1;
	while (s->changed[(int64_t)r->start - 1])
		r->start--;
	return true;
}

/* Both sides have as many unchanged lines, so that they move in step. */
static bool slide_up(struct diff_side *s, struct run *r, struct diff_side *other, struct run *o)
{
	if (r->start == 0 || !diff_same(s, r->start - 1, r->end - 1))
		return false;
	s->changed[--r->start] = 1;
	s->changed[--r->end] = 0;
	while (s->changed[(int64_t)r->start - 1])
		r->start--;
	ASSERT(previous_run(other, o));
	return true;
}

static bool slide_down(struct diff_side *s, struct run *r, struct diff_side *other, struct run *o)
{
	if (r->end >= s->text.count || !diff_same(s, r->start, r->end))
		return false;
	s->changed[r->start++] = 0;
	s->changed[r->end++] = 1;
	while (s->changed[r->end])
		r->end++;
	ASSERT(next_run(other, o));
	return true;
}

/* Columns before the first other byte; -1: the line is blank. */
static int indent_of(struct str line)
{
	int columns = 0;
	for (size_t i = 0; i < line.len && columns < INDENT_MAX; i++) {
		char byte = line.at[i];
		if (byte == ' ')
			columns++;
		else if (byte == '\t')
			columns += 8 - columns % 8;
		else if (byte != '\n' && byte != '\r')
			return columns;
		if (columns >= INDENT_MAX)
			return INDENT_MAX;
	}
	return -1;
}

struct look {
	int indent;        /* of the line after the split; -1: blank, or none */
	int before, after; /* indents of the nearest lines that are not blank; -1: none */
	int blanks_before, blanks_after;
	bool file_end;
};

static struct look look_at(const struct text_lines *text, int64_t split)
{
	struct look l = {.indent = -1, .before = -1, .after = -1};
	l.file_end = split >= text->count;
	if (!l.file_end)
		l.indent = indent_of(text->at[split]);
	for (int64_t i = split - 1; i >= 0; i--) {
		l.before = indent_of(text->at[i]);
		if (l.before != -1)
			break;
		if (++l.blanks_before == BLANKS_MAX) {
			l.before = 0;
			break;
		}
	}
	for (int64_t i = split + 1; i < text->count; i++) {
		l.after = indent_of(text->at[i]);
		if (l.after != -1)
			break;
		if (++l.blanks_after == BLANKS_MAX) {
			l.after = 0;
			break;
		}
	}
	return l;
}

struct badness {
	int indent, penalty;
};

static int indent_penalty(const struct look *l, int indent, bool blanks)
{
	if (indent == -1 || l->before == -1 || indent == l->before)
		return 0;
	if (indent > l->before)
		return blanks ? INDENTED_AFTER_BLANK : INDENTED;
	/* A line that opens a block again ("else"), or the one that ends it. */
	if (l->after != -1 && l->after > indent)
		return blanks ? OUTDENTED_AFTER_BLANK : OUTDENTED;
	return blanks ? DEDENTED_AFTER_BLANK : DEDENTED;
}

static void add_split(const struct text_lines *text, int64_t split, struct badness *to)
{
	struct look l = look_at(text, split);
	int after = l.indent == -1 ? 1 + l.blanks_after : 0;
	int blanks = l.blanks_before + after;
	int indent = l.indent != -1 ? l.indent : l.after;
	if (l.before == -1 && l.blanks_before == 0)
		to->penalty += AT_FILE_START;
	if (l.file_end)
		to->penalty += AT_FILE_END;
	to->penalty += EACH_BLANK * blanks + EACH_BLANK_AFTER * after;
	to->penalty += indent_penalty(&l, indent, blanks != 0);
	to->indent += indent;
}

static bool no_worse(const struct badness *a, const struct badness *b)
{
	int levels = (a->indent > b->indent) - (a->indent < b->indent);
	return EACH_LEVEL * levels + a->penalty - b->penalty <= 0;
}

/* The end, of those between `earliest` and r->end, at which both of the run's splits look best. */
static int64_t best_end(
	const struct text_lines *text, const struct run *r, int64_t earliest, int64_t size)
{
	int64_t from = earliest, best = -1;
	struct badness least = {0, 0};
	if (from < (int64_t)r->end - size - 1)
		from = (int64_t)r->end - size - 1;
	if (from < (int64_t)r->end - SLIDE_MAX)
		from = (int64_t)r->end - SLIDE_MAX;
	for (int64_t end = from; end <= r->end; end++) {
		struct badness here = {0, 0};
		add_split(text, end, &here);
		add_split(text, end - size, &here);
		if (best == -1 || no_worse(&here, &least)) {
			least = here;
			best = end;
		}
	}
	return best;
}

static void place(
	struct diff_side *s, struct run *r, struct diff_side *other, struct run *o, bool indent)
{
	uint32_t size, earliest;
	bool aligned;
	/* As far up and then down as it goes; on the way it may swallow other runs, then again. */
	do {
		size = r->end - r->start;
		while (slide_up(s, r, other, o))
			continue;
		earliest = r->end;
		aligned = o->end > o->start;
		while (slide_down(s, r, other, o))
			aligned |= o->end > o->start;
	} while (size != r->end - r->start);
	if (r->end == earliest)
		return;
	if (aligned) {
		while (o->end == o->start)
			ASSERT(slide_up(s, r, other, o));
	} else if (indent) {
		int64_t end = best_end(&s->text, r, earliest, size);
		while (r->end > end)
			ASSERT(slide_up(s, r, other, o));
	}
}

void diff_slide(struct diff_side *s, struct diff_side *other, bool indent)
{
	struct run r = first_run(s), o = first_run(other);
	do {
		if (r.end > r.start)
			place(s, &r, other, &o, indent);
	} while (next_run(s, &r) && next_run(other, &o));
}

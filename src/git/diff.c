#include "git/diff.h"

#include "base/map.h"
#include "base/vec.h"
#include "git/diff_parts.h"

enum { LIMIT_MAX = 1024, WINDOW = 100, RUN_FACTOR = 4, TAIL_BLOCK = 1024 };

/* Numbering the lines of both texts. */
struct numbering {
	struct diff_job job;
	uint32_t head, tail; /* lines that both texts begin and end with */
	struct map known;    /* the classes of the lines between */
	uint32_t classes;    /* so many */
};

static enum err split(struct ctx *c, struct str text, struct text_lines *out)
{
	VEC_OF(struct str) lines = {.arena = c->arena};
	while (text.len) {
		if (lines.len == DIFF_LINES_MAX)
			return fail(c, ERR_TOO_BIG, "more than %d lines", DIFF_LINES_MAX);
		size_t end = str_find(text, '\n') + 1;
		*vec_push(&lines) = str_until(text, end);
		text = str_from_index(text, end);
	}
	out->at = lines.at;
	out->count = (uint32_t)lines.len;
	return OK;
}

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* What of a line counts. */
static struct str essence(struct arena *a, struct str line, unsigned how)
{
	if (how & (DIFF_NO_SPACE | DIFF_NO_SPACE_AT_END))
		while (line.len && is_space(line.at[line.len - 1]))
			line.len--;
	if (!(how & DIFF_NO_SPACE))
		return line;
	char *kept = arena_raw(a, line.len + 1);
	size_t len = 0;
	for (size_t i = 0; i < line.len; i++)
		if (!is_space(line.at[i]))
			kept[len++] = line.at[i];
	return str_from(kept, len);
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void find_ends(struct numbering *n)
{
	const struct text_lines *old = &n->job.old.text, *new = &n->job.new.text;
	uint32_t both = least(old->count, new->count), head = 0, tail = 0;
	while (head < both && str_eq(old->at[head], new->at[head]))
		head++;
	while (tail < both - head &&
		str_eq(old->at[old->count - 1 - tail], new->at[new->count - 1 - tail]))
		tail++;
	n->head = head;
	n->tail = tail;
}

static void classify(struct numbering *n, struct diff_side *s, unsigned how)
{
	for (uint32_t i = n->head; i < s->text.count - n->tail; i++) {
		void **place = map_put(&n->known, essence(n->known.arena, s->text.at[i], how));
		if (!*place)
			*place = (void *)(uintptr_t)++n->classes;
		s->class[i] = (uint32_t)(uintptr_t)*place;
	}
}

/* The glances of lines that were classified: most others can be told from them without a look into the map. */
struct glances {
	uint64_t *bits;
	uint64_t mask;
};

enum { GLANCES_A_LINE = 16, GLANCES_LEAST = 1024 };

static uint64_t glance(const struct glances *g, struct str line)
{
	uint64_t last = 0, middle = 0;
	size_t len = line.len < sizeof last ? line.len : sizeof last;
	memcpy(&last, line.at + line.len - len, len);
	memcpy(&middle, line.at + (line.len - len) / 2, len);
	uint64_t all = (last ^ (middle + line.len) * 0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd;
	return all >> 32 & g->mask;
}

static void glance_at(struct numbering *n, const struct diff_side *s, struct glances *g)
{
	for (uint32_t i = n->head; i < s->text.count - n->tail; i++) {
		uint64_t bit = glance(g, s->text.at[i]);
		g->bits[bit / 64] |= (uint64_t)1 << bit % 64;
	}
}

/* The class of a line that both have, at `a` of the old text and `b` of the new one. */
static void know(struct numbering *n, const struct glances *g, uint32_t a, uint32_t b)
{
	uint64_t bit = glance(g, n->job.old.text.at[a]);
	if (g->bits[bit / 64] >> bit % 64 & 1)
		n->job.old.class[a] = n->job.new.class[b] =
			(uint32_t)(uintptr_t)map_get(&n->known, n->job.old.text.at[a]);
}

/* Where a line between the ends is one of them too, that counts. */
static void know_ends(struct ctx *c, struct numbering *n)
{
	uint64_t bits = GLANCES_LEAST;
	if (n->head + n->tail == 0)
		return;
	while (bits < (uint64_t)n->classes * GLANCES_A_LINE)
		bits *= 2;
	struct glances g = {NEW_ARRAY(c->arena, uint64_t, bits / 64), bits - 1};
	glance_at(n, &n->job.old, &g);
	glance_at(n, &n->job.new, &g);
	for (uint32_t i = 0; i < n->head; i++)
		know(n, &g, i, i);
	for (uint32_t i = 1; i <= n->tail; i++)
		know(n, &g, n->job.old.text.count - i, n->job.new.text.count - i);
}

enum { NEVER = 0, SOMETIMES = 1, OFTEN = 2 };

/*
 * A line that occurs often in the other text tells little. Among many that do not occur there at
 * all it is taken for changed too.
 */
static bool lost(const uint8_t *fit, int64_t i, int64_t first, int64_t last)
{
	int64_t never = 0, often = 1;
	first = i - first > WINDOW ? i - WINDOW : first;
	last = last - i > WINDOW ? i + WINDOW : last;
	for (int64_t k = i - 1; k >= first && fit[k] != SOMETIMES; k--)
		fit[k] == NEVER ? never++ : often++;
	if (never == 0)
		return false;
	int64_t before = never;
	often++;
	for (int64_t k = i + 1; k <= last && fit[k] != SOMETIMES; k++)
		fit[k] == NEVER ? never++ : often++;
	return never != before && often * RUN_FACTOR < often + never;
}

/* Chooses what of [first, end) the search looks at; the rest is changed. */
static void keep(
	struct ctx *c, struct diff_side *s, const uint32_t *in_other, uint32_t first, uint32_t end)
{
	uint32_t limit = (uint32_t)diff_root(s->text.count);
	uint8_t *fit = NEW_ARRAY(c->arena, uint8_t, s->text.count + 1);
	limit = limit < LIMIT_MAX ? limit : LIMIT_MAX;
	for (uint32_t i = first; i < end; i++) {
		uint32_t times = in_other[s->class[i]];
		fit[i] = times == 0 ? NEVER : times >= limit ? OFTEN : SOMETIMES;
	}
	for (uint32_t i = first; i < end; i++) {
		if (fit[i] == SOMETIMES ||
			(fit[i] == OFTEN && !lost(fit, i, first, (int64_t)end - 1)))
			s->kept[s->kept_count++] = i;
		else
			s->changed[i] = 1;
	}
}

/* Equal lines at both ends are no part of the search. */
static void keep_both(struct ctx *c, struct diff_job *j)
{
	struct diff_side *old = &j->old, *new = &j->new;
	uint32_t both = least(old->text.count, new->text.count), head = 0, tail = 0;
	while (head < both && old->class[head] == new->class[head])
		head++;
	while (tail < both - head &&
		old->class[old->text.count - 1 - tail] == new->class[new->text.count - 1 - tail])
		tail++;
	keep(c, old, j->in_new, head, old->text.count - tail);
	keep(c, new, j->in_old, head, new->text.count - tail);
}

static void collect(struct ctx *c, const struct diff_job *k, struct diff_script *out)
{
	VEC_OF(struct diff_edit) edits = {.arena = c->arena};
	uint32_t a = 0, b = 0;
	while (a < k->old.text.count || b < k->new.text.count) {
		struct diff_edit e = {.old_at = a, .new_at = b};
		while (a < k->old.text.count && k->old.changed[a])
			a++;
		while (b < k->new.text.count && k->new.changed[b])
			b++;
		e.old_count = a - e.old_at;
		e.new_count = b - e.new_at;
		if (e.old_count || e.new_count)
			*vec_push(&edits) = e;
		else
			a++, b++;
	}
	out->old = k->old.text;
	out->new = k->new.text;
	out->edits = edits.at;
	out->count = edits.len;
}

void diff_side_begin(struct ctx *c, struct diff_side *s)
{
	s->changed = NEW_ARRAY(c->arena, uint8_t, (size_t)s->text.count + 2) + 1;
	s->kept = NEW_ARRAY(c->arena, uint32_t, s->text.count + 1);
}

void diff_count(struct diff_job *j)
{
	for (uint32_t i = 0; i < j->old.text.count; i++)
		j->in_old[j->old.class[i]]++;
	for (uint32_t i = 0; i < j->new.text.count; i++)
		j->in_new[j->new.class[i]]++;
}

static void number(struct ctx *c, struct numbering *n, unsigned how)
{
	struct diff_job *j = &n->job;
	uint32_t old = j->old.text.count, new = j->new.text.count, longest = old > new ? old : new;
	n->known = (struct map){.arena = c->arena};
	c->world->random(&n->known.seed, sizeof n->known.seed);
	map_reserve(&n->known, longest - n->head - n->tail);
	classify(n, &j->old, how);
	classify(n, &j->new, how);
	know_ends(c, n);
	j->in_old = NEW_ARRAY(c->arena, uint32_t, n->classes + 1);
	j->in_new = NEW_ARRAY(c->arena, uint32_t, n->classes + 1);
	diff_count(j);
}

static void finish(struct ctx *c, struct diff_job *j, bool indent, struct diff_script *out)
{
	diff_slide(&j->old, &j->new, indent);
	diff_slide(&j->new, &j->old, indent);
	collect(c, j, out);
}

enum err diff_compare(struct ctx *c, struct diff_job *j, bool indent, struct diff_script *out)
{
	keep_both(c, j);
	TRY(diff_search(c, &j->old, &j->new));
	finish(c, j, indent, out);
	return OK;
}

/* Lines came in one place, or went: there is nothing to search. */
static bool is_one_sided(const struct numbering *n)
{
	return least(n->job.old.text.count, n->job.new.text.count) == n->head + n->tail;
}

static void change_all(const struct numbering *n, struct diff_side *s)
{
	memset(s->changed + n->head, 1, s->text.count - n->tail - n->head);
}

static void begin_side(struct ctx *c, struct diff_side *s)
{
	s->class = NEW_ARRAY(c->arena, uint32_t, s->text.count + 1);
	diff_side_begin(c, s);
}

enum err diff_texts(
	struct ctx *c, struct str old, struct str new, unsigned how, struct diff_script *out)
{
	struct numbering n = {0};
	struct diff_job *j = &n.job;
	bool indent = how & DIFF_BY_INDENT;
	TRY(split(c, old, &j->old.text));
	TRY(split(c, new, &j->new.text));
	begin_side(c, &j->old);
	begin_side(c, &j->new);
	if (!(how & (DIFF_NO_SPACE | DIFF_NO_SPACE_AT_END)))
		find_ends(&n);
	if (!is_one_sided(&n)) {
		number(c, &n, how);
		return diff_compare(c, j, indent, out);
	}
	change_all(&n, &j->old);
	change_all(&n, &j->new);
	finish(c, j, indent, out);
	return OK;
}

enum err diff_lines(struct ctx *c, struct str old, struct str new, struct diff_script *out)
{
	return diff_texts(c, old, new, DIFF_BY_INDENT, out);
}

void diff_cut_tail(struct str *old, struct str *new)
{
	size_t both = old->len < new->len ? old->len : new->len, cut = 0, back = 0;
	const char *a = old->at + old->len, *b = new->at + new->len;
	while (cut + TAIL_BLOCK <= both &&
		memcmp(a - cut - TAIL_BLOCK, b - cut - TAIL_BLOCK, TAIL_BLOCK) == 0)
		cut += TAIL_BLOCK;
	/* Up to the end of a line. */
	while (back < cut && a[(ptrdiff_t)back - (ptrdiff_t)cut] != '\n')
		back++;
	back += back < cut;
	old->len -= cut - back;
	new->len -= cut - back;
}

static uint32_t less(uint32_t value, uint32_t by)
{
	return value > by ? value - by : 0;
}

bool diff_next_span(
	const struct diff_script *s, uint32_t context, size_t *at, struct diff_span *out)
{
	if (*at >= s->count)
		return false;
	const struct diff_edit *first = &s->edits[*at], *last = first;
	out->first = *at;
	while (++*at < s->count &&
		s->edits[*at].old_at - (last->old_at + last->old_count) <= 2 * context)
		last = &s->edits[*at];
	out->count = *at - out->first;
	uint32_t before = first->old_at - less(first->old_at, context);
	uint32_t old_end = last->old_at + last->old_count, after = s->old.count - old_end;
	after = after < context ? after : context;
	out->old_at = first->old_at - before;
	out->new_at = first->new_at - before;
	out->old_count = old_end + after - out->old_at;
	out->new_count = last->new_at + last->new_count + after - out->new_at;
	return true;
}

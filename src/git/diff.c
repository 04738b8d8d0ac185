#include "git/diff.h"

#include "base/map.h"
#include "base/vec.h"

/*
 * Beyond this many edits a search gives up on the shortest path and takes the best one so far.
 * It bounds the work on a text of n lines to about n * COST_MAX.
 */
enum { COST_MAX = 400 };

/* One text, as the search sees it: equal lines have equal numbers. */
struct side {
	struct text_lines text;
	uint32_t *class;
	uint8_t *changed; /* a flag for each line: the result */
	uint32_t *kept;   /* lines that occur in the other text too: all the search looks at */
	uint32_t kept_count;
};

struct search {
	struct side old, new;
	int32_t *forward, *backward; /* furthest x on each diagonal; indexed from -half */
	int32_t half;
};

/* Part of both kept lists: [a, a_end) and [b, b_end). */
struct box {
	int32_t a, a_end, b, b_end;
};

static enum err split(struct ctx *c, struct str text, struct text_lines *out)
{
	uint32_t count = 0;
	for (size_t at = 0; at < text.len; count++) {
		if (count == DIFF_LINES_MAX)
			return fail(c, ERR_TOO_BIG, "more than %d lines", DIFF_LINES_MAX);
		at += str_find(str_from_index(text, at), '\n') + 1;
	}
	out->at = NEW_ARRAY(c->arena, struct str, count + 1);
	out->count = count;
	for (uint32_t i = 0; i < count; i++) {
		size_t end = str_find(text, '\n') + 1;
		out->at[i] = str_until(text, end);
		text = str_from_index(text, end);
	}
	return OK;
}

static void classify(struct map *known, struct side *s, uint32_t *next)
{
	for (uint32_t i = 0; i < s->text.count; i++) {
		void **place = map_put(known, s->text.at[i]);
		if (!*place)
			*place = (void *)(uintptr_t)++ * next;
		s->class[i] = (uint32_t)(uintptr_t)*place;
	}
}

static void keep(struct side *s, const uint8_t *in_other)
{
	for (uint32_t i = 0; i < s->text.count; i++) {
		if (in_other[s->class[i]])
			s->kept[s->kept_count++] = i;
		else
			s->changed[i] = 1;
	}
}

static uint32_t old_class(const struct search *k, int32_t i)
{
	return k->old.class[k->old.kept[i]];
}

static uint32_t new_class(const struct search *k, int32_t i)
{
	return k->new.class[k->new.kept[i]];
}

static bool same(const struct search *k, int32_t a, int32_t b)
{
	return old_class(k, a) == new_class(k, b);
}

static int32_t at_least(int32_t value, int32_t least)
{
	return value > least ? value : least;
}

/* Where a path on diagonal d arrives with one more edit: by a deletion or an insertion. */
static int32_t extend(const int32_t *furthest, int32_t d, int32_t cost)
{
	if (d == -cost || (d != cost && furthest[d - 1] < furthest[d + 1]))
		return furthest[d + 1];
	return furthest[d - 1] + 1;
}

struct middle {
	int32_t x, y, u, v; /* the two paths meet in the run of equal lines from (x,y) to (u,v) */
};

/* One more edit from the box's start; true when that meets the paths from its end. */
static bool go_forward(struct search *k, const struct box *box, int32_t cost, struct middle *out)
{
	int32_t n = box->a_end - box->a, m = box->b_end - box->b, delta = n - m;
	int32_t from = -(cost - 2 * at_least(cost - m, 0));
	int32_t to = cost - 2 * at_least(cost - n, 0);
	for (int32_t d = from; d <= to; d += 2) {
		int32_t x = extend(k->forward, d, cost), start = x;
		while (x < n && x - d < m && same(k, box->a + x, box->b + x - d))
			x++;
		k->forward[d] = x;
		int32_t other = delta - d;
		if ((delta & 1) && other >= -(cost - 1) && other <= cost - 1 &&
			x + k->backward[other] >= n) {
			*out = (struct middle){start, start - d, x, x - d};
			return true;
		}
	}
	return false;
}

static bool go_backward(struct search *k, const struct box *box, int32_t cost, struct middle *out)
{
	int32_t n = box->a_end - box->a, m = box->b_end - box->b, delta = n - m;
	int32_t from = -(cost - 2 * at_least(cost - m, 0));
	int32_t to = cost - 2 * at_least(cost - n, 0);
	for (int32_t d = from; d <= to; d += 2) {
		int32_t x = extend(k->backward, d, cost), start = x;
		while (x < n && x - d < m && same(k, box->a_end - 1 - x, box->b_end - 1 - x + d))
			x++;
		k->backward[d] = x;
		int32_t other = delta - d;
		if (!(delta & 1) && other >= -cost && other <= cost && x + k->forward[other] >= n) {
			*out = (struct middle){n - x, m - x + d, n - start, m - start + d};
			return true;
		}
	}
	return false;
}

/* The point that the paths from the start got furthest to. */
static struct middle best_so_far(const struct search *k, const struct box *box, int32_t cost)
{
	int32_t n = box->a_end - box->a, m = box->b_end - box->b;
	struct middle best = {0, 1, 0, 1};
	int32_t from = -(cost - 2 * at_least(cost - m, 0));
	int32_t to = cost - 2 * at_least(cost - n, 0);
	for (int32_t d = from; d <= to; d += 2) {
		int32_t x = k->forward[d], y = x - d;
		bool inside = x >= 0 && x <= n && y >= 0 && y <= m && x + y < n + m;
		if (inside && x + y > best.x + best.y)
			best = (struct middle){x, y, x, y};
	}
	return best;
}

static struct middle find_middle(struct search *k, const struct box *box)
{
	struct middle found;
	k->forward[1] = k->backward[1] = 0;
	for (int32_t cost = 0;; cost++) {
		if (go_forward(k, box, cost, &found) || go_backward(k, box, cost, &found))
			return found;
		if (cost == COST_MAX)
			return best_so_far(k, box, cost);
	}
}

static void trim(const struct search *k, struct box *box)
{
	while (box->a < box->a_end && box->b < box->b_end && same(k, box->a, box->b))
		box->a++, box->b++;
	while (box->a < box->a_end && box->b < box->b_end &&
		same(k, box->a_end - 1, box->b_end - 1))
		box->a_end--, box->b_end--;
}

static enum err search(struct ctx *c, struct search *k)
{
	VEC_OF(struct box) todo = {.arena = c->arena};
	*vec_push(&todo) =
		(struct box){0, (int32_t)k->old.kept_count, 0, (int32_t)k->new.kept_count};
	while (todo.len) {
		struct box box = todo.at[--todo.len];
		trim(k, &box);
		if (box.a == box.a_end || box.b == box.b_end) {
			for (int32_t i = box.a; i < box.a_end; i++)
				k->old.changed[k->old.kept[i]] = 1;
			for (int32_t i = box.b; i < box.b_end; i++)
				k->new.changed[k->new.kept[i]] = 1;
			continue;
		}
		TRY(ctx_check(c));
		struct middle m = find_middle(k, &box);
		*vec_push(&todo) = (struct box){box.a, box.a + m.x, box.b, box.b + m.y};
		*vec_push(&todo) = (struct box){box.a + m.u, box.a_end, box.b + m.v, box.b_end};
	}
	return OK;
}

static void collect(struct ctx *c, const struct search *k, struct diff_script *out)
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

/*
 * An insertion (or a deletion) may slide where the line after it equals its first one. Down is how
 * people think of it: the new function and its closing brace, not the brace before it.
 */
static void slide_down(const struct search *k, const struct diff_script *s, size_t i)
{
	struct diff_edit *e = &s->edits[i];
	bool last = i + 1 == s->count;
	if (e->old_count && e->new_count)
		return;
	const struct side *side = e->new_count ? &k->new : &k->old;
	const uint32_t *at = e->new_count ? &e->new_at : &e->old_at;
	uint32_t count = e->old_count + e->new_count;
	uint32_t limit = side->text.count;
	if (!last)
		limit = (e->new_count ? e[1].new_at : e[1].old_at) - 1;
	while (*at + count < limit && side->class[*at] == side->class[*at + count])
		e->old_at++, e->new_at++;
}

static void prepare(struct ctx *c, struct search *k)
{
	struct map known = {.arena = c->arena};
	c->world->random(&known.seed, sizeof known.seed);
	uint32_t classes = 0;
	for (int i = 0; i < 2; i++) {
		struct side *s = i ? &k->new : &k->old;
		s->class = NEW_ARRAY(c->arena, uint32_t, s->text.count + 1);
		s->changed = NEW_ARRAY(c->arena, uint8_t, s->text.count + 1);
		s->kept = NEW_ARRAY(c->arena, uint32_t, s->text.count + 1);
		classify(&known, s, &classes);
	}
	uint8_t *in_old = NEW_ARRAY(c->arena, uint8_t, classes + 1);
	uint8_t *in_new = NEW_ARRAY(c->arena, uint8_t, classes + 1);
	for (uint32_t i = 0; i < k->old.text.count; i++)
		in_old[k->old.class[i]] = 1;
	for (uint32_t i = 0; i < k->new.text.count; i++)
		in_new[k->new.class[i]] = 1;
	keep(&k->old, in_new);
	keep(&k->new, in_old);
	k->half = COST_MAX + 2;
	k->forward = NEW_ARRAY(c->arena, int32_t, (size_t)k->half * 2 + 1) + k->half;
	k->backward = NEW_ARRAY(c->arena, int32_t, (size_t)k->half * 2 + 1) + k->half;
}

/* Nothing to search for where one text is empty. */
static void all_changed(struct ctx *c, const struct search *k, struct diff_script *out)
{
	*out = (struct diff_script){.old = k->old.text, .new = k->new.text};
	out->edits = NEW(c->arena, struct diff_edit);
	out->count = k->old.text.count || k->new.text.count;
	*out->edits =
		(struct diff_edit){.old_count = k->old.text.count, .new_count = k->new.text.count};
}

enum err diff_lines(struct ctx *c, struct str old, struct str new, struct diff_script *out)
{
	struct search k = {0};
	TRY(split(c, old, &k.old.text));
	TRY(split(c, new, &k.new.text));
	if (!k.old.text.count || !k.new.text.count) {
		all_changed(c, &k, out);
		return OK;
	}
	prepare(c, &k);
	TRY(search(c, &k));
	collect(c, &k, out);
	for (size_t i = 0; i < out->count; i++)
		slide_down(&k, out, i);
	return OK;
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

#include "git/merge_base.h"

#include "base/sort.h"

enum { CHECK_EVERY = 256, SLOP = 64 };

/* What a commit is painted with. A stale one lies behind a common ancestor. */
enum {
	PAINT_A = 1,
	PAINT_B = 2,
	PAINT_BOTH = 3,
	PAINT_STALE = 4,
	PAINT_FOUND = 8,
	PAINT_QUEUED = 16
};

struct painting {
	struct graph *g;
	struct arena arena;
	uint8_t *paint; /* by number */
	size_t cap;
	struct commit_queue queue;
	size_t fresh;        /* in the queue and not stale */
	struct numbers seen; /* all that left the queue, once */
	size_t steps;
	bool exact; /* no commit leaves the queue before one that leads to it */
};

static void painting_init(struct painting *p, struct graph *g)
{
	*p = (struct painting){.g = g, .exact = true};
	arena_init(&p->arena);
	p->queue.heap.arena = p->seen.arena = &p->arena;
}

static void painting_done(struct painting *p)
{
	arena_done(&p->arena);
}

#define PAINTING __attribute__((cleanup(painting_done))) struct painting

static uint8_t *paint_of(struct painting *p, uint32_t number)
{
	if (number >= p->cap) {
		size_t cap = p->cap ? p->cap : 1024;
		while (cap <= number)
			cap *= 2;
		uint8_t *bigger = NEW_ARRAY(&p->arena, uint8_t, cap);
		if (p->cap)
			memcpy(bigger, p->paint, p->cap);
		p->paint = bigger;
		p->cap = cap;
	}
	return &p->paint[number];
}

/* Adds paint; what is new to a commit makes it be walked (again). */
static enum err add_paint(struct ctx *c, struct painting *p, uint32_t number, uint8_t colours)
{
	struct commit_info *info;
	uint8_t *paint = paint_of(p, number), before = *paint;
	if ((before & colours) == colours)
		return OK;
	*paint |= colours;
	if (before & PAINT_QUEUED) {
		p->fresh -= !(before & PAINT_STALE) && *paint & PAINT_STALE;
		return OK;
	}
	TRY(graph_commit(c, p->g, number, &info));
	*paint_of(p, number) |= PAINT_QUEUED;
	p->fresh += !(*paint_of(p, number) & PAINT_STALE);
	p->exact = p->exact && info->exact;
	commit_queue_push(&p->queue, number, info->order);
	return OK;
}

/* Takes one commit and paints its parents. False: the queue is empty. */
static enum err paint_step(struct ctx *c, struct painting *p, uint32_t *number, bool *more)
{
	struct commit_info *info;
	uint32_t count = 0;
	*more = commit_queue_pop(&p->queue, number);
	if (!*more)
		return OK;
	if (++p->steps % CHECK_EVERY == 0)
		TRY(graph_check(c, p->g));
	TRY(extent_check(c));
	uint8_t *paint = paint_of(p, *number);
	*paint &= (uint8_t)~PAINT_QUEUED;
	p->fresh -= !(*paint & PAINT_STALE);
	uint8_t colours = *paint & (PAINT_BOTH | PAINT_STALE);
	if ((colours & PAINT_BOTH) == PAINT_BOTH)
		colours |= PAINT_STALE;
	TRY(graph_commit(c, p->g, *number, &info));
	for (uint32_t i = 0;; i++) {
		const uint32_t *parents = graph_parents(p->g, *number, &count);
		if (i >= count)
			return OK;
		TRY(add_paint(c, p, parents[i], colours));
	}
}

static enum err start(struct ctx *c, struct painting *p, uint32_t a, uint32_t b)
{
	TRY(add_paint(c, p, a, PAINT_A));
	return add_paint(c, p, b, PAINT_B);
}

/* Nothing that is left in the queue leads to a commit of that order. */
static bool is_past(const struct painting *p, int64_t order)
{
	return p->exact && (p->queue.heap.len == 0 || p->queue.heap.at[0].date <= order);
}

enum err is_ancestor(struct ctx *c, struct graph *g, uint32_t ancestor, uint32_t of, bool *out)
{
	PAINTING p;
	struct commit_info *info;
	bool more = true;
	painting_init(&p, g);
	*out = ancestor == of;
	if (*out)
		return OK;
	TRY(graph_commit(c, g, ancestor, &info));
	int64_t order = info->order;
	TRY(start(c, &p, ancestor, of));
	while (p.fresh && more && !*out && !is_past(&p, order)) {
		uint32_t number;
		TRY(paint_step(c, &p, &number, &more));
		*out = (*paint_of(&p, ancestor) & PAINT_BOTH) == PAINT_BOTH;
	}
	return OK;
}

/* Drops what another of the list leads to. */
static enum err drop_redundant(struct ctx *c, struct graph *g, struct numbers *list)
{
	for (size_t i = 0; i < list->len;) {
		bool led_to = false;
		for (size_t k = 0; k < list->len && !led_to; k++)
			if (k != i)
				TRY(is_ancestor(c, g, list->at[i], list->at[k], &led_to));
		if (led_to)
			memmove(&list->at[i], &list->at[i + 1],
				(--list->len - i) * sizeof *list->at);
		else
			i++;
	}
	return OK;
}

static int newest_first(const void *a, const void *b, const void *arg)
{
	const struct graph *g = arg;
	int64_t x = g->commits.at[graph_node(g, *(const uint32_t *)a)->commit].date;
	int64_t y = g->commits.at[graph_node(g, *(const uint32_t *)b)->commit].date;
	return (x < y) - (x > y);
}

enum err merge_bases(struct ctx *c, struct graph *g, uint32_t a, uint32_t b, struct numbers *out)
{
	PAINTING p;
	struct numbers found = {.arena = &g->arena};
	bool more = true;
	painting_init(&p, g);
	*out = (struct numbers){.arena = &g->arena};
	if (a == b) {
		*vec_push(out) = a;
		return OK;
	}
	TRY(start(c, &p, a, b));
	while (p.fresh && more) {
		uint32_t number;
		TRY(paint_step(c, &p, &number, &more));
		uint8_t *paint = paint_of(&p, number);
		if (more && (*paint & (PAINT_BOTH | PAINT_STALE | PAINT_FOUND)) == PAINT_BOTH) {
			*paint |= PAINT_FOUND;
			*vec_push(&found) = number;
		}
	}
	for (size_t i = 0; i < found.len; i++)
		if (!(*paint_of(&p, found.at[i]) & PAINT_STALE))
			*vec_push(out) = found.at[i];
	if (out->len > 1 && !p.exact)
		TRY(drop_redundant(c, g, out));
	sort_array(&g->arena, out->at, out->len, sizeof *out->at, newest_first, g);
	return OK;
}

enum err ahead_behind(
	struct ctx *c, struct graph *g, uint32_t a, uint32_t b, struct ahead_behind *out)
{
	PAINTING p;
	bool more = true;
	int64_t oldest = INT64_MAX; /* by order */
	size_t slop = SLOP;
	painting_init(&p, g);
	*out = (struct ahead_behind){0};
	if (a == b)
		return OK;
	TRY(start(c, &p, a, b));
	/* A little further than need be, for what clocks that went wrong hide. */
	while (more && slop && (p.fresh || !p.exact)) {
		uint32_t number;
		TRY(paint_step(c, &p, &number, &more));
		if (!more)
			break;
		int64_t order = g->commits.at[graph_node(g, number)->commit].order;
		uint8_t *paint = paint_of(&p, number);
		if (!(*paint & PAINT_FOUND))
			*vec_push(&p.seen) = number;
		*paint |= PAINT_FOUND;
		if ((*paint & PAINT_BOTH) != PAINT_BOTH && order < oldest)
			oldest = order;
		slop = p.fresh ? SLOP : order < oldest ? slop - 1 : slop;
	}
	for (size_t i = 0; i < p.seen.len; i++) {
		uint8_t paint = *paint_of(&p, p.seen.at[i]) & PAINT_BOTH;
		out->ahead += paint == PAINT_A;
		out->behind += paint == PAINT_B;
	}
	return OK;
}

enum err commits_between(
	struct ctx *c, struct graph *g, uint32_t from, uint32_t to, struct numbers *out)
{
	struct numbers wants = {.arena = &g->arena}, known = {.arena = &g->arena};
	*vec_push(&wants) = to;
	*vec_push(&known) = from;
	enum err err = walk_new(c, g, &wants, &known, (struct walk_limits){0}, out);
	graph_unmark_all(g, MARK_KNOWN);
	return err;
}

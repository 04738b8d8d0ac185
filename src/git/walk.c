#include "git/walk.h"

enum { SLOP = 16, CHECK_EVERY = 1024 };

static bool before(const struct queued *a, const struct queued *b)
{
	return a->date != b->date ? a->date > b->date : a->turn < b->turn;
}

void commit_queue_push(struct commit_queue *q, uint32_t number, int64_t date)
{
	struct queued item = {.date = date, .turn = q->pushed++, .number = number};
	*vec_push(&q->heap) = item;
	size_t at = q->heap.len - 1;
	while (at > 0 && before(&item, &q->heap.at[(at - 1) / 2])) {
		q->heap.at[at] = q->heap.at[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	q->heap.at[at] = item;
}

bool commit_queue_pop(struct commit_queue *q, uint32_t *number)
{
	if (q->heap.len == 0)
		return false;
	*number = q->heap.at[0].number;
	struct queued item = q->heap.at[--q->heap.len];
	size_t at = 0, count = q->heap.len;
	for (size_t child = 1; child < count; child = 2 * at + 1) {
		if (child + 1 < count && before(&q->heap.at[child + 1], &q->heap.at[child]))
			child++;
		if (!before(&q->heap.at[child], &item))
			break;
		q->heap.at[at] = q->heap.at[child];
		at = child;
	}
	if (count)
		q->heap.at[at] = item;
	return true;
}

struct limited {
	struct graph *g;
	struct commit_queue queue;
	size_t interesting; /* in the queue, not known */
	struct numbers stack;
	struct numbers list;
	int64_t since;
	int64_t oldest; /* of the list */
	bool exact;     /* no commit comes before one that leads to it */
};

static enum err enqueue(struct ctx *c, struct limited *w, uint32_t number)
{
	struct commit_info *info = NULL;
	if (!graph_mark(w->g, number, MARK_SEEN))
		return OK;
	TRY(graph_commit(c, w->g, number, &info));
	commit_queue_push(&w->queue, number, info->order);
	w->exact = w->exact && info->exact;
	w->interesting += !graph_has(w->g, number, MARK_KNOWN);
	return OK;
}

/* Marks `number` known, and its ancestors as far as they have been seen: their walk was before. */
static void mark_known(struct limited *w, uint32_t number)
{
	*vec_push(&w->stack) = number;
	while (w->stack.len) {
		uint32_t at = w->stack.at[--w->stack.len], count = 0;
		if (!graph_mark(w->g, at, MARK_KNOWN))
			continue;
		if (graph_has(w->g, at, MARK_SEEN) && !graph_has(w->g, at, MARK_DONE))
			w->interesting--;
		if (!graph_has(w->g, at, MARK_PARSED))
			continue;
		const uint32_t *parents = graph_parents(w->g, at, &count);
		for (uint32_t i = 0; i < count; i++)
			if (!graph_has(w->g, parents[i], MARK_KNOWN))
				*vec_push(&w->stack) = parents[i];
	}
}

/* Takes one commit off the queue. Here MARK_DONE says: has left the queue. */
static enum err step(struct ctx *c, struct limited *w, uint32_t number)
{
	struct commit_info *info = NULL;
	uint32_t count = 0;
	TRY(graph_commit(c, w->g, number, &info));
	int64_t order = info->order;
	if (w->since && info->date < w->since && !graph_has(w->g, number, MARK_KNOWN))
		mark_known(w, number);
	bool known = graph_has(w->g, number, MARK_KNOWN);
	w->interesting -= !known;
	graph_mark(w->g, number, MARK_DONE);
	const uint32_t *parents = graph_parents(w->g, number, &count);
	for (uint32_t i = 0; i < count; i++) {
		if (known)
			mark_known(w, parents[i]);
		TRY(enqueue(c, w, parents[i]));
		parents = graph_parents(w->g, number, &count);
	}
	if (!known) {
		*vec_push(&w->list) = number;
		if (w->list.len == 1 || order < w->oldest)
			w->oldest = order;
	}
	return OK;
}

/*
 * The walk ends when only known commits are left in the queue. They are followed a little further,
 * and as far back as the list goes, for a commit in the list may be known by a way not seen yet;
 * not so where all are in the commit-graph.
 */
static bool is_over(const struct limited *w, size_t *slop)
{
	if (w->queue.heap.len == 0)
		return true;
	if (w->interesting)
		*slop = SLOP;
	else if (w->list.len == 0 || w->exact)
		return true;
	else if (w->queue.heap.at[0].date < w->oldest)
		(*slop)--;
	return *slop == 0;
}

enum err walk_new(struct ctx *c, struct graph *g, const struct numbers *wants,
	const struct numbers *known, struct walk_limits limits, struct numbers *out)
{
	struct limited w = {.g = g,
		.queue.heap.arena = &g->arena,
		.stack.arena = &g->arena,
		.list.arena = &g->arena,
		.since = limits.since,
		.exact = true};
	size_t slop = SLOP, steps = 0;
	graph_unmark_all(g, MARK_SEEN | MARK_DONE);
	for (size_t i = 0; i < known->len; i++) {
		graph_mark(g, known->at[i], MARK_KNOWN);
		TRY(enqueue(c, &w, known->at[i]));
	}
	for (size_t i = 0; i < wants->len; i++)
		TRY(enqueue(c, &w, wants->at[i]));
	for (uint32_t number; !is_over(&w, &slop) && commit_queue_pop(&w.queue, &number);) {
		if (++steps % CHECK_EVERY == 0)
			TRY(graph_check(c, g));
		TRY(extent_check(c));
		TRY(step(c, &w, number));
	}
	*out = (struct numbers){.arena = &g->arena};
	for (size_t i = 0; i < w.list.len; i++)
		if (!graph_has(g, w.list.at[i], MARK_KNOWN))
			*vec_push(out) = w.list.at[i];
	graph_unmark_all(g, MARK_SEEN | MARK_DONE);
	return OK;
}

/* A commit of the walk in depth, and which of its parents is next. */
struct frame {
	uint32_t number, parent;
};

struct reach {
	struct graph *g;
	VEC_OF(struct frame) stack;
	int64_t oldest;
};

/* Walks from `start` until something marked MARK_REACH; all on the way there becomes so too. */
static enum err reach_one(struct ctx *c, struct reach *r, uint32_t start)
{
	struct commit_info *info = NULL;
	size_t steps = 0;
	r->stack.len = 0;
	if (graph_mark(r->g, start, MARK_SEEN))
		*vec_push(&r->stack) = (struct frame){.number = start};
	while (r->stack.len && !graph_has(r->g, start, MARK_REACH)) {
		struct frame *top = &r->stack.at[r->stack.len - 1];
		uint32_t count = 0;
		if (++steps % CHECK_EVERY == 0)
			TRY(graph_check(c, r->g));
		TRY(graph_commit(c, r->g, top->number, &info));
		const uint32_t *parents = graph_parents(r->g, top->number, &count);
		if (info->order < r->oldest || top->parent == count) {
			r->stack.len--;
			continue;
		}
		uint32_t next = parents[top->parent++];
		if (graph_has(r->g, next, MARK_REACH))
			for (size_t i = 0; i < r->stack.len; i++)
				graph_mark(r->g, r->stack.at[i].number, MARK_REACH);
		else if (graph_mark(r->g, next, MARK_SEEN))
			*vec_push(&r->stack) = (struct frame){.number = next};
	}
	return OK;
}

enum err walk_all_reach(struct ctx *c, struct graph *g, const struct numbers *from,
	const struct numbers *to, bool *out)
{
	struct reach r = {.g = g, .stack.arena = &g->arena};
	struct commit_info *info = NULL;
	*out = to->len > 0;
	for (size_t i = 0; i < to->len; i++) {
		TRY(graph_commit(c, g, to->at[i], &info));
		if (i == 0 || info->order < r.oldest)
			r.oldest = info->order;
		graph_mark(g, to->at[i], MARK_REACH);
	}
	for (size_t i = 0; i < from->len && *out; i++) {
		if (!graph_has(g, from->at[i], MARK_REACH))
			TRY(reach_one(c, &r, from->at[i]));
		*out = graph_has(g, from->at[i], MARK_REACH);
	}
	graph_unmark_all(g, MARK_SEEN | MARK_REACH);
	return OK;
}

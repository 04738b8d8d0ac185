#include "git/bitmap_write.h"

/* Of the newest 100 commits all get an entry, then ever fewer, then one in 100, then one in 5000. */
enum { ALL = 100, DENSE = 20000, STEP = 100, STEP_MAX = 5000, TIPS_LEAST = 500 };

/* Each entry costs some time for each object. */
static const uint64_t tip_bits_max = 8000000000;

static size_t tips_max(const struct bitmap_write *w)
{
	uint64_t most = tip_bits_max / (w->objects->ids.count + 1);
	most = most < TIPS_LEAST ? TIPS_LEAST : most;
	return most < BITMAP_TIPS_MAX ? (size_t)most : BITMAP_TIPS_MAX;
}

static size_t step_at(size_t index)
{
	if (index <= ALL)
		return 0;
	if (index <= DENSE)
		return index - ALL < STEP ? index - ALL : STEP;
	size_t step = index - DENSE < STEP_MAX ? index - DENSE : STEP_MAX;
	return step > STEP ? step : STEP;
}

struct selecting {
	const struct bitmap_write *w;
	uint8_t *is_tip; /* by number in the graph */
	uint8_t *chosen; /* by index in w->commits */
};

static void choose_tips(struct selecting *s)
{
	size_t left = tips_max(s->w);
	for (size_t i = 0; i < s->w->tips->len; i++)
		s->is_tip[s->w->tips->at[i]] = 1;
	for (size_t i = 0; i < s->w->commits->len && left; i++) {
		s->chosen[i] = s->is_tip[s->w->commits->at[i]];
		left -= s->chosen[i];
	}
}

/* Of commits[from..to] the one that serves best: a tip, else a merge, else the last. */
static enum err choose_one(struct ctx *c, struct selecting *s, size_t from, size_t to)
{
	struct commit_info *info = NULL;
	size_t best = to;
	for (size_t i = from; i <= to; i++) {
		if (s->chosen[i])
			return OK;
		TRY(graph_commit(c, s->w->graph, s->w->commits->at[i], &info));
		if (info->parent_count > 1)
			best = i;
	}
	s->chosen[best] = 1;
	return OK;
}

enum err bitmap_select(struct ctx *c, const struct bitmap_write *w, struct numbers *out)
{
	size_t count = w->commits->len;
	struct selecting s = {.w = w};
	s.is_tip = NEW_ARRAY(c->arena, uint8_t, w->graph->ids.count);
	s.chosen = NEW_ARRAY(c->arena, uint8_t, count);
	choose_tips(&s);
	for (size_t i = 0, step = 0; i + (step = step_at(i)) < count; i += step + 1)
		TRY(choose_one(c, &s, i, i + step));
	for (size_t i = count; i > 0; i--)
		if (s.chosen[i - 1])
			*vec_push(out) = w->commits->at[i - 1];
	return OK;
}

#include "git/diff_parts.h"

#include "base/vec.h"

enum {
	SNAKE_LONG = 20,    /* equal lines in a row that count as a good sign */
	COST_NOTABLE = 256, /* from this many edits on a good sign is taken */
	COST_LEAST = 256,   /* the least that a search may cost before it gives up */
	GOOD_FACTOR = 4,
	FAR = INT32_MAX / 2,
	CHECK_EVERY = 64,
};

/* Part of both kept lists: [a, a_end) and [b, b_end). `exact`: find the shortest, whatever it costs. */
struct box {
	int32_t a, a_end, b, b_end;
	bool exact;
};

/* Paths from one corner: the furthest `a` on each diagonal a - b of [low, high]. */
struct front {
	int32_t *at;
	int32_t low, high, middle;
};

struct search {
	struct diff_side *old, *new;
	struct front forward, backward;
	int32_t cost_max;
};

struct split {
	int32_t a, b;
	bool exact_before, exact_after;
};

static bool same(const struct search *k, int32_t a, int32_t b)
{
	return k->old->class[k->old->kept[a]] == k->new->class[k->new->kept[b]];
}

/* One more edit widens the range of diagonals, but not out of the box. */
static void widen(struct front *f, const struct box *box, int32_t outside)
{
	if (f->low > box->a - box->b_end)
		f->at[--f->low - 1] = outside;
	else
		f->low++;
	if (f->high < box->a_end - box->b)
		f->at[++f->high + 1] = outside;
	else
		f->high--;
}

static bool within(const struct front *f, int32_t d)
{
	return f->low <= d && d <= f->high;
}

static bool meet(struct split *out, int32_t a, int32_t d)
{
	*out = (struct split){a, a - d, true, true};
	return true;
}

static bool go_forward(struct search *k, const struct box *box, bool *snake, struct split *out)
{
	struct front *f = &k->forward, *other = &k->backward;
	bool odd = (f->middle - other->middle) & 1;
	widen(f, box, -1);
	for (int32_t d = f->high; d >= f->low; d -= 2) {
		int32_t a = f->at[d - 1] >= f->at[d + 1] ? f->at[d - 1] + 1 : f->at[d + 1];
		int32_t start = a;
		while (a < box->a_end && a - d < box->b_end && same(k, a, a - d))
			a++;
		*snake |= a - start > SNAKE_LONG;
		f->at[d] = a;
		if (odd && within(other, d) && other->at[d] <= a)
			return meet(out, a, d);
	}
	return false;
}

static bool go_backward(struct search *k, const struct box *box, bool *snake, struct split *out)
{
	struct front *f = &k->backward, *other = &k->forward;
	bool odd = (f->middle - other->middle) & 1;
	widen(f, box, FAR);
	for (int32_t d = f->high; d >= f->low; d -= 2) {
		int32_t a = f->at[d - 1] < f->at[d + 1] ? f->at[d - 1] : f->at[d + 1] - 1;
		int32_t start = a;
		while (a > box->a && a - d > box->b && same(k, a - 1, a - 1 - d))
			a--;
		*snake |= start - a > SNAKE_LONG;
		f->at[d] = a;
		if (!odd && within(other, d) && a <= other->at[d])
			return meet(out, a, d);
	}
	return false;
}

/* `count` equal lines from (a, b) on. */
static bool is_run(const struct search *k, int32_t a, int32_t b, int32_t count)
{
	for (int32_t i = 0; i < count; i++)
		if (!same(k, a + i, b + i))
			return false;
	return true;
}

/* How far a path has come, less what it has strayed. */
static int32_t worth(const struct front *f, int32_t d, int32_t progress)
{
	return progress - (d > f->middle ? d - f->middle : f->middle - d);
}

/* A path that has come far, and through a good many equal lines just now. */
static bool good_forward(
	const struct search *k, const struct box *box, int32_t cost, struct split *out)
{
	const struct front *f = &k->forward;
	int32_t best = 0;
	for (int32_t d = f->high; d >= f->low; d -= 2) {
		int32_t a = f->at[d], b = a - d;
		int32_t value = worth(f, d, a - box->a + b - box->b);
		if (value <= GOOD_FACTOR * cost || value <= best)
			continue;
		if (a < box->a + SNAKE_LONG || a >= box->a_end || b < box->b + SNAKE_LONG ||
			b >= box->b_end)
			continue;
		if (!is_run(k, a - SNAKE_LONG, b - SNAKE_LONG, SNAKE_LONG))
			continue;
		best = value;
		*out = (struct split){a, b, true, false};
	}
	return best > 0;
}

static bool good_backward(
	const struct search *k, const struct box *box, int32_t cost, struct split *out)
{
	const struct front *f = &k->backward;
	int32_t best = 0;
	for (int32_t d = f->high; d >= f->low; d -= 2) {
		int32_t a = f->at[d], b = a - d;
		int32_t value = worth(f, d, box->a_end - a + box->b_end - b);
		if (value <= GOOD_FACTOR * cost || value <= best)
			continue;
		if (a <= box->a || a > box->a_end - SNAKE_LONG || b <= box->b ||
			b > box->b_end - SNAKE_LONG)
			continue;
		if (!is_run(k, a, b, SNAKE_LONG))
			continue;
		best = value;
		*out = (struct split){a, b, false, true};
	}
	return best > 0;
}

/* Enough is enough: the point that any path has got furthest to. */
static void furthest(const struct search *k, const struct box *box, struct split *out)
{
	int32_t forth = -1, forth_a = -1, back = FAR, back_a = FAR;
	for (int32_t d = k->forward.high; d >= k->forward.low; d -= 2) {
		int32_t a = k->forward.at[d] < box->a_end ? k->forward.at[d] : box->a_end;
		if (a - d > box->b_end)
			a = box->b_end + d;
		if (forth < a + a - d)
			forth = a + a - d, forth_a = a;
	}
	for (int32_t d = k->backward.high; d >= k->backward.low; d -= 2) {
		int32_t a = k->backward.at[d] > box->a ? k->backward.at[d] : box->a;
		if (a - d < box->b)
			a = box->b + d;
		if (a + a - d < back)
			back = a + a - d, back_a = a;
	}
	if (box->a_end + box->b_end - back < forth - (box->a + box->b))
		*out = (struct split){forth_a, forth - forth_a, true, false};
	else
		*out = (struct split){back_a, back - back_a, false, true};
}

static enum err find_split(
	struct ctx *c, struct search *k, const struct box *box, struct split *out)
{
	struct front *f = &k->forward, *b = &k->backward;
	f->low = f->high = f->middle = box->a - box->b;
	b->low = b->high = b->middle = box->a_end - box->b_end;
	f->at[f->middle] = box->a;
	b->at[b->middle] = box->a_end;
	for (int32_t cost = 1;; cost++) {
		bool snake = false;
		if (go_forward(k, box, &snake, out) || go_backward(k, box, &snake, out))
			return OK;
		if (cost % CHECK_EVERY == 0)
			TRY(ctx_check(c));
		if (box->exact)
			continue;
		if (snake && cost > COST_NOTABLE &&
			(good_forward(k, box, cost, out) || good_backward(k, box, cost, out)))
			return OK;
		if (cost >= k->cost_max) {
			furthest(k, box, out);
			return OK;
		}
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

static void mark(struct diff_side *s, int32_t from, int32_t to)
{
	for (int32_t i = from; i < to; i++)
		s->changed[s->kept[i]] = 1;
}

enum err diff_search(struct ctx *c, struct diff_side *old, struct diff_side *new)
{
	struct search k = {.old = old, .new = new};
	int32_t diagonals = old->kept_count + new->kept_count + 3;
	k.forward.at = NEW_ARRAY(c->arena, int32_t, 2 * (size_t)diagonals + 2);
	k.backward.at = k.forward.at + diagonals;
	k.forward.at += new->kept_count + 1;
	k.backward.at += new->kept_count + 1;
	k.cost_max = diff_root(diagonals);
	if (k.cost_max < COST_LEAST)
		k.cost_max = COST_LEAST;
	VEC_OF(struct box) todo = {.arena = c->arena};
	*vec_push(&todo) = (struct box){0, old->kept_count, 0, new->kept_count, false};
	while (todo.len) {
		struct box box = todo.at[--todo.len];
		struct split at = {0};
		trim(&k, &box);
		if (box.a == box.a_end || box.b == box.b_end) {
			mark(old, box.a, box.a_end);
			mark(new, box.b, box.b_end);
			continue;
		}
		TRY(ctx_check(c));
		TRY(find_split(c, &k, &box, &at));
		*vec_push(&todo) = (struct box){box.a, at.a, box.b, at.b, at.exact_before};
		*vec_push(&todo) = (struct box){at.a, box.a_end, at.b, box.b_end, at.exact_after};
	}
	return OK;
}

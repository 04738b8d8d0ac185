/* git/merge_base.c: beside what anybody can count, on random histories whose dates may lie. */
#include "unit.h"

#include "git/merge_base.h"
#include "history_make.h"

/* The best common ancestors of a and b, by trying all. */
static int best_of(const struct history *h, int a, int b, bool best[HISTORY_MAX])
{
	bool from_a[HISTORY_MAX] = {0}, from_b[HISTORY_MAX] = {0};
	int count = 0;
	history_reach(h, a, from_a);
	history_reach(h, b, from_b);
	for (int i = 0; i < h->count; i++)
		best[i] = from_a[i] && from_b[i];
	for (int i = h->count - 1; i >= 0; i--) {
		bool below[HISTORY_MAX] = {0};
		if (!from_a[i] || !from_b[i])
			continue;
		history_reach(h, i, below);
		for (int k = 0; k < h->count; k++)
			if (k != i && below[k])
				best[k] = false;
	}
	for (int i = 0; i < h->count; i++)
		count += best[i];
	return count;
}

static void check_pair(struct ctx *c, struct history *h, struct graph *g, int a, int b)
{
	bool best[HISTORY_MAX] = {0}, reached[HISTORY_MAX] = {0};
	struct numbers found;
	bool leads;
	uint32_t x = graph_add(g, &h->commits[a]), y = graph_add(g, &h->commits[b]);
	assert_ok(c, merge_bases(c, g, x, y, &found));
	assert_int_equal(found.len, best_of(h, a, b, best));
	for (size_t i = 0; i < found.len; i++) {
		struct oid id = oidmap_oid(&g->ids, found.at[i]);
		int n = 0;
		while (!oid_eq(&h->commits[n], &id))
			n++;
		assert_true(best[n]);
	}
	history_reach(h, b, reached);
	assert_ok(c, is_ancestor(c, g, x, y, &leads));
	assert_int_equal(leads, reached[a]);
}

static void check_counts(struct ctx *c, struct history *h, struct graph *g, int a, int b)
{
	bool from_a[HISTORY_MAX] = {0}, from_b[HISTORY_MAX] = {0};
	struct ahead_behind counts;
	size_t ahead = 0, behind = 0;
	history_reach(h, a, from_a);
	history_reach(h, b, from_b);
	for (int i = 0; i < h->count; i++) {
		ahead += from_a[i] && !from_b[i];
		behind += from_b[i] && !from_a[i];
	}
	uint32_t x = graph_add(g, &h->commits[a]), y = graph_add(g, &h->commits[b]);
	assert_ok(c, ahead_behind(c, g, x, y, &counts));
	assert_int_equal(counts.ahead, ahead);
	assert_int_equal(counts.behind, behind);
}

/* `indexed`: how many of 24 are in a commit-graph. */
static void check_history(struct ctx *c, unsigned seed, int indexed)
{
	struct history *h = history_make(c, seed, 24, seed % 3 == 0);
	__attribute__((cleanup(graph_done))) struct graph g;
	if (indexed)
		history_commit_graph(h, indexed);
	graph_init(&g, &h->reader);
	for (int i = 0; i < 60; i++) {
		int a = (int)history_random(h, 24), b = (int)history_random(h, 24);
		check_pair(c, h, &g, a, b);
		check_counts(c, h, &g, a, b);
	}
	history_done(h);
}

static void the_best_common_ancestors_are_found_whatever_the_dates_say(void **state)
{
	for (unsigned seed = 1; seed <= 40; seed++)
		check_history(*state, seed, 0);
}

static void so_they_are_by_generations(void **state)
{
	for (unsigned seed = 1; seed <= 40; seed++)
		check_history(*state, seed, 24);
}

static void so_they_are_where_some_have_a_generation(void **state)
{
	for (unsigned seed = 1; seed <= 40; seed++)
		check_history(*state, seed, 12);
}

/* With generations, who is asked about an old commit stops there. */
static void generations_say_when_to_stop(void **state)
{
	struct ctx *c = *state;
	struct history *h = history_make(c, 5, HISTORY_MAX, true);
	history_commit_graph(h, HISTORY_MAX);
	__attribute__((cleanup(graph_done))) struct graph g;
	bool leads, reached[HISTORY_MAX] = {0};
	graph_init(&g, &h->reader);
	uint32_t x = graph_add(&g, &h->commits[HISTORY_MAX - 5]),
		 y = graph_add(&g, &h->commits[HISTORY_MAX - 1]);
	assert_ok(c, is_ancestor(c, &g, x, y, &leads));
	history_reach(h, HISTORY_MAX - 1, reached);
	assert_int_equal(leads, reached[HISTORY_MAX - 5]);
	assert_true(g.commits.len < 20);
	history_done(h);
}

static void a_commit_that_is_not_there_is_an_error(void **state)
{
	struct ctx *c = *state;
	struct history *h = history_make(c, 1, 3, false);
	__attribute__((cleanup(graph_done))) struct graph g;
	struct oid none = {.hash = {1}, .algo = h->make->odb.algo};
	struct numbers found;
	graph_init(&g, &h->reader);
	uint32_t x = graph_add(&g, &h->commits[2]), y = graph_add(&g, &none);
	assert_err(c, merge_bases(c, &g, x, y, &found), ERR_NOT_FOUND);
	history_done(h);
}

static void what_lies_too_far_away_is_not_walked(void **state)
{
	struct ctx *c = *state;
	struct history *h = history_make(c, 1, 10, false);
	__attribute__((cleanup(graph_done))) struct graph g;
	struct numbers found;
	graph_init(&g, &h->reader);
	uint32_t x = graph_add(&g, &h->commits[0]), y = graph_add(&g, &h->commits[9]);
	c->afar.bytes_max = c->afar.bytes = 1;
	assert_err(c, merge_bases(c, &g, x, y, &found), ERR_TIMEOUT);
	ctx_clear(c);
	assert_err(c, commits_between(c, &g, x, y, &found), ERR_TIMEOUT);
	ctx_clear(c);
	c->afar.bytes = 0;
	assert_ok(c, merge_bases(c, &g, x, y, &found));
	history_done(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(the_best_common_ancestors_are_found_whatever_the_dates_say),
		UNIT_TEST(so_they_are_by_generations),
		UNIT_TEST(so_they_are_where_some_have_a_generation),
		UNIT_TEST(generations_say_when_to_stop),
		UNIT_TEST(a_commit_that_is_not_there_is_an_error),
		UNIT_TEST(what_lies_too_far_away_is_not_walked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

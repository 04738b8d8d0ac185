#include "git/walk.h"

#include "unit.h"

#include "history_make.h"

static void the_queue_gives_the_newest_first_and_keeps_turns(void **state)
{
	struct ctx *c = *state;
	struct commit_queue q = {.heap.arena = c->arena};
	uint32_t number = 0, last = 0;
	for (uint32_t i = 0; i < 1000; i++)
		commit_queue_push(&q, i, (int64_t)(i * 7919 % 100));
	int64_t date = 100;
	for (uint32_t i = 0; i < 1000; i++) {
		assert_true(commit_queue_pop(&q, &number));
		int64_t now = (int64_t)(number * 7919 % 100);
		assert_true(now < date || (now == date && number > last));
		date = now;
		last = number;
	}
	assert_false(commit_queue_pop(&q, &number));
}

/* Checks the walk from two commits without what two others lead to. */
static void check_new(struct ctx *c, struct history *h, bool exact)
{
	struct graph g;
	graph_init(&g, &h->reader);
	bool wanted[HISTORY_MAX] = {0}, known[HISTORY_MAX] = {0}, listed[HISTORY_MAX] = {0};
	struct numbers wants = {.arena = c->arena}, haves = wants, out;
	uint32_t number_of[HISTORY_MAX];
	for (int i = 0; i < 2; i++) {
		int want = (int)history_random(h, (unsigned)h->count);
		int have = (int)history_random(h, (unsigned)h->count);
		*vec_push(&wants) = graph_add(&g, &h->commits[want]);
		*vec_push(&haves) = graph_add(&g, &h->commits[have]);
		history_reach(h, want, wanted);
		history_reach(h, have, known);
	}
	for (int i = 0; i < h->count; i++)
		number_of[i] = graph_add(&g, &h->commits[i]);
	assert_ok(c, walk_new(c, &g, &wants, &haves, (struct walk_limits){0}, &out));
	for (size_t i = 0; i < out.len; i++) {
		int n = 0;
		while (number_of[n] != out.at[i])
			n++;
		assert_false(listed[n]);
		listed[n] = true;
		assert_true(wanted[n]);
		if (exact)
			assert_false(known[n]);
	}
	for (int n = 0; n < h->count; n++) {
		if (wanted[n] && !known[n])
			assert_true(listed[n]);
		if (graph_has(&g, number_of[n], MARK_KNOWN))
			assert_true(known[n]);
		assert_false(graph_has(&g, number_of[n], MARK_SEEN | MARK_DONE | MARK_SEND));
	}
	graph_done(&g);
}

static void what_is_new_is_listed_and_nothing_else(void **state)
{
	struct ctx *c = *state;
	for (unsigned seed = 1; seed < 12; seed++) {
		struct history *h = history_make(c, seed, 120, false);
		for (int round = 0; round < 20; round++)
			check_new(c, h, true);
		history_done(h);
	}
}

static void dates_that_lie_cost_more_but_nothing_is_missing(void **state)
{
	struct ctx *c = *state;
	for (unsigned seed = 1; seed < 12; seed++) {
		struct history *h = history_make(c, seed, 120, true);
		for (int round = 0; round < 20; round++)
			check_new(c, h, false);
		history_done(h);
	}
}

static void with_a_commit_graph_dates_may_lie(void **state)
{
	struct ctx *c = *state;
	for (unsigned seed = 1; seed < 12; seed++) {
		struct history *h = history_make(c, seed, 120, true);
		history_commit_graph(h, seed % 2 ? 120 : 80);
		for (int round = 0; round < 20; round++)
			check_new(c, h, seed % 2);
		history_done(h);
	}
}

static void check_readiness(struct ctx *c, struct history *h)
{
	for (int round = 0; round < 60; round++) {
		struct graph g;
		graph_init(&g, &h->reader);
		struct numbers from = {.arena = c->arena}, to = from;
		bool expected = true, ready = false, reached[2][HISTORY_MAX] = {0};
		int have[2];
		for (int i = 0; i < 2; i++) {
			int want = (int)history_random(h, (unsigned)h->count);
			have[i] = (int)history_random(h, (unsigned)h->count);
			history_reach(h, want, reached[i]);
			*vec_push(&from) = graph_add(&g, &h->commits[want]);
			*vec_push(&to) = graph_add(&g, &h->commits[have[i]]);
		}
		for (int i = 0; i < 2; i++)
			expected &= reached[i][have[0]] || reached[i][have[1]];
		assert_ok(c, walk_all_reach(c, &g, &from, &to, &ready));
		assert_int_equal(ready, expected);
		graph_done(&g);
	}
	history_done(h);
}

static void readiness_is_that_all_wants_lead_to_a_have(void **state)
{
	check_readiness(*state, history_make(*state, 3, 150, false));
}

static void so_it_is_with_a_commit_graph_and_dates_that_lie(void **state)
{
	struct history *h = history_make(*state, 6, 150, true);
	history_commit_graph(h, 150);
	check_readiness(*state, h);
}

static void a_graft_ends_the_walk(void **state)
{
	struct ctx *c = *state;
	struct odb_make *m = odb_make(c, HASH_SHA1);
	struct odb_reader r;
	struct oid tree = odb_make_tree(m, NULL, (struct oid){0}, NULL, (struct oid){0});
	struct oid a = odb_make_commit(m, tree, NULL, 1);
	struct oid b = odb_make_commit(m, tree, PARENTS(a), 2);
	struct oid d = odb_make_commit(m, tree, PARENTS(b), 3);
	odb_make_pack(m);
	odb_reader_init(c, &r, &m->odb);
	struct graph g;
	graph_init(&g, &r);
	struct numbers wants = {.arena = c->arena}, none = wants, out;
	*vec_push(&wants) = graph_add(&g, &d);
	graph_mark(&g, graph_add(&g, &b), MARK_GRAFT);
	assert_ok(c, walk_new(c, &g, &wants, &none, (struct walk_limits){0}, &out));
	assert_int_equal(out.len, 2);
	assert_ok(c, walk_new(c, &g, &wants, &none, (struct walk_limits){.since = 3}, &out));
	assert_int_equal(out.len, 1);
	graph_done(&g);
	odb_make_done(m);
}

static void a_missing_parent_is_told(void **state)
{
	struct ctx *c = *state;
	struct odb_make *m = odb_make(c, HASH_SHA1);
	struct odb_reader r;
	struct oid tree = odb_make_tree(m, NULL, (struct oid){0}, NULL, (struct oid){0});
	struct oid lost = oid_zero(HASH_SHA1);
	lost.hash[0] = 1;
	struct oid a = odb_make_commit(m, tree, PARENTS(lost), 1);
	odb_make_pack(m);
	odb_reader_init(c, &r, &m->odb);
	struct graph g;
	graph_init(&g, &r);
	struct numbers wants = {.arena = c->arena}, none = wants, out;
	*vec_push(&wants) = graph_add(&g, &a);
	assert_err(c, walk_new(c, &g, &wants, &none, (struct walk_limits){0}, &out), ERR_NOT_FOUND);
	graph_done(&g);
	odb_make_done(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(the_queue_gives_the_newest_first_and_keeps_turns),
		UNIT_TEST(what_is_new_is_listed_and_nothing_else),
		UNIT_TEST(dates_that_lie_cost_more_but_nothing_is_missing),
		UNIT_TEST(with_a_commit_graph_dates_may_lie),
		UNIT_TEST(readiness_is_that_all_wants_lead_to_a_have),
		UNIT_TEST(so_it_is_with_a_commit_graph_and_dates_that_lie),
		UNIT_TEST(a_graft_ends_the_walk),
		UNIT_TEST(a_missing_parent_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

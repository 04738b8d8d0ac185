#include "git/graph.h"

#include "unit.h"

#include "history_make.h"

/* The first `indexed` commits are in a commit-graph. */
static void check_commits(struct ctx *c, struct history *h, int indexed)
{
	struct graph g;
	int64_t indexed_last = INT64_MIN;
	graph_init(&g, &h->reader);
	for (int round = 0; round < 2; round++)
		for (int n = 0; n < h->count; n++) {
			struct commit_info *info = NULL;
			uint32_t count = 0, expected = 0;
			uint32_t number = graph_add(&g, &h->commits[n]);
			assert_ok(c, graph_commit(c, &g, number, &info));
			assert_int_equal(info->date, h->dates[n]);
			assert_int_equal(info->exact, n < indexed);
			assert_true(info->order >= info->date);
			if (n < indexed && info->order > indexed_last)
				indexed_last = info->order;
			if (n >= indexed)
				assert_true(info->order > indexed_last);
			assert_int_equal(info->tree, graph_add(&g, &h->trees[n]));
			const uint32_t *parents = graph_parents(&g, number, &count);
			for (int i = 0; i < 2; i++)
				if (h->parents[n][i] >= 0)
					assert_int_equal(parents[expected++],
						graph_add(&g, &h->commits[h->parents[n][i]]));
			assert_int_equal(count, expected);
		}
	assert_int_equal(g.commits.len, h->count);
	graph_done(&g);
	history_done(h);
}

static void commits_are_read_once_with_their_parents(void **state)
{
	check_commits(*state, history_make(*state, 3, 150, true), 0);
}

static void they_are_the_same_from_a_commit_graph(void **state)
{
	for (unsigned seed = 3; seed < 5; seed++) {
		struct history *h = history_make(*state, seed, 150, true);
		history_commit_graph(h, 100);
		check_commits(*state, h, 100);
	}
}

static void marks_are_set_told_and_taken_off(void **state)
{
	struct ctx *c = *state;
	struct history *h = history_make(c, 3, 20, false);
	struct graph g;
	graph_init(&g, &h->reader);
	uint32_t number = graph_add(&g, &h->commits[7]);
	assert_true(graph_mark(&g, number, MARK_SEND));
	assert_false(graph_mark(&g, number, MARK_SEND));
	assert_false(graph_mark(&g, number, MARK_SEND | MARK_SEEN));
	assert_true(graph_has(&g, number, MARK_SEEN));
	graph_unmark_all(&g, MARK_SEND);
	assert_true(!graph_has(&g, number, MARK_SEND) && graph_has(&g, number, MARK_SEEN));
	graph_done(&g);
	history_done(h);
}

static void types_are_looked_up_and_a_tree_is_no_commit(void **state)
{
	struct ctx *c = *state;
	struct history *h = history_make(c, 3, 20, false);
	struct graph g;
	struct commit_info *info = NULL;
	enum object_type type = OBJECT_NONE;
	struct oid none = oid_zero(h->make->odb.algo);
	graph_init(&g, &h->reader);
	uint32_t tree = graph_add(&g, &h->trees[4]);
	assert_ok(c, graph_type(c, &g, tree, &type));
	assert_int_equal(type, OBJECT_TREE);
	assert_err(c, graph_commit(c, &g, tree, &info), ERR_INVALID);
	assert_err(c, graph_type(c, &g, graph_add(&g, &none), &type), ERR_NOT_FOUND);
	graph_done(&g);
	history_done(h);
}

/* The newest commits lie in a pack of their own, and only that one is here. */
static void a_history_that_is_cut_ends_where_parents_are_missing(void **state)
{
	struct ctx *c = *state;
	struct oid tree, root, tip;
	struct odb_reader reader;
	struct graph g;
	struct commit_info *info = NULL;
	uint32_t count, number;
	char tree_hex[OID_HEX_MAX], hex[OID_HEX_MAX];
	const char *rest = "author A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n";
	struct odb_make *m = odb_make(c, HASH_SHA1);
	tree = odb_make_object(m, OBJECT_TREE, STR(""));
	oid_hex(&tree, tree_hex);
	object_hash(HASH_SHA1,
		&(struct object){
			OBJECT_COMMIT, str_of(arena_fmt(c->arena, "tree %s\n%s", tree_hex, rest))},
		&root);
	tip = odb_make_object(m, OBJECT_COMMIT,
		str_of(arena_fmt(
			c->arena, "tree %s\nparent %s\n%s", tree_hex, oid_hex(&root, hex), rest)));
	odb_make_pack(m);
	for (int partial = 0; partial < 2; partial++) {
		m->odb.partial = partial;
		odb_reader_init(c, &reader, &m->odb);
		graph_init(&g, &reader);
		number = graph_add(&g, &tip);
		assert_ok(c, graph_commit(c, &g, number, &info));
		(void)graph_parents(&g, number, &count);
		assert_int_equal(count, partial ? 0 : 1);
		graph_done(&g);
	}
	odb_make_done(m);
}

/* Where a walk ends that goes from first parent to first parent by itself. */
static uint32_t go_on(struct ctx *c, struct graph *g, uint32_t number,
	const struct graph_leap *leap, size_t *steps)
{
	struct commit_info *info = NULL;
	uint32_t count = 0;
	for (*steps = 0; *steps < leap->steps;) {
		assert_ok(c, graph_commit(c, g, number, &info));
		const uint32_t *parents = graph_parents(g, number, &count);
		if (count == 0 || !graph_unchanged(c, g, number, leap->path))
			break;
		number = parents[0];
		++*steps;
		assert_ok(c, graph_commit(c, g, number, &info));
		bool named = false;
		for (size_t i = 0; i < leap->stop_count; i++)
			named |= leap->stops[i] == info->position;
		if (named || (leap->by_date ? info->date : info->order) <= leap->newer)
			break;
	}
	return number;
}

static void a_leap_ends_where_a_walk_by_steps_does(void **state)
{
	struct ctx *c = *state;
	static const char *const paths[] = {"file", "dir", "dir/a", "none/deep/er", ""};
	size_t far = 0;
	for (unsigned seed = 1; seed < 9; seed++) {
		struct history *h = history_make(c, seed, 150, seed > 4);
		history_commit_graph(h, seed % 2 ? 150 : 100);
		for (int round = 0; round < 400; round++) {
			struct graph g, walked;
			struct commit_info *info = NULL;
			size_t steps;
			graph_init(&g, &h->reader);
			graph_init(&walked, &h->reader);
			struct bloom_path path = graph_path(&g, str_of(paths[round % 5]));
			const struct oid *from = &h->commits[history_random(h, 150)];
			uint32_t stop = history_random(h, 150), number = graph_add(&g, from);
			assert_ok(c, graph_commit(c, &g, number, &info));
			struct graph_leap leap = {.path = &path,
				.by_date = round % 2,
				.newer = round % 3 ? INT64_MIN : info->date - 40,
				.stops = &stop,
				.stop_count = round % 4 == 0,
				.steps = history_random(h, 30)};
			struct graph_leap asked = leap;
			uint32_t to = go_on(c, &walked, graph_add(&walked, from), &asked, &steps);
			struct oid want = oidmap_oid(&walked.ids, to);
			uint32_t got = graph_leap(c, &g, number, &leap);
			struct oid there = oidmap_oid(&g.ids, got);
			assert_int_equal(leap.steps, steps);
			assert_true(oid_eq(&there, &want));
			far += steps > 3;
			/* It is a commit like any other. */
			assert_ok(c, graph_commit(c, &g, got, &info));
			graph_done(&g);
			graph_done(&walked);
		}
		history_done(h);
	}
	assert_true(far > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(commits_are_read_once_with_their_parents),
		UNIT_TEST(they_are_the_same_from_a_commit_graph),
		UNIT_TEST(marks_are_set_told_and_taken_off),
		UNIT_TEST(types_are_looked_up_and_a_tree_is_no_commit),
		UNIT_TEST(a_leap_ends_where_a_walk_by_steps_does),
		UNIT_TEST(a_history_that_is_cut_ends_where_parents_are_missing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

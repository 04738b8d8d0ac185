#include "git/shallow.h"

#include "unit.h"

#include "history_make.h"

/* Distances from `from` (1), found by going over all commits again and again. */
static void distances(const struct history *h, int from, int out[HISTORY_MAX])
{
	for (int n = 0; n < h->count; n++)
		out[n] = 1 << 20;
	out[from] = 1;
	for (int round = 0; round < h->count; round++)
		for (int n = h->count - 1; n >= 0; n--)
			for (int i = 0; i < 2; i++) {
				int p = h->parents[n][i];
				if (p >= 0 && out[n] + 1 < out[p])
					out[p] = out[n] + 1;
			}
}

static bool holds(const struct graph *g, const struct numbers *list, const struct oid *id)
{
	for (size_t i = 0; i < list->len; i++) {
		struct oid one = oidmap_oid(&g->ids, list->at[i]);
		if (oid_eq(&one, id))
			return true;
	}
	return false;
}

static void the_ends_lie_at_the_depth_that_was_asked(void **state)
{
	struct ctx *c = *state;
	struct history *h = history_make(c, 5, 100, true);
	for (uint32_t depth = 1; depth < 12; depth++) {
		int want = (int)history_random(h, 100), distance[HISTORY_MAX];
		struct shallow_request request = {
			.wants = &h->commits[want], .want_count = 1, .depth = depth};
		struct shallow_reply reply;
		struct graph g;
		graph_init(&g, &h->reader);
		distances(h, want, distance);
		assert_ok(c, shallow_apply(c, &g, &request, &reply));
		for (int n = 0; n < h->count; n++) {
			bool end = distance[n] == (int)depth;
			assert_int_equal(holds(&g, &reply.shallow, &h->commits[n]), end);
			if (end)
				assert_true(
					graph_has(&g, graph_add(&g, &h->commits[n]), MARK_GRAFT));
		}
		assert_int_equal(reply.unshallow.len, 0);
		graph_done(&g);
	}
	history_done(h);
}

/* A line of ten commits, the oldest first. */
static struct odb_make *line(struct ctx *c, struct oid commits[10])
{
	struct odb_make *m = odb_make(c, HASH_SHA1);
	struct oid tree = odb_make_tree(m, NULL, (struct oid){0}, NULL, (struct oid){0});
	commits[0] = odb_make_commit(m, tree, NULL, 100);
	for (int i = 1; i < 10; i++)
		commits[i] = odb_make_commit(m, tree, PARENTS(commits[i - 1]), 100 + i);
	odb_make_pack(m);
	return m;
}

struct expected {
	struct shallow_request request;
	int shallow, unshallow, want; /* index in the line; -1: none */
};

static void check_line(
	struct ctx *c, struct odb_make *m, const struct oid commits[10], const struct expected *e)
{
	struct odb_reader r;
	struct graph g;
	struct shallow_reply reply;
	odb_reader_init(c, &r, &m->odb);
	graph_init(&g, &r);
	assert_ok(c, shallow_apply(c, &g, &e->request, &reply));
	assert_int_equal(reply.shallow.len, e->shallow >= 0);
	assert_int_equal(reply.unshallow.len, e->unshallow >= 0);
	assert_int_equal(reply.wants.len, e->want >= 0);
	if (e->shallow >= 0)
		assert_true(holds(&g, &reply.shallow, &commits[e->shallow]));
	if (e->unshallow >= 0)
		assert_true(holds(&g, &reply.unshallow, &commits[e->unshallow]));
	if (e->want >= 0)
		assert_true(holds(&g, &reply.wants, &commits[e->want]));
	graph_done(&g);
}

static void a_history_is_deepened_cut_and_made_whole(void **state)
{
	struct ctx *c = *state;
	struct oid commits[10];
	struct odb_make *m = line(c, commits);
	struct shallow_request r = {.wants = &commits[9], .want_count = 1};
	struct shallow_request client = r, deeper, same, more, whole, cut, since, not_;
	client.client = &commits[6], client.client_count = 1;
	deeper = same = more = whole = cut = client, since = not_ = r;
	deeper.depth = 7;
	same.depth = 4;
	cut.depth = 2;
	more.depth = 2, more.relative = true;
	whole.depth = SHALLOW_INFINITE;
	since.since = 105;
	not_.nots = &commits[2], not_.not_count = 1;
	const struct expected all[] = {{client, -1, -1, -1}, {deeper, 3, 6, 5}, {same, -1, -1, -1},
		{cut, 8, -1, -1}, {more, 4, 6, 5}, {whole, -1, 6, 5}, {since, 5, -1, -1},
		{not_, 3, -1, -1}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		check_line(c, m, commits, &all[i]);
	odb_make_done(m);
}

static void requests_that_leave_nothing_or_contradict_are_refused(void **state)
{
	struct ctx *c = *state;
	struct oid commits[10];
	struct odb_make *m = line(c, commits);
	struct odb_reader r;
	struct graph g;
	struct shallow_reply reply;
	struct shallow_request request = {
		.wants = &commits[9], .want_count = 1, .since = 500, .depth = 1};
	odb_reader_init(c, &r, &m->odb);
	graph_init(&g, &r);
	assert_err(c, shallow_apply(c, &g, &request, &reply), ERR_INVALID);
	request.depth = 0;
	assert_err(c, shallow_apply(c, &g, &request, &reply), ERR_NOT_FOUND);
	graph_done(&g);
	odb_make_done(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(the_ends_lie_at_the_depth_that_was_asked),
		UNIT_TEST(a_history_is_deepened_cut_and_made_whole),
		UNIT_TEST(requests_that_leave_nothing_or_contradict_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "git/enumerate.h"

#include "unit.h"

#include "history_make.h"

struct run {
	struct graph g;
	struct progress silent;
	struct enumerate e;
};

static void run_init(struct run *r, struct history *h)
{
	graph_init(&r->g, &h->reader);
	r->silent = (struct progress){0};
	r->e = (struct enumerate){.graph = &r->g, .filter = FILTER_ALL, .progress = &r->silent};
}

static struct oidmap sent(struct ctx *c, const struct run *r)
{
	struct oidmap map;
	oidmap_init(&map, c->arena, r->g.ids.algo);
	for (size_t i = 0; i < r->e.send.len; i++) {
		uint32_t before = map.count;
		oidmap_put(&map, oidmap_hash(&r->g.ids, r->e.send.at[i]));
		assert_int_equal(map.count, before + 1);
	}
	return map;
}

static void assert_within(const struct oidmap *part, const struct oidmap *all)
{
	for (uint32_t i = 0; i < part->count; i++)
		assert_true(oidmap_find(all, oidmap_hash(part, i)) != OIDMAP_NONE);
}

/* Half of the history has a bitmap and, for more or less of it, there is a commit-graph. */
static void index_some(struct history *h, unsigned seed)
{
	history_bitmap(h);
	if (seed % 4)
		history_commit_graph(h, (int)(seed % 4) * h->count / 3);
}

/* With a random want and have: all that is needed is sent, nothing that was not asked for. */
static void check_fetch(struct ctx *c, struct history *h)
{
	bool wanted[HISTORY_MAX] = {0}, had[HISTORY_MAX] = {0};
	int want = (int)history_random(h, (unsigned)h->count);
	int have = (int)history_random(h, (unsigned)h->count);
	struct oidmap all, client;
	struct run r;
	oidmap_init(&all, c->arena, h->make->odb.algo);
	oidmap_init(&client, c->arena, h->make->odb.algo);
	history_reach(h, want, wanted);
	history_reach(h, have, had);
	history_closure(h, wanted, &all);
	history_closure(h, had, &client);
	run_init(&r, h);
	r.e.wants = &h->commits[want], r.e.want_count = 1;
	r.e.haves = &h->commits[have], r.e.have_count = have % 3 != 0;
	r.e.always_by_bitmap = h->make->packs[0]->bitmap != NULL;
	assert_ok(c, enumerate_run(c, &r.e));
	struct oidmap got = sent(c, &r);
	assert_within(&got, &all);
	for (uint32_t i = 0; i < all.count; i++) {
		bool has = oidmap_find(&got, oidmap_hash(&all, i)) != OIDMAP_NONE;
		bool there = oidmap_find(&client, oidmap_hash(&all, i)) != OIDMAP_NONE;
		assert_true(has || (there && r.e.have_count));
		/* By bitmap, it is exactly what is not there. */
		assert_false(has && there && r.e.have_count && r.e.always_by_bitmap);
	}
	if (r.e.have_count && had[want])
		assert_int_equal(got.count, 0);
	for (uint32_t i = 0; i < r.g.ids.count; i++)
		if (graph_has(&r.g, i, MARK_KNOWN))
			assert_true(oidmap_find(&client, oidmap_hash(&r.g.ids, i)) != OIDMAP_NONE);
	graph_done(&r.g);
}

static void what_is_needed_is_sent_and_nothing_unasked(void **state)
{
	struct ctx *c = *state;
	for (unsigned seed = 1; seed < 10; seed++) {
		struct history *h = history_make(c, seed, 80, seed % 3 == 0);
		for (int round = 0; round < 15; round++)
			check_fetch(c, h);
		history_done(h);
	}
}

static void a_graph_over_the_memory_of_a_request_is_refused(void **state)
{
	struct ctx *c = *state, own = *c;
	struct history *h = history_make(c, 1, 80, false);
	struct arena arena;
	struct run r;
	arena_init(&arena);
	own.arena = &arena;
	own.memory_max = 1 << 20;
	for (int over = 0; over < 2; over++) {
		run_init(&r, h);
		r.e.wants = &h->commits[h->count - 1], r.e.want_count = 1;
		arena_alloc(&r.g.arena, over ? 1 << 20 : 1);
		assert_int_equal(enumerate_run(&own, &r.e), over ? ERR_TOO_BIG : OK);
		graph_done(&r.g);
	}
	arena_done(&arena);
	history_done(h);
}

static void so_it_is_by_bitmap_and_commit_graph(void **state)
{
	struct ctx *c = *state;
	for (unsigned seed = 1; seed < 10; seed++) {
		struct history *h = history_make(c, seed, 80, seed % 3 == 0);
		index_some(h, seed);
		for (int round = 0; round < 15; round++)
			check_fetch(c, h);
		history_done(h);
	}
}

static void one_commit_costs_what_it_changes(void **state)
{
	struct ctx *c = *state;
	struct history *h = history_make(c, 2, 100, false);
	for (int n = 1; n < h->count; n++) {
		struct run r;
		if (h->parents[n][0] < 0)
			continue;
		run_init(&r, h);
		r.e.wants = &h->commits[n], r.e.want_count = 1;
		r.e.haves = &h->commits[h->parents[n][0]], r.e.have_count = 1;
		assert_ok(c, enumerate_run(c, &r.e));
		if (h->parents[n][1] < 0)
			assert_in_range(r.e.send.len, 3, 4); /* commit, 1 or 2 trees, blob */
		graph_done(&r.g);
	}
	history_done(h);
}

static size_t count_with(struct ctx *c, struct history *h, const char *filter)
{
	struct run r;
	run_init(&r, h);
	r.e.wants = &h->commits[h->count - 1], r.e.want_count = 1;
	assert_ok(c, filter_parse(c, str_of(filter), &r.e.filter));
	assert_ok(c, enumerate_run(c, &r.e));
	size_t types[8] = {0};
	for (size_t i = 0; i < r.e.send.len; i++)
		types[graph_node(&r.g, r.e.send.at[i])->type]++;
	graph_done(&r.g);
	return types[OBJECT_COMMIT] * 1000000 + types[OBJECT_TREE] * 1000 + types[OBJECT_BLOB];
}

static void filters_leave_out_what_they_name(void **state)
{
	struct ctx *c = *state;
	struct history *h = history_make(c, 8, 60, false);
	size_t all = count_with(c, h, "blob:limit=1g");
	size_t commits = all / 1000000, trees = all / 1000 % 1000, blobs = all % 1000;
	assert_true(commits > 3 && trees > commits && blobs > 3);
	assert_int_equal(count_with(c, h, "blob:none"), all - blobs);
	assert_int_equal(count_with(c, h, "blob:limit=0"), all - blobs);
	assert_int_equal(count_with(c, h, "blob:limit=5"), all - blobs);
	assert_int_equal(count_with(c, h, "blob:limit=100"), all);
	assert_int_equal(count_with(c, h, "tree:0"), commits * 1000000);
	assert_int_equal(count_with(c, h, "tree:3"), all);
	assert_in_range(count_with(c, h, "tree:1") % 1000000 / 1000, 1, commits);
	assert_int_equal(count_with(c, h, "tree:1") % 1000, 0);
	assert_int_equal(count_with(c, h, "object:type=blob"), 1000000 + blobs);
	assert_int_equal(count_with(c, h, "object:type=commit"), commits * 1000000);
	history_done(h);
}

static void filters_leave_out_the_same_by_bitmap(void **state)
{
	struct ctx *c = *state;
	static const char *filters[] = {"blob:none", "tree:0", "blob:limit=0", "tree:2",
		"object:type=blob", "object:type=tree", "object:type=commit", "object:type=tag",
		"combine:blob:none+object:type=tree", "blob:limit=1g"};
	enum { FILTERS = sizeof filters / sizeof *filters };
	for (unsigned seed = 1; seed < 5; seed++) {
		struct history *h = history_make(c, seed, 60, false);
		size_t want[FILTERS];
		for (size_t i = 0; i < FILTERS; i++)
			want[i] = count_with(c, h, filters[i]);
		index_some(h, seed);
		for (size_t i = 0; i < FILTERS; i++)
			assert_int_equal(count_with(c, h, filters[i]), want[i]);
		history_done(h);
	}
}

/* What is sent with these lists of patterns, up to a NULL. */
static struct oidmap sent_sparse(
	struct ctx *c, struct odb_make *m, struct oid want, const char *const *lists)
{
	struct odb_reader reader;
	struct graph g;
	struct progress silent = {0};
	struct sparse sparse;
	struct oidmap map;
	odb_reader_init(c, &reader, &m->odb);
	graph_init(&g, &reader);
	sparse_init(c, &sparse, &g.arena);
	for (; *lists; lists++)
		assert_ok(c, sparse_add(c, &sparse, str_of(*lists)));
	struct enumerate e = {.graph = &g,
		.filter = FILTER_ALL,
		.sparse = &sparse,
		.wants = &want,
		.want_count = 1,
		.progress = &silent};
	assert_ok(c, enumerate_run(c, &e));
	oidmap_init(&map, c->arena, g.ids.algo);
	for (size_t i = 0; i < e.send.len; i++)
		oidmap_put(&map, oidmap_hash(&g.ids, e.send.at[i]));
	assert_int_equal(map.count, e.send.len);
	graph_done(&g);
	return map;
}

#define LISTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* One folder, at the paths "in" and "out". */
static void a_blob_is_sent_that_any_of_its_paths_includes(void **state)
{
	struct ctx *c = *state;
	struct odb_make *m = odb_make(c, HASH_SHA1);
	struct oid a = odb_make_object(m, OBJECT_BLOB, STR("a"));
	struct oid b = odb_make_object(m, OBJECT_BLOB, STR("b"));
	struct oid folder = odb_make_tree(m, "100644 a", a, "100644 b", b);
	struct oid root = odb_make_tree(m, "40000 in", folder, "40000 out", folder);
	struct oid commit = odb_make_commit(m, root, NULL, 1);
	odb_make_pack(m);
	const struct {
		const char *const *lists;
		bool a, b;
	} rows[] = {{LISTS("/in/"), true, true}, {LISTS("/out/"), true, true},
		{LISTS("/in/a"), true, false}, {LISTS("/out/b"), false, true},
		{LISTS("/*\n!/in/\n!/out/a"), false, true}, {LISTS("/none"), false, false},
		{LISTS("/in/", "a"), true, false}, {LISTS("/in/", "/out/"), false, false},
		{LISTS("/in/a", "/out/a", "*"), false, false}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct oidmap got = sent_sparse(c, m, commit, rows[i].lists);
		assert_int_equal(oidmap_find(&got, a.hash) != OIDMAP_NONE, rows[i].a);
		assert_int_equal(oidmap_find(&got, b.hash) != OIDMAP_NONE, rows[i].b);
		assert_int_equal(got.count, 3u + rows[i].a + rows[i].b);
	}
	/* A tree that was wanted is no root: patterns of paths begin in it, "*" does not mean it. */
	struct oidmap got = sent_sparse(c, m, folder, LISTS("/b"));
	assert_int_equal(got.count, 2);
	assert_true(oidmap_find(&got, b.hash) != OIDMAP_NONE);
	assert_int_equal(sent_sparse(c, m, folder, LISTS("*/")).count, 1);
	assert_int_equal(sent_sparse(c, m, root, LISTS("*/")).count, 4);
	odb_make_done(m);
}

/* Sixty folders deep, with two names for each: nobody walks all of its 2^60 paths. */
static void a_tree_at_endless_paths_is_walked_once_for_each_meaning(void **state)
{
	struct ctx *c = *state;
	struct odb_make *m = odb_make(c, HASH_SHA1);
	struct oid blob = odb_make_object(m, OBJECT_BLOB, STR("deep"));
	struct oid tree = odb_make_tree(m, "100644 f", blob, NULL, blob);
	for (int i = 0; i < 60; i++)
		tree = odb_make_tree(m, "40000 a", tree, "40000 b", tree);
	struct oid commit = odb_make_commit(m, tree, NULL, 1);
	odb_make_pack(m);
	assert_int_equal(sent_sparse(c, m, commit, LISTS("/a/**/b/a/b/f")).count, 63);
	assert_int_equal(sent_sparse(c, m, commit, LISTS("/a/**/b/a/b/g")).count, 62);
	assert_int_equal(sent_sparse(c, m, commit, LISTS("f", "!a\n!b/b/")).count, 62);
	assert_int_equal(sent_sparse(c, m, commit, LISTS("f\n!/b/**/f\n!/a/b/**/f")).count, 63);
	odb_make_done(m);
}

static void trees_blobs_and_tags_can_be_wanted_by_themselves(void **state)
{
	struct ctx *c = *state;
	struct odb_make *m = odb_make(c, HASH_SHA1);
	struct history h = {.make = m};
	struct oid blob = odb_make_object(m, OBJECT_BLOB, STR("x"));
	struct oid tree = odb_make_tree(m, "100644 a", blob, NULL, blob);
	struct oid commit = odb_make_commit(m, tree, NULL, 7);
	char hex[OID_HEX_MAX];
	struct oid tag = odb_make_object(m, OBJECT_TAG,
		str_of(arena_fmt(
			c->arena, "object %s\ntype commit\ntag t\n\n", oid_hex(&commit, hex))));
	odb_make_pack(m);
	odb_reader_init(c, &h.reader, &m->odb);
	const struct oid *wants[] = {&blob, &tree, &commit, &tag};
	for (size_t i = 0; i < 4; i++) {
		struct run r;
		run_init(&r, &h);
		r.e.wants = wants[i], r.e.want_count = 1;
		assert_ok(c, enumerate_run(c, &r.e));
		assert_int_equal(r.e.send.len, i + 1);
		graph_done(&r.g);
		run_init(&r, &h);
		r.e.wants = wants[i], r.e.want_count = 1;
		assert_ok(c, filter_parse(c, STR("tree:0"), &r.e.filter));
		assert_ok(c, enumerate_run(c, &r.e));
		assert_int_equal(r.e.send.len, i == 3 ? 2 : 1);
		graph_done(&r.g);
	}
	odb_make_done(m);
}

/* No commit leads to a tag, but where a bitmap's pack has it, it is one of its bits. */
static void tags_in_the_packs_of_a_bitmap_are_bits_too(void **state)
{
	struct ctx *c = *state;
	struct odb_make *m = odb_make(c, HASH_SHA1);
	struct history h = {.make = m, .count = 1};
	char hex[OID_HEX_MAX];
	struct oid blob = odb_make_object(m, OBJECT_BLOB, STR("x"));
	struct oid tree = odb_make_tree(m, "100644 a", blob, NULL, blob);
	h.commits[0] = odb_make_commit(m, tree, NULL, 7);
	struct oid tag = odb_make_object(m, OBJECT_TAG,
		str_of(arena_fmt(c->arena, "object %s\ntype commit\ntag t\n\n",
			oid_hex(&h.commits[0], hex))));
	odb_make_pack(m);
	odb_reader_init(c, &h.reader, &m->odb);
	history_bitmap(&h);
	for (int had = 0; had < 2; had++) {
		struct run r;
		run_init(&r, &h);
		r.e.wants = &tag, r.e.want_count = 1;
		r.e.haves = &tag, r.e.have_count = (size_t)had;
		r.e.keep_bits = r.e.always_by_bitmap = true;
		assert_ok(c, enumerate_run(c, &r.e));
		assert_int_equal(r.e.send.len, 0);
		assert_int_equal(bits_count(&r.e.packed), had ? 0 : 4);
		assert_int_equal(enumerate_count(&r.e), had ? 0 : 4);
		assert_int_equal(enumerate_has(&r.e, &tag), !had);
		/* Once more, as include-tag does. */
		enumerate_add(&r.e, graph_add(&r.g, &tag));
		assert_int_equal(enumerate_count(&r.e), had ? 0 : 4);
		graph_done(&r.g);
	}
	odb_make_done(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_is_needed_is_sent_and_nothing_unasked),
		UNIT_TEST(a_graph_over_the_memory_of_a_request_is_refused),
		UNIT_TEST(so_it_is_by_bitmap_and_commit_graph),
		UNIT_TEST(one_commit_costs_what_it_changes),
		UNIT_TEST(filters_leave_out_what_they_name),
		UNIT_TEST(filters_leave_out_the_same_by_bitmap),
		UNIT_TEST(a_blob_is_sent_that_any_of_its_paths_includes),
		UNIT_TEST(a_tree_at_endless_paths_is_walked_once_for_each_meaning),
		UNIT_TEST(trees_blobs_and_tags_can_be_wanted_by_themselves),
		UNIT_TEST(tags_in_the_packs_of_a_bitmap_are_bits_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

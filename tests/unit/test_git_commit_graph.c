/* git/commit_graph.c and git/commit_graph_write.c */
#include "unit.h"

#include "far_extent.h"
#include "git/commit_graph_write.h"
#include "odb_make.h"

enum { ROOTS = 3 };

/* Three roots, a merge of two, an octopus of three, and one that is younger than its date says. */
struct history {
	struct odb_make *m;
	struct odb_reader reader;
	struct graph graph;
	struct oid roots[ROOTS], merge, octopus, last;
	struct numbers commits;
};

static struct oid tree_with(struct odb_make *m, const char *text)
{
	struct oid blob = odb_make_object(m, OBJECT_BLOB, str_of(text));
	return odb_make_tree(m, "100644 file", blob, NULL, blob);
}

static void take(struct history *h, const struct oid *id)
{
	*vec_push(&h->commits) = graph_add(&h->graph, id);
}

static struct history *begin(struct ctx *c, enum hash_algo algo)
{
	struct history *h = NEW(c->arena, struct history);
	const char *texts[ROOTS] = {"one", "two", "three"};
	h->m = odb_make(c, algo);
	for (int i = 0; i < ROOTS; i++)
		h->roots[i] = odb_make_commit(h->m, tree_with(h->m, texts[i]), NULL, 1000 + i);
	struct oid tree = tree_with(h->m, "merged");
	h->merge = odb_make_commit(h->m, tree, PARENTS(h->roots[0], h->roots[1]), 2000);
	h->octopus = odb_make_commit(
		h->m, tree, PARENTS(h->merge, h->roots[2], h->roots[0]), 0xffffffff);
	h->last = odb_make_commit(h->m, tree, PARENTS(h->octopus), 5);
	odb_make_pack(h->m);
	odb_reader_init(c, &h->reader, &h->m->odb);
	graph_init(&h->graph, &h->reader);
	h->commits.arena = c->arena;
	take(h, &h->last);
	take(h, &h->octopus);
	take(h, &h->merge);
	for (int i = 0; i < ROOTS; i++)
		take(h, &h->roots[i]);
	return h;
}

static void end(struct history *h)
{
	graph_done(&h->graph);
	odb_make_done(h->m);
}

static struct str written(struct ctx *c, struct history *h, const struct commit_graph *before)
{
	struct memory_sink to = memory_sink(c->arena);
	struct commit_graph_write w = {.graph = &h->graph,
		.commits = &h->commits,
		.changed_paths = true,
		.before = before,
		.to = &to.sink};
	assert_ok(c, commit_graph_write(c, &w));
	assert_int_equal(w.filters_made, before ? 0 : h->commits.len);
	return buf_view(&to.bytes);
}

static bool is_there(struct ctx *c, const struct commit_graph *g, const struct oid *id)
{
	uint32_t position = 0;
	bool found = false;
	assert_ok(c, commit_graph_find(c, g, id, &position, &found));
	return found;
}

static uint32_t position_of(struct ctx *c, const struct commit_graph *g, const struct oid *id)
{
	uint32_t position = 0;
	bool found = false;
	assert_ok(c, commit_graph_find(c, g, id, &position, &found));
	assert_true(found);
	return position;
}

static struct str filter_at(struct ctx *c, const struct commit_graph *g, uint32_t position)
{
	struct str filter;
	assert_ok(c, commit_graph_filter(c, g, position, &filter));
	return filter;
}

static struct commit_graph_entry entry_of(
	struct ctx *c, const struct commit_graph *g, const struct oid *id)
{
	struct commit_graph_entry e;
	assert_ok(c, commit_graph_get(c, g, position_of(c, g, id), &e));
	return e;
}

static void check_parents(struct ctx *c, const struct commit_graph *g,
	const struct commit_graph_entry *e, const struct oid *parents, uint32_t count)
{
	assert_int_equal(e->parent_count, count);
	for (uint32_t i = 0; i < count; i++) {
		struct oid id;
		assert_ok(c, commit_graph_oid(c, g, commit_graph_parent(e, i), &id));
		assert_true(oid_eq(&id, &parents[i]));
	}
}

static void check_all(struct ctx *c, const struct history *h, const struct commit_graph *g)
{
	assert_int_equal(g->count, 6);
	struct commit_graph_entry e = entry_of(c, g, &h->roots[1]);
	check_parents(c, g, &e, NULL, 0);
	assert_int_equal(e.date, 1001);
	assert_int_equal(e.level, 1);
	assert_int_equal(e.generation, 1001);
	e = entry_of(c, g, &h->merge);
	check_parents(c, g, &e, h->roots, 2);
	assert_int_equal(e.level, 2);
	e = entry_of(c, g, &h->octopus);
	struct oid parents[] = {h->merge, h->roots[2], h->roots[0]};
	check_parents(c, g, &e, parents, 3);
	e = entry_of(c, g, &h->last);
	check_parents(c, g, &e, &h->octopus, 1);
	assert_int_equal(e.date, 5);
	assert_int_equal(e.level, 4);
	assert_int_equal(e.generation, 0x100000000);
	struct oid other = oid_zero(g->algo);
	assert_false(is_there(c, g, &other));
}

static void check_round_trip(struct ctx *c, enum hash_algo algo)
{
	struct history *h = begin(c, algo);
	struct commit_graph g;
	assert_ok(c, commit_graph_parse(c, algo, written(c, h, NULL), true, &g));
	check_all(c, h, &g);
	end(h);
}

static void what_is_written_is_read(void **state)
{
	check_round_trip(*state, HASH_SHA1);
}

static void what_is_written_is_read_of_sha256(void **state)
{
	check_round_trip(*state, HASH_SHA256);
}

static void check_filters(struct ctx *c, const struct history *h, const struct commit_graph *g)
{
	struct bloom_key key = bloom_key(1, STR("file"));
	struct str filter = filter_at(c, g, position_of(c, g, &h->merge));
	assert_true(filter.len && bloom_may_hold(&g->bloom, filter, &key));
	filter = filter_at(c, g, position_of(c, g, &h->last));
	assert_true(filter.len && !bloom_may_hold(&g->bloom, filter, &key));
}

static void filters_say_what_changed(void **state)
{
	struct ctx *c = *state;
	struct history *h = begin(c, HASH_SHA1);
	struct commit_graph g;
	assert_ok(c, commit_graph_parse(c, HASH_SHA1, written(c, h, NULL), true, &g));
	check_filters(c, h, &g);
	end(h);
}

static void filters_of_before_are_kept(void **state)
{
	struct ctx *c = *state;
	struct history *h = begin(c, HASH_SHA1);
	struct commit_graph g;
	struct str first = written(c, h, NULL);
	assert_ok(c, commit_graph_parse(c, HASH_SHA1, first, true, &g));
	struct str second = written(c, h, &g);
	assert_true(str_eq(first, second));
	end(h);
}

static void a_missing_parent_is_refused(void **state)
{
	struct ctx *c = *state;
	struct history *h = begin(c, HASH_SHA1);
	struct memory_sink to = memory_sink(c->arena);
	h->commits.len--;
	struct commit_graph_write w = {.graph = &h->graph, .commits = &h->commits, .to = &to.sink};
	assert_err(c, commit_graph_write(c, &w), ERR_NOT_FOUND);
	end(h);
}

static void no_commits_make_a_graph(void **state)
{
	struct ctx *c = *state;
	struct history *h = begin(c, HASH_SHA1);
	struct commit_graph g;
	h->commits.len = 0;
	assert_ok(c, commit_graph_parse(c, HASH_SHA1, written(c, h, NULL), true, &g));
	assert_int_equal(g.count, 0);
	assert_false(is_there(c, &g, &h->last));
	end(h);
}

static void a_cut_file_is_refused(void **state)
{
	struct ctx *c = *state;
	struct history *h = begin(c, HASH_SHA1);
	struct str file = written(c, h, NULL);
	struct commit_graph g;
	for (size_t len = 0; len < file.len; len++)
		assert_err(c, commit_graph_parse(c, HASH_SHA1, str_until(file, len), true, &g),
			ERR_CORRUPT);
	end(h);
}

static void a_changed_file_is_refused(void **state)
{
	struct ctx *c = *state;
	struct history *h = begin(c, HASH_SHA1);
	struct str file = written(c, h, NULL);
	struct commit_graph g;
	char *bytes = str_dup(c->arena, file);
	for (size_t i = 8; i < file.len; i++) {
		bytes[i] ^= 0x41;
		assert_err(c, commit_graph_parse(c, HASH_SHA1, str_from(bytes, file.len), true, &g),
			ERR_CORRUPT);
		bytes[i] ^= 0x41;
	}
	end(h);
}

/* The hash is right, and what it is of is not. */
static struct str forged(struct ctx *c, struct str file, size_t at, const char *bytes, size_t len)
{
	char *copy = str_dup(c->arena, file);
	uint8_t digest[HASH_MAX];
	memcpy(copy + at, bytes, len);
	hash_once(HASH_SHA1, copy, file.len - 20, digest);
	memcpy(copy + file.len - 20, digest, 20);
	return str_from(copy, file.len);
}

static size_t chunk_at(struct str file, const char *id)
{
	const uint8_t *row = (const uint8_t *)file.at + 8;
	while (memcmp(row, id, 4) != 0)
		row += 12;
	return (size_t)get_be64(row + 4);
}

static void what_cannot_be_is_refused(void **state)
{
	struct ctx *c = *state;
	struct history *h = begin(c, HASH_SHA1);
	struct str file = written(c, h, NULL);
	struct commit_graph g;
	const struct {
		size_t at;
		const char *bytes;
		size_t len;
		enum err want;
	} cases[] = {
		{5, "\2", 1, ERR_CORRUPT},                                 /* SHA-256 */
		{6, "\xff", 1, ERR_CORRUPT},                               /* chunks */
		{7, "\1", 1, ERR_UNSUPPORTED},                             /* a chain */
		{8, "OIDL", 4, ERR_CORRUPT},                               /* a chunk twice */
		{8, "XXXX", 4, ERR_CORRUPT},                               /* one is missing */
		{12, "\0\0\0\0\0\0\0\0", 8, ERR_CORRUPT},                  /* in the head */
		{24, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, ERR_CORRUPT},  /* past the end */
		{chunk_at(file, "OIDF"), "\0\0\0\7", 4, ERR_CORRUPT},      /* goes back */
		{chunk_at(file, "OIDL"), "\xff\xff", 2, ERR_CORRUPT},      /* not sorted */
		{chunk_at(file, "CDAT") + 20, "\0\0\0\6", 4, ERR_CORRUPT}, /* parent */
		{chunk_at(file, "CDAT") + 20, "\0\0\0\0", 4, ERR_CORRUPT}, /* its own parent */
		{chunk_at(file, "EDGE") + 4, "\0\0\0\1", 4, ERR_CORRUPT},  /* no end */
		{chunk_at(file, "EDGE"), "\0\0\0\6", 4, ERR_CORRUPT},      /* parent */
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str bad = forged(c, file, cases[i].at, cases[i].bytes, cases[i].len);
		assert_err(c, commit_graph_parse(c, HASH_SHA1, bad, true, &g), cases[i].want);
	}
	end(h);
}

enum { PADDING = 4 << 20 };

static void add_row(struct buf *to, const char *name, uint64_t at)
{
	buf_bytes(to, name, 4);
	buf_be32(to, (uint32_t)(at >> 32));
	buf_be32(to, (uint32_t)at);
}

/* The same file with one chunk more, which is large, in no memory but an extent's. */
static void open_far(struct ctx *c, struct far_extent *f, struct str file, struct commit_graph *out)
{
	struct buf all = {.arena = c->arena};
	enum hash_algo algo = file.at[5] == 2 ? HASH_SHA256 : HASH_SHA1;
	size_t rows = (uint8_t)file.at[6], body = 8 + (rows + 1) * 12, tail = hash_size(algo);
	const char *row = file.at + 8;
	buf_bytes(&all, file.at, 8);
	all.at[6]++;
	for (size_t i = 0; i < rows; i++, row += 12)
		add_row(&all, row, get_be64(row + 4) + 12);
	add_row(&all, "PADD", file.len - tail + 12);
	add_row(&all, "\0\0\0", file.len - tail + 12 + PADDING);
	buf_bytes(&all, file.at + body, file.len - body - tail);
	void *padding = arena_raw(c->arena, PADDING + tail);
	buf_bytes(&all, memset(padding, 0, PADDING + tail), PADDING + tail);
	far_extent_init(f, all.at, all.len);
	assert_ok(c, commit_graph_open(c, algo, &f->bytes.extent, out));
	assert_null(out->file.all);
}

static void a_filter_outside_of_the_file_is_none(void **state)
{
	struct ctx *c = *state;
	struct history *h = begin(c, HASH_SHA1);
	struct str file = written(c, h, NULL);
	struct commit_graph g;
	struct str bad = forged(c, file, chunk_at(file, "BIDX"), "\0\xff\0\0", 4);
	assert_ok(c, commit_graph_parse(c, HASH_SHA1, bad, true, &g));
	for (int afar = 0; afar < 2; afar++) {
		struct far_extent *f = NEW(c->arena, struct far_extent);
		if (afar)
			open_far(c, f, bad, &g);
		assert_int_equal(filter_at(c, &g, 0).len, 0);
		assert_int_equal(filter_at(c, &g, 1).len, 0);
		assert_true(filter_at(c, &g, 2).len > 0);
	}
	end(h);
}

static void a_large_one_far_away_is_read_in_small_pieces(void **state)
{
	struct ctx *c = *state;
	for (enum hash_algo algo = HASH_SHA1; algo <= HASH_SHA256; algo++) {
		struct history *h = begin(c, algo);
		struct far_extent *f = NEW(c->arena, struct far_extent);
		struct commit_graph g;
		open_far(c, f, written(c, h, NULL), &g);
		check_all(c, h, &g);
		check_filters(c, h, &g);
		assert_int_equal(far_asked(f), 1);
		assert_null(g.file.all);
		assert_ok(c, commit_graph_whole(c, &g));
		check_all(c, h, &g);
		assert_true(far_asked(f) >= PADDING / FAR_PIECE);
		end(h);
	}
}

static void one_far_away_is_read_whole_where_that_pays(void **state)
{
	struct ctx *c = *state;
	struct history *h = begin(c, HASH_SHA1);
	struct far_extent *f = NEW(c->arena, struct far_extent);
	struct commit_graph g;
	struct commit_info *info;
	open_far(c, f, written(c, h, NULL), &g);
	assert_false(commit_graph_whole_pays(&g, 1));
	assert_true(commit_graph_whole_pays(&g, PADDING >> 21));
	h->m->odb.commits = &g;
	for (int most = 0; most < 2; most++) {
		struct graph graph;
		graph_init(&graph, &h->reader);
		graph.looks = PADDING >> 21;
		/* Not in a page that may not have so much. */
		c->afar.bytes_max = most ? 0 : PADDING;
		assert_ok(c, graph_commit(c, &graph, graph_add(&graph, &h->merge), &info));
		assert_true(info->exact);
		assert_int_equal(g.file.all != NULL, most);
		graph_done(&graph);
	}
	end(h);
}

static void what_cannot_be_is_refused_far_away(void **state)
{
	struct ctx *c = *state;
	struct history *h = begin(c, HASH_SHA1);
	struct str file = written(c, h, NULL);
	const struct {
		size_t at;
		const char *bytes;
	} cases[] = {
		{chunk_at(file, "CDAT") + 20, "\0\0\0\6"}, /* parent */
		{chunk_at(file, "EDGE") + 4, "\0\0\0\1"},  /* no end */
		{chunk_at(file, "EDGE"), "\0\0\0\6"},      /* parent */
		{chunk_at(file, "GDA2"), "\x80\0\0\7"},    /* a date */
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct far_extent *f = NEW(c->arena, struct far_extent);
		struct commit_graph_entry e;
		struct commit_graph g;
		size_t bad = 0;
		open_far(c, f, forged(c, file, cases[i].at, cases[i].bytes, 4), &g);
		for (uint32_t k = 0; k < g.count; k++) {
			enum err err = commit_graph_get(c, &g, k, &e);
			assert_true(!err || err == ERR_CORRUPT);
			bad += err != OK;
		}
		assert_int_equal(bad, 1);
	}
	end(h);
}

static void where_the_way_is_broken_objects_are_read(void **state)
{
	struct ctx *c = *state;
	struct history *h = begin(c, HASH_SHA1);
	struct far_extent *f = NEW(c->arena, struct far_extent);
	struct commit_graph_entry e;
	struct commit_graph g, other;
	struct commit_info *info;
	struct graph graph;
	struct oid id;
	struct str filter;
	uint32_t position, count;
	bool found;
	open_far(c, f, written(c, h, NULL), &g);
	f->broken = true;
	assert_err(c, commit_graph_find(c, &g, &h->merge, &position, &found), ERR_UNAVAILABLE);
	assert_err(c, commit_graph_oid(c, &g, 0, &id), ERR_UNAVAILABLE);
	assert_err(c, commit_graph_get(c, &g, 0, &e), ERR_UNAVAILABLE);
	assert_err(c, commit_graph_filter(c, &g, 0, &filter), ERR_UNAVAILABLE);
	assert_err(c, commit_graph_whole(c, &g), ERR_UNAVAILABLE);
	assert_err(c, commit_graph_open(c, HASH_SHA1, &f->bytes.extent, &other), ERR_UNAVAILABLE);
	h->m->odb.commits = &g;
	graph_init(&graph, &h->reader);
	uint32_t number = graph_add(&graph, &h->octopus);
	assert_ok(c, graph_commit(c, &graph, number, &info));
	assert_false(info->exact);
	graph_parents(&graph, number, &count);
	assert_int_equal(count, 3);
	assert_false(graph_filter(c, &graph, number, &filter));
	graph_done(&graph);
	end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_is_written_is_read),
		UNIT_TEST(what_is_written_is_read_of_sha256),
		UNIT_TEST(filters_say_what_changed),
		UNIT_TEST(filters_of_before_are_kept),
		UNIT_TEST(a_missing_parent_is_refused),
		UNIT_TEST(no_commits_make_a_graph),
		UNIT_TEST(a_cut_file_is_refused),
		UNIT_TEST(a_changed_file_is_refused),
		UNIT_TEST(what_cannot_be_is_refused),
		UNIT_TEST(a_filter_outside_of_the_file_is_none),
		UNIT_TEST(a_large_one_far_away_is_read_in_small_pieces),
		UNIT_TEST(one_far_away_is_read_whole_where_that_pays),
		UNIT_TEST(what_cannot_be_is_refused_far_away),
		UNIT_TEST(where_the_way_is_broken_objects_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

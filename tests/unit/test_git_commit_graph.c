/* git/commit_graph->c and git/commit_graph_write.c */
#include "unit.h"

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

static struct commit_graph_entry entry_of(
	struct ctx *c, const struct commit_graph *g, const struct oid *id)
{
	struct commit_graph_entry e;
	uint32_t position = 0;
	assert_true(commit_graph_find(g, id, &position));
	assert_ok(c, commit_graph_get(c, g, position, &e));
	return e;
}

static void check_parents(const struct commit_graph *g, const struct commit_graph_entry *e,
	const struct oid *parents, uint32_t count)
{
	assert_int_equal(e->parent_count, count);
	for (uint32_t i = 0; i < count; i++) {
		struct oid id = commit_graph_oid(g, commit_graph_parent(e, i));
		assert_true(oid_eq(&id, &parents[i]));
	}
}

static void check_round_trip(struct ctx *c, enum hash_algo algo)
{
	struct history *h = begin(c, algo);
	struct commit_graph g;
	assert_ok(c, commit_graph_parse(c, algo, written(c, h, NULL), true, &g));
	assert_int_equal(g.ids.count, 6);
	struct commit_graph_entry e = entry_of(c, &g, &h->roots[1]);
	check_parents(&g, &e, NULL, 0);
	assert_int_equal(e.date, 1001);
	assert_int_equal(e.level, 1);
	assert_int_equal(e.generation, 1001);
	e = entry_of(c, &g, &h->merge);
	check_parents(&g, &e, h->roots, 2);
	assert_int_equal(e.level, 2);
	e = entry_of(c, &g, &h->octopus);
	struct oid parents[] = {h->merge, h->roots[2], h->roots[0]};
	check_parents(&g, &e, parents, 3);
	e = entry_of(c, &g, &h->last);
	check_parents(&g, &e, &h->octopus, 1);
	assert_int_equal(e.date, 5);
	assert_int_equal(e.level, 4);
	assert_int_equal(e.generation, 0x100000000);
	struct oid other = oid_zero(algo);
	uint32_t position = 0;
	assert_false(commit_graph_find(&g, &other, &position));
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

static void filters_say_what_changed(void **state)
{
	struct ctx *c = *state;
	struct history *h = begin(c, HASH_SHA1);
	struct commit_graph g;
	struct bloom_key key = bloom_key(1, STR("file"));
	uint32_t position = 0;
	struct str filter;
	assert_ok(c, commit_graph_parse(c, HASH_SHA1, written(c, h, NULL), true, &g));
	assert_true(commit_graph_find(&g, &h->merge, &position));
	assert_true(commit_graph_filter(&g, position, &filter));
	assert_true(bloom_may_hold(&g.bloom, filter, &key));
	assert_true(commit_graph_find(&g, &h->last, &position));
	assert_true(commit_graph_filter(&g, position, &filter));
	assert_false(bloom_may_hold(&g.bloom, filter, &key));
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
	uint32_t position = 0;
	h->commits.len = 0;
	assert_ok(c, commit_graph_parse(c, HASH_SHA1, written(c, h, NULL), true, &g));
	assert_int_equal(g.ids.count, 0);
	assert_false(commit_graph_find(&g, &h->last, &position));
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

static void a_filter_outside_of_the_file_is_none(void **state)
{
	struct ctx *c = *state;
	struct history *h = begin(c, HASH_SHA1);
	struct str file = written(c, h, NULL), filter;
	struct commit_graph g;
	struct str bad = forged(c, file, chunk_at(file, "BIDX"), "\0\xff\0\0", 4);
	assert_ok(c, commit_graph_parse(c, HASH_SHA1, bad, true, &g));
	assert_false(commit_graph_filter(&g, 0, &filter));
	assert_false(commit_graph_filter(&g, 1, &filter));
	assert_true(commit_graph_filter(&g, 2, &filter));
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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

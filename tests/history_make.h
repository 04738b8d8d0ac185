/*
 * Histories made at random for tests, always the same for the same seed, and what leads to what in
 * them, found the slow and simple way.
 */
#ifndef TESTS_HISTORY_MAKE_H
#define TESTS_HISTORY_MAKE_H

#include "odb_make.h"

#include "git/bitmap_write.h"
#include "git/commit_graph_write.h"
#include "git/graph.h"

enum { HISTORY_MAX = 200 };

struct history {
	struct odb_make *make;
	struct odb_reader reader;
	unsigned seed;
	int count;
	struct oid commits[HISTORY_MAX], trees[HISTORY_MAX];
	int parents[HISTORY_MAX][2]; /* -1: none */
	int64_t dates[HISTORY_MAX];
};

static inline unsigned history_random(struct history *h, unsigned below)
{
	h->seed = h->seed * 1103515245 + 12345;
	return (h->seed >> 16) % below;
}

/* "dir" with two files, "file" beside it; one of the three changes with each commit. */
static inline struct oid history_tree(struct history *h, int n, struct oid blobs[3])
{
	struct ctx *c = h->make->c;
	unsigned which = history_random(h, 3);
	struct oid changed = odb_make_object(
		h->make, OBJECT_BLOB, str_of(arena_fmt(c->arena, "content %d of %u\n", n, which)));
	if (n == 0)
		blobs[0] = blobs[1] = blobs[2] = changed;
	blobs[which] = changed;
	struct oid dir = odb_make_tree(h->make, "100644 a", blobs[0], "100644 b", blobs[1]);
	return odb_make_tree(h->make, "40000 dir", dir, "100644 file", blobs[2]);
}

/* With `skew`, some dates lie. */
static inline struct history *history_make(struct ctx *c, unsigned seed, int count, bool skew)
{
	struct history *h = NEW(c->arena, struct history);
	struct oid blobs[HISTORY_MAX][3];
	h->make = odb_make(c, seed % 2 ? HASH_SHA1 : HASH_SHA256);
	h->seed = seed;
	h->count = count;
	for (int n = 0; n < count; n++) {
		int *p = h->parents[n];
		p[0] = n && history_random(h, 20) ? n - 1 - (int)history_random(h, n < 4 ? 1 : 4)
						  : -1;
		p[1] = n && p[0] >= 0 && history_random(h, 4) == 0
			       ? (int)history_random(h, (unsigned)n)
			       : -1;
		memcpy(blobs[n], blobs[p[0] < 0 ? 0 : p[0]], sizeof blobs[n]);
		h->trees[n] = history_tree(h, n, blobs[n]);
		h->dates[n] = 1000000 + n * 10;
		if (skew && history_random(h, 5) == 0)
			h->dates[n] -= history_random(h, 2000);
		struct oid parents[3] = {{.algo = 0}};
		for (int i = 0, to = 0; i < 2; i++)
			if (p[i] >= 0)
				parents[to++] = h->commits[p[i]];
		h->commits[n] = odb_make_commit(h->make, h->trees[n], parents, h->dates[n]);
		if (n == count / 2)
			odb_make_pack(h->make);
	}
	odb_make_pack(h->make);
	odb_reader_init(c, &h->reader, &h->make->odb);
	return h;
}

/* reached[i]: does commit `from` lead to commit i? */
static inline void history_reach(const struct history *h, int from, bool reached[HISTORY_MAX])
{
	reached[from] = true;
	for (int n = from; n >= 0; n--)
		for (int i = 0; reached[n] && i < 2; i++)
			if (h->parents[n][i] >= 0)
				reached[h->parents[n][i]] = true;
}

/* Adds all objects that a tree leads to. */
static inline void history_add_tree(struct history *h, const struct oid *tree, struct oidmap *to)
{
	struct ctx *c = h->make->c;
	struct str rest = {0};
	struct tree_entry entry;
	bool more = true;
	oidmap_put(to, tree->hash);
	assert_ok(c, odb_read_as(c, &h->reader, tree, OBJECT_TREE, &rest));
	while (true) {
		assert_ok(c, tree_next(c, to->algo, &rest, &entry, &more));
		if (!more)
			return;
		if (tree_entry_is_tree(&entry))
			history_add_tree(h, &entry.id, to);
		oidmap_put(to, entry.id.hash);
	}
}

/* Adds all objects that the commits lead to. */
static inline void history_closure(
	struct history *h, const bool commits[HISTORY_MAX], struct oidmap *to)
{
	for (int n = 0; n < h->count; n++) {
		if (!commits[n])
			continue;
		oidmap_put(to, h->commits[n].hash);
		history_add_tree(h, &h->trees[n], to);
	}
}

/* The numbers of the commits before `count`, newest first; these lead to nothing else. */
static inline struct numbers history_numbers(struct history *h, struct graph *g, int count)
{
	struct numbers all = {.arena = h->make->c->arena};
	for (int n = count - 1; n >= 0; n--)
		*vec_push(&all) = graph_add(g, &h->commits[n]);
	return all;
}

/* Gives the odb a commit-graph of the first `count` commits. */
static inline void history_commit_graph(struct history *h, int count)
{
	struct ctx *c = h->make->c;
	struct graph g;
	struct memory_sink to = memory_sink(c->arena);
	struct commit_graph *made = NEW(c->arena, struct commit_graph);
	graph_init(&g, &h->reader);
	struct numbers all = history_numbers(h, &g, count);
	struct commit_graph_write w = {
		.graph = &g, .commits = &all, .changed_paths = true, .to = &to.sink};
	assert_ok(c, commit_graph_write(c, &w));
	assert_ok(c, commit_graph_parse(c, g.ids.algo, buf_view(&to.bytes), true, made));
	h->make->odb.commits = made;
	graph_done(&g);
}

/* Gives the first pack a bitmap: it holds the first half of the history, with all that it leads to. */
static inline void history_bitmap(struct history *h)
{
	struct ctx *c = h->make->c;
	struct graph g;
	struct memory_sink to = memory_sink(c->arena);
	graph_init(&g, &h->reader);
	struct numbers all = history_numbers(h, &g, h->count / 2 + 1), tips = {.arena = c->arena};
	*vec_push(&tips) = all.at[0];
	*vec_push(&tips) = all.at[all.len / 2];
	struct bitmap_objects objects;
	assert_ok(c, bitmap_objects_of_pack(c, c->arena, h->make->packs[0], &objects));
	struct bitmap_write w = {
		.graph = &g, .objects = &objects, .tips = &tips, .commits = &all, .to = &to.sink};
	assert_ok(c, bitmap_write(c, &w));
	assert_ok(c, pack_take_bitmap(
			     c, h->make->packs[0], odb_make_extent(h->make, buf_view(&to.bytes))));
	graph_done(&g);
}

static inline void history_done(struct history *h)
{
	odb_make_done(h->make);
}

#endif

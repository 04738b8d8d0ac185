#include "git/enumerate.h"

#include "git/enumerate_bitmap.h"

enum { TAG_CHAIN_MAX = 64, TREE_DEPTH_MAX = 4096, TIPS_MAX = 3 };

/* A tree to walk, and one at the same path whose content needs no thought. */
struct pair {
	uint32_t tree;
	uint32_t like; /* OIDMAP_NONE: there is none */
	uint32_t depth;
	const struct sparse_folder *folder; /* NULL: where it lies does not matter */
};

/* A tree that was walked in a folder, and from how deep at least. */
struct visit {
	uint32_t tree, folder, depth;
};

struct tree_walk {
	struct enumerate *e;
	struct graph *g;
	struct sparse *sparse; /* NULL: where trees lie does not matter */
	struct map visits;     /* if it does: of struct visit, by its first two fields */
	VEC_OF(struct pair) stack;
};

void enumerate_add(struct enumerate *e, uint32_t number)
{
	const uint8_t *hash = oidmap_hash(&e->graph->ids, number);
	uint32_t bit = 0;
	if (graph_has(e->graph, number, MARK_KNOWN))
		return;
	if (e->bitmap && bitmap_objects_find(&e->bitmap->objects, hash, &bit))
		bits_add(&e->packed, bit);
	else if (graph_mark(e->graph, number, MARK_SEND))
		*vec_push(&e->send) = number;
}

bool enumerate_has(const struct enumerate *e, const struct oid *id)
{
	uint32_t number = oidmap_find(&e->graph->ids, id->hash), bit = 0;
	if (number != OIDMAP_NONE && graph_has(e->graph, number, MARK_SEND))
		return true;
	return e->bitmap && bitmap_objects_find(&e->bitmap->objects, id->hash, &bit) &&
	       bits_has(&e->packed, bit);
}

size_t enumerate_count(const struct enumerate *e)
{
	return e->send.len + (e->bitmap ? bits_count(&e->packed) : 0);
}

static enum err tag_target(struct ctx *c, struct graph *g, uint32_t number, uint32_t *out)
{
	struct arena_mark mark = arena_mark(c->arena);
	struct oid id = oidmap_oid(&g->ids, number);
	struct str bytes = {0};
	struct tag tag;
	TRY(odb_read_as(c, g->reader, &id, OBJECT_TAG, &bytes));
	TRY(tag_parse(c, g->reader->odb->algo, bytes, &tag));
	*out = graph_add(g, &tag.target);
	arena_rewind(c->arena, mark);
	return OK;
}

static enum err take_known(struct ctx *c, struct enumerate *e, const struct oid *id)
{
	struct graph *g = e->graph;
	enum object_type type = OBJECT_TAG;
	uint32_t number = graph_add(g, id);
	for (size_t i = 0; i < TAG_CHAIN_MAX; i++) {
		TRY(graph_type(c, g, number, &type));
		if (type != OBJECT_COMMIT)
			graph_mark(g, number, MARK_KNOWN);
		if (type != OBJECT_TAG)
			break;
		TRY(tag_target(c, g, number, &number));
	}
	if (type == OBJECT_COMMIT)
		*vec_push(&e->known) = number;
	return OK;
}

static enum err take_want(struct ctx *c, struct enumerate *e, const struct oid *id)
{
	struct graph *g = e->graph;
	enum object_type type = OBJECT_TAG;
	uint32_t number = graph_add(g, id);
	graph_mark(g, number, MARK_WANTED);
	for (size_t i = 0; i < TAG_CHAIN_MAX; i++) {
		TRY(graph_type(c, g, number, &type));
		if (type != OBJECT_TAG)
			break;
		if (i == 0 || filter_type(&e->filter, OBJECT_TAG))
			enumerate_add(e, number);
		TRY(tag_target(c, g, number, &number));
	}
	if (type == OBJECT_COMMIT)
		*vec_push(&e->commits) = number;
	else if (type != OBJECT_TAG)
		*vec_push(&e->others) = number;
	return OK;
}

/* The bytes of a tree in c->arena; of OIDMAP_NONE, none. */
static enum err tree_read(struct ctx *c, struct graph *g, uint32_t number, struct str *out)
{
	*out = (struct str){0};
	if (number == OIDMAP_NONE)
		return OK;
	struct oid id = oidmap_oid(&g->ids, number);
	return odb_read_as(c, g->reader, &id, OBJECT_TREE, out);
}

/* Walks a second tree beside a first one, by name. */
struct beside {
	enum hash_algo algo;
	struct str rest;
	struct tree_entry entry;
	bool there;
};

static enum err beside_next(struct ctx *c, struct beside *b)
{
	return tree_next(c, b->algo, &b->rest, &b->entry, &b->there);
}

/* Moves on to the entry of that name; *found whether there is one. */
static enum err beside_seek(
	struct ctx *c, struct beside *b, const struct tree_entry *e, bool *found)
{
	int order = 1;
	while (b->there) {
		order = tree_name_cmp(e->name, tree_entry_is_tree(e), b->entry.name,
			tree_entry_is_tree(&b->entry));
		if (order <= 0)
			break;
		TRY(beside_next(c, b));
	}
	*found = b->there && order == 0 && str_eq(e->name, b->entry.name);
	return OK;
}

static enum err push(struct ctx *c, struct tree_walk *w, struct pair pair)
{
	if (pair.depth > TREE_DEPTH_MAX)
		return fail(c, ERR_TOO_BIG, "a tree is more than %d deep", TREE_DEPTH_MAX);
	*vec_push(&w->stack) = pair;
	return OK;
}

/*
 * Marks what is in `pair.like` known, and goes on below where the two trees differ: what is equal
 * is known as a whole.
 */
static enum err mark_pair(struct ctx *c, struct tree_walk *w, struct pair pair)
{
	struct graph *g = w->g;
	struct str tree = {0};
	struct beside like = {.algo = g->reader->odb->algo, .there = true};
	bool more = true, found = false;
	graph_mark(g, pair.like, MARK_KNOWN);
	if (graph_has(g, pair.tree, MARK_KNOWN))
		return OK;
	TRY(tree_read(c, g, pair.like, &like.rest));
	TRY(tree_read(c, g, pair.tree, &tree));
	struct str rest = like.rest;
	for (struct tree_entry known; true;) {
		TRY(tree_next(c, like.algo, &rest, &known, &more));
		if (!more)
			break;
		if (!tree_entry_is_gitlink(&known))
			graph_mark(g, graph_add(g, &known.id), MARK_KNOWN);
	}
	TRY(beside_next(c, &like));
	for (struct tree_entry entry; true;) {
		TRY(tree_next(c, like.algo, &tree, &entry, &more));
		if (!more)
			return OK;
		TRY(beside_seek(c, &like, &entry, &found));
		if (found && tree_entry_is_tree(&entry) && tree_entry_is_tree(&like.entry) &&
			!oid_eq(&entry.id, &like.entry.id))
			TRY(push(c, w,
				(struct pair){.tree = graph_add(g, &entry.id),
					.like = graph_add(g, &like.entry.id),
					.depth = pair.depth + 1}));
	}
}

/* Walks with `visit` what is on the stack, and what that pushes, each in memory of its own. */
static enum err walk_pairs(struct ctx *c, struct tree_walk *w,
	enum err (*visit)(struct ctx *c, struct tree_walk *w, struct pair pair))
{
	while (w->stack.len) {
		struct arena_mark mark = arena_mark(c->arena);
		struct pair pair = w->stack.at[--w->stack.len];
		TRY(graph_check(c, w->g));
		TRY(visit(c, w, pair));
		arena_rewind(c->arena, mark);
	}
	return OK;
}

static enum err mark_commits(
	struct ctx *c, struct tree_walk *w, uint32_t commit, uint32_t known_commit)
{
	struct commit_info *info = NULL;
	TRY(graph_commit(c, w->g, commit, &info));
	struct pair pair = {.tree = info->tree};
	TRY(graph_commit(c, w->g, known_commit, &info));
	pair.like = info->tree;
	*vec_push(&w->stack) = pair;
	return walk_pairs(c, w, mark_pair);
}

/*
 * Finds out what of the trees to be sent the other side has: by comparing each commit with its
 * known parents, one without parents with the tips that the other side has, and the tips with their
 * parents where a shallow history is deepened.
 */
static enum err mark_edges(struct ctx *c, struct enumerate *e, struct tree_walk *w)
{
	struct graph *g = e->graph;
	struct commit_info *info = NULL;
	for (size_t i = 0; i < e->commits.len; i++) {
		uint32_t count = 0, number = e->commits.at[i];
		const uint32_t *parents = graph_parents(g, number, &count);
		for (size_t k = 0; count == 0 && k < e->known.len && k < TIPS_MAX; k++)
			TRY(mark_commits(c, w, number, e->known.at[k]));
		for (uint32_t k = 0; k < count; k++) {
			if (graph_has(g, parents[k], MARK_KNOWN))
				TRY(mark_commits(c, w, number, parents[k]));
			parents = graph_parents(g, number, &count);
		}
	}
	for (size_t i = 0; i < e->known.len; i++) {
		if (!graph_has(g, e->known.at[i], MARK_GRAFT))
			continue;
		TRY(graph_commit(c, g, e->known.at[i], &info));
		uint32_t first = info->parents, count = info->parent_count;
		for (uint32_t k = 0; k < count; k++)
			if (graph_has(g, g->parents.at[first + k], MARK_SEND))
				TRY(mark_commits(c, w, g->parents.at[first + k], e->known.at[i]));
	}
	return OK;
}

static enum err blob_add(struct ctx *c, struct enumerate *e, const struct oid *id, uint32_t depth)
{
	const struct filter *f = &e->filter;
	if (depth >= f->tree_depth)
		return OK;
	uint32_t number = graph_add(e->graph, id);
	if (graph_has(e->graph, number, MARK_KNOWN | MARK_SEND | MARK_SEEN))
		return OK;
	graph_node(e->graph, number)->type = OBJECT_BLOB;
	if (f->blob_limit != UINT64_MAX) {
		enum object_type type = OBJECT_NONE;
		uint64_t size = 0;
		TRY(odb_stat(c, e->graph->reader, id, &type, &size));
		/* Seen at any depth, its size stays what it is. */
		if (size >= f->blob_limit) {
			graph_mark(e->graph, number, MARK_SEEN);
			return OK;
		}
	}
	enumerate_add(e, number);
	return OK;
}

/* The walk of a tree in a folder; of depth UINT32_MAX where there was none. */
static struct visit *visit_of(struct tree_walk *w, const struct pair *pair)
{
	struct visit key = {pair->tree, pair->folder->number, UINT32_MAX};
	struct visit *visit = map_get(&w->visits, str_from(&key, offsetof(struct visit, depth)));
	if (visit)
		return visit;
	visit = NEW(w->visits.arena, struct visit);
	*visit = key;
	*map_put(&w->visits, str_from(visit, offsetof(struct visit, depth))) = visit;
	return visit;
}

/* Has this tree been walked, from no deeper than now? If not, it is now. */
static bool walked(struct tree_walk *w, const struct pair *pair)
{
	uint32_t depth = w->e->filter.tree_depth == UINT32_MAX ? 0 : pair->depth;
	if (pair->folder) {
		struct visit *visit = visit_of(w, pair);
		bool before = visit->depth <= depth;
		visit->depth = before ? visit->depth : depth;
		return before;
	}
	struct node *node = graph_node(w->g, pair->tree);
	if ((node->marks & MARK_SEEN) && node->depth <= depth)
		return true;
	node->marks |= MARK_SEEN;
	node->depth = (uint16_t)depth;
	return false;
}

static enum err send_entry(struct ctx *c, struct tree_walk *w, const struct tree_entry *entry,
	const struct beside *like, const struct pair *in)
{
	if (tree_entry_is_gitlink(entry))
		return OK;
	if (!tree_entry_is_tree(entry)) {
		bool passes = filter_blobs(&w->e->filter);
		if (passes && w->sparse)
			TRY(sparse_includes(c, w->sparse, in->folder, entry->name, &passes));
		return passes ? blob_add(c, w->e, &entry->id, in->depth + 1) : OK;
	}
	struct pair pair = {
		.tree = graph_add(w->g, &entry->id), .like = OIDMAP_NONE, .depth = in->depth + 1};
	if (like && tree_entry_is_tree(&like->entry))
		pair.like = graph_add(w->g, &like->entry.id);
	if (w->sparse)
		TRY(sparse_enter(c, w->sparse, in->folder, entry->name, &pair.folder));
	return push(c, w, pair);
}

static enum err send_pair(struct ctx *c, struct tree_walk *w, struct pair pair)
{
	const struct filter *f = &w->e->filter;
	struct node *node = graph_node(w->g, pair.tree);
	if (pair.tree == pair.like || (node->marks & MARK_KNOWN) || pair.depth >= f->tree_depth)
		return OK;
	if (walked(w, &pair))
		return OK;
	node->type = OBJECT_TREE;
	if (filter_type(f, OBJECT_TREE))
		enumerate_add(w->e, pair.tree);
	TRY(progress_tick(c, w->e->progress, w->e->send.len));
	struct str rest = {0};
	struct beside like = {.algo = w->g->reader->odb->algo};
	bool more = true, found = false;
	TRY(tree_read(c, w->g, pair.tree, &rest));
	TRY(tree_read(c, w->g, pair.like, &like.rest));
	TRY(beside_next(c, &like));
	for (struct tree_entry entry; true;) {
		TRY(tree_next(c, like.algo, &rest, &entry, &more));
		if (!more)
			return OK;
		TRY(beside_seek(c, &like, &entry, &found));
		if (!found || !oid_eq(&entry.id, &like.entry.id))
			TRY(send_entry(c, w, &entry, found ? &like : NULL, &pair));
	}
}

/* The tree to compare a commit's with: of a parent that is known or has been walked. */
static enum err like_of(struct ctx *c, struct enumerate *e, uint32_t commit, uint32_t *tree)
{
	struct commit_info *info = NULL;
	uint32_t count = 0, like = OIDMAP_NONE;
	const uint32_t *parents = graph_parents(e->graph, commit, &count);
	for (uint32_t i = 0; i < count && like == OIDMAP_NONE; i++)
		if (graph_has(e->graph, parents[i], MARK_KNOWN | MARK_DONE))
			like = parents[i];
	*tree = OIDMAP_NONE;
	if (count == 0 && e->known.len)
		like = e->known.at[0];
	if (like != OIDMAP_NONE) {
		TRY(graph_commit(c, e->graph, like, &info));
		*tree = info->tree;
	}
	return OK;
}

static enum err send_trees(struct ctx *c, struct enumerate *e, struct tree_walk *w)
{
	struct commit_info *info = NULL;
	const struct sparse_folder *root = NULL;
	if (w->sparse)
		TRY(sparse_enter(c, w->sparse, sparse_outside(w->sparse), STR(""), &root));
	for (size_t i = e->commits.len; i > 0; i--) {
		uint32_t number = e->commits.at[i - 1], like = OIDMAP_NONE;
		TRY(like_of(c, e, number, &like));
		TRY(graph_commit(c, e->graph, number, &info));
		*vec_push(&w->stack) =
			(struct pair){.tree = info->tree, .like = like, .folder = root};
		TRY(walk_pairs(c, w, send_pair));
		graph_mark(e->graph, number, MARK_DONE);
	}
	return OK;
}

/* What was wanted by its own id is sent whatever the filter and the haves say. */
static enum err send_others(struct ctx *c, struct enumerate *e, struct tree_walk *w)
{
	struct graph *g = e->graph;
	const struct sparse_folder *folder = w->sparse ? sparse_outside(w->sparse) : NULL;
	for (size_t i = 0; i < e->others.len; i++) {
		uint32_t number = e->others.at[i];
		graph_node(g, number)->marks &= (uint8_t)~MARK_KNOWN;
		enumerate_add(e, number);
		if (graph_node(g, number)->type != OBJECT_TREE)
			continue;
		*vec_push(&w->stack) =
			(struct pair){.tree = number, .like = OIDMAP_NONE, .folder = folder};
		TRY(walk_pairs(c, w, send_pair));
	}
	return OK;
}

enum err enumerate_run(struct ctx *c, struct enumerate *e)
{
	struct arena *arena = &e->graph->arena;
	e->send = e->commits = e->known = e->others = (struct numbers){.arena = arena};
	e->bitmap = NULL;
	struct tree_walk w = {.e = e,
		.g = e->graph,
		.sparse = e->sparse,
		.visits.arena = arena,
		.stack.arena = arena};
	if (e->sparse)
		w.visits.seed = e->sparse->folders.seed;
	struct numbers wanted;
	const struct bitmap *bitmap = NULL;
	progress_begin(c, e->progress, "Enumerating objects", 0);
	for (size_t i = 0; i < e->have_count; i++)
		TRY(take_known(c, e, &e->haves[i]));
	for (size_t i = 0; i < e->want_count; i++)
		TRY(take_want(c, e, &e->wants[i]));
	wanted = e->commits;
	bool walked = e->known.len != 0;
	if (walked)
		TRY(walk_new(
			c, e->graph, &wanted, &e->known, (struct walk_limits){0}, &e->commits));
	/* Where the walk was short, a set of all objects is more work. */
	if (!walked || e->commits.len > ENUMERATE_WALK_MAX || e->always_by_bitmap)
		TRY(enumerate_bitmap(c, e, &wanted, &bitmap));
	if (!bitmap && !walked)
		TRY(walk_new(
			c, e->graph, &wanted, &e->known, (struct walk_limits){0}, &e->commits));
	if (bitmap) {
		TRY(enumerate_by_bitmap(c, e, bitmap, &wanted));
		return progress_end(c, e->progress, enumerate_count(e));
	}
	for (size_t i = 0; i < e->commits.len; i++)
		if (filter_type(&e->filter, OBJECT_COMMIT) ||
			graph_has(e->graph, e->commits.at[i], MARK_WANTED))
			enumerate_add(e, e->commits.at[i]);
	if (filter_trees(&e->filter)) {
		TRY(mark_edges(c, e, &w));
		TRY(send_trees(c, e, &w));
	}
	TRY(send_others(c, e, &w));
	return progress_end(c, e->progress, e->send.len);
}

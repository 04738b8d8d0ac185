#include "git/enumerate_bitmap.h"

#include "base/sort.h"

enum { CHECK_EVERY = 64 };

/*
 * All that some commits lead to: a bit for what is in the bitmap's packs, a number in the
 * graph, marked, for what is not.
 */
struct closure {
	struct graph *g;
	const struct bitmap *b;
	bool trees; /* what trees hold is of interest */
	struct bits set, work;
	unsigned mark; /* of what is not in the pack */
	struct numbers others;
	struct numbers stack;
	struct numbers commits; /* whose trees are still to be walked */
	struct numbers tree_stack;
};

static void closure_init(struct closure *s, struct graph *g, const struct bitmap *b, unsigned mark)
{
	struct arena *a = &g->arena;
	*s = (struct closure){.g = g, .b = b, .mark = mark};
	s->set = bitmap_bits(b, a);
	s->work = bitmap_bits(b, a);
	s->others.arena = s->stack.arena = s->commits.arena = s->tree_stack.arena = a;
}

/* Marks an object that is not in the pack, unless the other side has it; is it new? */
static bool other_add(struct closure *s, uint32_t number, enum object_type type)
{
	if (graph_has(s->g, number, MARK_KNOWN) || !graph_mark(s->g, number, s->mark))
		return false;
	graph_node(s->g, number)->type = (uint8_t)type;
	*vec_push(&s->others) = number;
	return true;
}

static enum err visit(struct ctx *c, struct closure *s, uint32_t number)
{
	uint32_t bit = 0, entry = 0;
	if (bitmap_objects_find(&s->b->objects, oidmap_hash(&s->g->ids, number), &bit)) {
		if (bits_has(&s->set, bit))
			return OK;
		if (bitmap_find(s->b, bit, &entry))
			return bitmap_add(c, s->b, entry, &s->work, &s->set);
		bits_add(&s->set, bit);
	} else if (!other_add(s, number, OBJECT_COMMIT)) {
		return OK;
	}
	*vec_push(&s->stack) = number;
	*vec_push(&s->commits) = number;
	return OK;
}

static enum err commits_add(struct ctx *c, struct closure *s, const struct numbers *from)
{
	size_t steps = 0;
	for (size_t i = 0; i < from->len; i++) {
		TRY(visit(c, s, from->at[i]));
		while (s->stack.len) {
			struct commit_info *info = NULL;
			uint32_t count = 0, number = s->stack.at[--s->stack.len];
			if (++steps % CHECK_EVERY == 0)
				TRY(graph_check(c, s->g));
			TRY(graph_commit(c, s->g, number, &info));
			const uint32_t *parents = graph_parents(s->g, number, &count);
			for (uint32_t k = 0; k < count; k++) {
				TRY(visit(c, s, parents[k]));
				parents = graph_parents(s->g, number, &count);
			}
		}
	}
	return OK;
}

/* Adds an object of a tree; a tree that is new is to be walked. */
static void object_add(struct closure *s, const struct oid *id, bool is_tree)
{
	uint32_t bit = 0;
	bool in_pack = bitmap_objects_find(&s->b->objects, id->hash, &bit);
	if (in_pack && !bits_add(&s->set, bit))
		return;
	if (in_pack && !is_tree)
		return;
	uint32_t number = graph_add(s->g, id);
	if (!in_pack && !other_add(s, number, is_tree ? OBJECT_TREE : OBJECT_BLOB))
		return;
	if (is_tree)
		*vec_push(&s->tree_stack) = number;
}

static enum err tree_add(struct ctx *c, struct closure *s, uint32_t number)
{
	struct oid id = oidmap_oid(&s->g->ids, number);
	struct str rest = {0};
	bool more = true;
	TRY(odb_read_as(c, s->g->reader, &id, OBJECT_TREE, &rest));
	for (struct tree_entry e; true;) {
		TRY(tree_next(c, s->g->ids.algo, &rest, &e, &more));
		if (!more)
			return OK;
		if (!tree_entry_is_gitlink(&e))
			object_add(s, &e.id, tree_entry_is_tree(&e));
	}
}

/* Walks a tree unless all of it is in the set. */
static enum err tree_walk(struct ctx *c, struct closure *s, const struct oid *tree)
{
	object_add(s, tree, true);
	while (s->tree_stack.len) {
		struct arena_mark mark = arena_mark(c->arena);
		TRY(graph_check(c, s->g));
		TRY(tree_add(c, s, s->tree_stack.at[--s->tree_stack.len]));
		arena_rewind(c->arena, mark);
	}
	return OK;
}

static enum err trees_add(struct ctx *c, struct closure *s)
{
	for (size_t i = 0; i < s->commits.len; i++) {
		struct commit_info *info = NULL;
		TRY(graph_commit(c, s->g, s->commits.at[i], &info));
		struct oid tree = oidmap_oid(&s->g->ids, info->tree);
		TRY(tree_walk(c, s, &tree));
	}
	return OK;
}

static int newest_first(const void *a, const void *b, const void *arg)
{
	const struct graph *g = arg;
	const uint32_t *x = a, *y = b;
	int64_t left = g->commits.at[graph_node(g, *x)->commit].order;
	int64_t right = g->commits.at[graph_node(g, *y)->commit].order;
	return (left < right) - (left > right);
}

/* The newest commit leads to most of the others, which then need no set of their own. */
static enum err sort_by_age(struct ctx *c, struct graph *g, struct numbers *commits)
{
	struct commit_info *info = NULL;
	for (size_t i = 0; i < commits->len; i++)
		TRY(graph_commit(c, g, commits->at[i], &info));
	sort_array(c->arena, commits->at, commits->len, sizeof *commits->at, newest_first, g);
	return OK;
}

static enum err closure_run(struct ctx *c, struct closure *s, const struct numbers *from)
{
	struct numbers sorted = {.arena = &s->g->arena};
	for (size_t i = 0; i < from->len; i++)
		*vec_push(&sorted) = from->at[i];
	TRY(sort_by_age(c, s->g, &sorted));
	TRY(commits_add(c, s, &sorted));
	if (s->trees)
		TRY(trees_add(c, s));
	return OK;
}

/* Are all packs that the bits stand for among these? */
static bool covers(const struct odb *odb, const struct bitmap *b)
{
	for (size_t i = 0; i < b->objects.part_count; i++) {
		size_t at = 0;
		while (at < odb->count && odb->packs[at] != b->objects.parts[i].pack)
			at++;
		if (at == odb->count)
			return false;
	}
	return true;
}

enum err enumerate_bitmap_of(struct ctx *c, const struct odb *odb, const struct bitmap **out)
{
	*out = NULL;
	for (size_t i = 0; i < odb->count; i++) {
		const struct bitmap *b;
		TRY(pack_bitmap(c, odb->packs[i], odb->packs, odb->count, &b));
		if (b && (!*out || b->objects.ids.count > (*out)->objects.ids.count) &&
			covers(odb, b))
			*out = b;
	}
	return OK;
}

/* A bitmap knows neither sizes nor paths. */
static bool filter_fits(const struct enumerate *e)
{
	const struct filter *f = &e->filter;
	return !e->sparse && (f->blob_limit == 0 || f->blob_limit == UINT64_MAX) &&
	       (f->tree_depth == 0 || f->tree_depth == UINT32_MAX);
}

static bool type_passes(const struct filter *f, int type)
{
	if (type == OBJECT_TREE)
		return filter_type(f, OBJECT_TREE) && f->tree_depth > 0;
	if (type == OBJECT_BLOB)
		return filter_blobs(f);
	return filter_type(f, (enum object_type)type);
}

enum err enumerate_bitmap(struct ctx *c, const struct enumerate *e, const struct numbers *wanted,
	const struct bitmap **out)
{
	const struct graph *g = e->graph;
	*out = NULL;
	if (!filter_fits(e) || !wanted->len)
		return OK;
	for (uint32_t i = 0; i < g->ids.count; i++)
		if (graph_has(g, i, MARK_GRAFT))
			return OK;
	return enumerate_bitmap_of(c, g->reader->odb, out);
}

/* Everything of a set becomes a number of the graph. */
static void marks_set(struct closure *s, struct enumerate *e, const struct bits *set, bool send)
{
	BITS_EACH(bit, set)
	{
		struct oid id =
			oid_from_bytes(s->g->ids.algo, bitmap_objects_hash(&s->b->objects, bit));
		uint32_t number = graph_add(s->g, &id);
		graph_node(s->g, number)->type = (uint8_t)bitmap_type(s->b, bit);
		if (send)
			enumerate_add(e, number);
		else
			graph_mark(s->g, number, MARK_KNOWN);
	}
}

static enum err known_make(struct ctx *c, struct enumerate *e, struct closure *known)
{
	struct graph *g = e->graph;
	/* The walk before this one has marked commits, and that would end this one. */
	for (uint32_t i = 0; e->known.len && i < g->ids.count; i++)
		if (graph_has(g, i, MARK_PARSED))
			graph_node(g, i)->marks &= (uint8_t)~MARK_KNOWN;
	TRY(closure_run(c, known, &e->known));
	for (size_t i = 0; i < known->others.len; i++)
		graph_mark(g, known->others.at[i], MARK_KNOWN);
	return OK;
}

/* Takes out of the set what the filter does, but not what was asked for by its id. */
static void set_filter(struct enumerate *e, const struct closure *known,
	const struct numbers *commits, struct bits *set)
{
	const struct bitmap *b = known->b;
	for (int type = OBJECT_COMMIT; type <= OBJECT_TAG; type++)
		if (!type_passes(&e->filter, type))
			bits_andnot(set, &b->types[type]);
	for (size_t i = 0; i < commits->len; i++) {
		const uint8_t *hash = oidmap_hash(&e->graph->ids, commits->at[i]);
		uint32_t bit = 0;
		if (graph_has(e->graph, commits->at[i], MARK_WANTED) &&
			bitmap_objects_find(&b->objects, hash, &bit) && !bits_has(&known->set, bit))
			bits_add(set, bit);
	}
}

/* What the trees hold that were wanted by their ids. */
static enum err others_walk(struct ctx *c, struct enumerate *e, struct closure *wanted)
{
	for (size_t i = 0; wanted->trees && i < e->others.len; i++) {
		uint32_t number = e->others.at[i];
		struct oid id = oidmap_oid(&e->graph->ids, number);
		if (graph_node(e->graph, number)->type == OBJECT_TREE)
			TRY(tree_walk(c, wanted, &id));
	}
	return OK;
}

/* Trees and blobs that were wanted by their ids are sent whatever the filter and the haves say. */
static void others_add(struct enumerate *e, struct closure *wanted)
{
	for (size_t i = 0; i < e->others.len; i++) {
		uint32_t number = e->others.at[i], bit = 0;
		const uint8_t *hash = oidmap_hash(&e->graph->ids, number);
		graph_node(e->graph, number)->marks &= (uint8_t)~MARK_KNOWN;
		if (bitmap_objects_find(&wanted->b->objects, hash, &bit))
			bits_add(&wanted->set, bit);
		else
			enumerate_add(e, number);
	}
}

/* What was to be sent before there were bits: tags, which no commit leads to. */
static void send_again(struct enumerate *e)
{
	struct numbers before = e->send;
	e->send = (struct numbers){.arena = before.arena};
	graph_unmark_all(e->graph, MARK_SEND);
	for (size_t i = 0; i < before.len; i++)
		enumerate_add(e, before.at[i]);
}

enum err enumerate_by_bitmap(
	struct ctx *c, struct enumerate *e, const struct bitmap *b, const struct numbers *commits)
{
	struct graph *g = e->graph;
	struct closure known, wanted;
	closure_init(&known, g, b, MARK_DONE);
	closure_init(&wanted, g, b, MARK_SEEN);
	known.trees = wanted.trees = filter_trees(&e->filter);
	graph_unmark_all(g, MARK_SEEN | MARK_DONE);
	TRY(known_make(c, e, &known));
	bits_copy(&wanted.set, &known.set);
	TRY(closure_run(c, &wanted, commits));
	TRY(others_walk(c, e, &wanted));
	bits_andnot(&wanted.set, &known.set);
	set_filter(e, &known, commits, &wanted.set);
	others_add(e, &wanted);
	if (e->keep_bits) {
		e->bitmap = b;
		e->packed = wanted.set;
		e->packed_known = known.set;
		send_again(e);
	} else {
		marks_set(&known, e, &known.set, false);
		marks_set(&wanted, e, &wanted.set, true);
	}
	for (size_t i = 0; i < wanted.others.len; i++) {
		uint32_t number = wanted.others.at[i];
		if (type_passes(&e->filter, graph_node(g, number)->type) ||
			graph_has(g, number, MARK_WANTED))
			enumerate_add(e, number);
	}
	graph_unmark_all(g, MARK_SEEN | MARK_DONE);
	return OK;
}

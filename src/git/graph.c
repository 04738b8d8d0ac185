#include "git/graph.h"

enum { BLOCK_BITS = 10, BLOCK_NODES = 1 << BLOCK_BITS };

void graph_init(struct graph *g, struct odb_reader *reader)
{
	*g = (struct graph){.reader = reader};
	arena_init(&g->arena);
	g->commits.arena = &g->arena;
	g->parents.arena = &g->arena;
	oidmap_init(&g->ids, &g->arena, reader->odb->algo);
}

void graph_done(struct graph *g)
{
	arena_done(&g->arena);
}

struct node *graph_node(const struct graph *g, uint32_t number)
{
	return &g->blocks[number >> BLOCK_BITS][number & (BLOCK_NODES - 1)];
}

uint32_t graph_add(struct graph *g, const struct oid *id)
{
	uint32_t count = g->ids.count, number = oidmap_put(&g->ids, id->hash);
	if (number < count || number % BLOCK_NODES)
		return number;
	uint32_t block = number >> BLOCK_BITS;
	if (block == g->block_cap) {
		uint32_t cap = g->block_cap ? g->block_cap * 2 : 16;
		g->blocks = arena_grow(&g->arena, g->blocks, g->block_cap * sizeof *g->blocks,
			cap * sizeof *g->blocks);
		g->block_cap = cap;
	}
	g->blocks[block] = NEW_ARRAY(&g->arena, struct node, BLOCK_NODES);
	return number;
}

bool graph_mark(struct graph *g, uint32_t number, unsigned marks)
{
	struct node *node = graph_node(g, number);
	bool fresh = !(node->marks & marks);
	node->marks |= (uint8_t)marks;
	return fresh;
}

void graph_unmark_all(struct graph *g, unsigned marks)
{
	for (uint32_t i = 0; i < g->ids.count; i++)
		graph_node(g, i)->marks &= (uint8_t)~marks;
}

enum err graph_type(struct ctx *c, struct graph *g, uint32_t number, enum object_type *out)
{
	struct node *node = graph_node(g, number);
	if (!node->type) {
		struct oid id = oidmap_oid(&g->ids, number);
		const struct commit_graph *all = g->reader->odb->commits;
		enum object_type type = OBJECT_COMMIT;
		uint32_t position = 0;
		uint64_t size = 0;
		if (!all || !commit_graph_find(all, &id, &position))
			TRY(odb_stat(c, g->reader, &id, &type, &size));
		node->type = (uint8_t)type;
	}
	*out = (enum object_type)node->type;
	return OK;
}

static void info_add(struct graph *g, uint32_t number, const struct commit_info *info)
{
	struct node *node = graph_node(g, number);
	node->commit = (uint32_t)g->commits.len;
	node->type = OBJECT_COMMIT;
	node->marks |= MARK_PARSED;
	*vec_push(&g->commits) = *info;
}

static enum err commit_read(struct ctx *c, struct graph *g, uint32_t number)
{
	struct arena_mark mark = arena_mark(c->arena);
	struct oid id = oidmap_oid(&g->ids, number);
	struct str bytes = {0};
	struct commit commit;
	TRY(odb_read_as(c, g->reader, &id, OBJECT_COMMIT, &bytes));
	TRY(commit_parse(c, g->reader->odb->algo, bytes, &commit));
	struct commit_info info = {.date = commit.committer.seconds,
		.order = commit.committer.seconds,
		.tree = graph_add(g, &commit.tree),
		.parents = (uint32_t)g->parents.len,
		.parent_count = (uint32_t)commit.parent_count};
	for (size_t i = 0; i < commit.parent_count; i++)
		*vec_push(&g->parents) = graph_add(g, &commit.parents[i]);
	arena_rewind(c->arena, mark);
	info_add(g, number, &info);
	return OK;
}

/* From the commit-graph, without a look at the object; *found: it is there. */
static enum err commit_look_up(struct ctx *c, struct graph *g, uint32_t number, bool *found)
{
	const struct commit_graph *all = g->reader->odb->commits;
	struct oid id = oidmap_oid(&g->ids, number);
	struct commit_graph_entry e;
	uint32_t position = 0;
	*found = all && commit_graph_find(all, &id, &position);
	if (!*found)
		return OK;
	TRY(err_stored(c, commit_graph_get(c, all, position, &e)));
	struct commit_info info = {.date = e.date,
		.order = all->offsets ? (int64_t)e.generation : e.date,
		.exact = all->offsets != NULL,
		.tree = graph_add(g, &e.tree),
		.parents = (uint32_t)g->parents.len,
		.parent_count = e.parent_count};
	for (uint32_t i = 0; i < e.parent_count; i++) {
		struct oid parent = commit_graph_oid(all, commit_graph_parent(&e, i));
		uint32_t at = graph_add(g, &parent);
		*vec_push(&g->parents) = at;
	}
	info_add(g, number, &info);
	return OK;
}

enum err graph_commit(struct ctx *c, struct graph *g, uint32_t number, struct commit_info **out)
{
	if (!graph_has(g, number, MARK_PARSED)) {
		bool found = false;
		TRY(commit_look_up(c, g, number, &found));
		if (!found)
			TRY(commit_read(c, g, number));
	}
	*out = &g->commits.at[graph_node(g, number)->commit];
	return OK;
}

const uint32_t *graph_parents(const struct graph *g, uint32_t number, uint32_t *count)
{
	const struct node *node = graph_node(g, number);
	ASSERT(node->marks & MARK_PARSED);
	const struct commit_info *info = &g->commits.at[node->commit];
	*count = node->marks & MARK_GRAFT ? 0 : info->parent_count;
	return g->parents.at + info->parents;
}

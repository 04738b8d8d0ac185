#include "git/graph.h"

enum { BLOCK_BITS = 10, BLOCK_NODES = 1 << BLOCK_BITS, FEW_LOOKS = 4, LEAP_MAX = 4096 };

void graph_init(struct graph *g, struct odb_reader *reader)
{
	*g = (struct graph){.reader = reader, .all = reader->odb->commits};
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

/*
 * What the commit-graph does not give, because it is damaged or its bytes cannot be had, the objects
 * do. Only the first is about one commit.
 */
static void give_up(struct ctx *c, struct graph *g, enum err err)
{
	ctx_clear(c);
	if (err != ERR_CORRUPT)
		g->all = NULL;
}

/* Is the commit in the commit-graph, at *position? */
static bool position_of(struct ctx *c, struct graph *g, uint32_t number, uint32_t *position)
{
	const struct node *node = graph_node(g, number);
	bool found = false;
	enum err err = OK;
	if (g->all && node->commit && !(node->marks & MARK_PARSED)) {
		*position = node->commit - 1;
		return true;
	}
	struct oid id = oidmap_oid(&g->ids, number);
	if (g->all)
		err = commit_graph_find(c, g->all, &id, position, &found);
	if (err)
		give_up(c, g, err);
	return found;
}

enum err graph_type(struct ctx *c, struct graph *g, uint32_t number, enum object_type *out)
{
	struct node *node = graph_node(g, number);
	if (!node->type) {
		struct oid id = oidmap_oid(&g->ids, number);
		enum object_type type = OBJECT_COMMIT;
		uint32_t position = 0;
		uint64_t size = 0;
		if (!position_of(c, g, number, &position))
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

/* Where history is not all here: does it end at this commit? */
static enum err is_end(struct ctx *c, struct graph *g, const struct commit *commit, bool *out)
{
	*out = false;
	for (size_t i = 0; g->reader->odb->partial && i < commit->parent_count && !*out; i++) {
		bool here;
		TRY(odb_has(c, g->reader, &commit->parents[i], &here));
		*out = !here;
	}
	return OK;
}

/* Whoever is in the commit-graph leads only to others there, so a commit that is not comes before all of
 * them, whatever its date says. */
static int64_t order_outside(const struct graph *g, int64_t date)
{
	const int64_t first = INT64_MAX / 2;
	if (!g->all || !g->all->offsets.at)
		return date;
	return date > first ? INT64_MAX : first + date;
}

static enum err commit_read(struct ctx *c, struct graph *g, uint32_t number)
{
	bool end;
	struct arena_mark mark = arena_mark(c->arena);
	struct oid id = oidmap_oid(&g->ids, number);
	struct str bytes = {0};
	struct commit commit;
	TRY(odb_read_as(c, g->reader, &id, OBJECT_COMMIT, &bytes));
	TRY(commit_parse(c, g->reader->odb->algo, bytes, &commit));
	TRY(is_end(c, g, &commit, &end));
	struct commit_info info = {.date = commit.committer.seconds,
		.order = order_outside(g, commit.committer.seconds),
		.tree = graph_add(g, &commit.tree),
		.parents = (uint32_t)g->parents.len,
		.parent_count = (uint32_t)commit.parent_count,
		.position = GRAPH_NOWHERE};
	for (size_t i = 0; i < commit.parent_count; i++)
		*vec_push(&g->parents) = graph_add(g, &commit.parents[i]);
	arena_rewind(c->arena, mark);
	info_add(g, number, &info);
	if (end)
		graph_mark(g, number, MARK_GRAFT);
	return OK;
}

/* The number of the commit at a position, which need not be looked for any more. */
static enum err add_at(struct ctx *c, struct graph *g, uint32_t position, uint32_t *out)
{
	struct oid id;
	TRY(commit_graph_oid(c, g->all, position, &id));
	*out = graph_add(g, &id);
	struct node *node = graph_node(g, *out);
	if (!(node->marks & MARK_PARSED))
		node->commit = position + 1;
	return OK;
}

static enum err parents_add(struct ctx *c, struct graph *g, const struct commit_graph_entry *e)
{
	for (uint32_t i = 0; i < e->parent_count; i++) {
		uint32_t at = 0;
		TRY(add_at(c, g, commit_graph_parent(e, i), &at));
		*vec_push(&g->parents) = at;
	}
	return OK;
}

/* What is at a position of the commit-graph. */
static enum err info_take(
	struct ctx *c, struct graph *g, uint32_t position, struct commit_info *out)
{
	struct commit_graph_entry e;
	TRY(commit_graph_get(c, g->all, position, &e));
	bool exact = g->all->offsets.at != 0;
	*out = (struct commit_info){.date = e.date,
		.order = exact ? (int64_t)e.generation : e.date,
		.exact = exact,
		.tree = graph_add(g, &e.tree),
		.parents = (uint32_t)g->parents.len,
		.parent_count = e.parent_count,
		.position = position};
	return parents_add(c, g, &e);
}

/* Who looks at many commits of a commit-graph that is not here had better have all of it. */
static void look(struct ctx *c, struct graph *g)
{
	enum err err = OK;
	if (!g->all)
		return;
	g->looks++;
	if (commit_graph_whole_pays(g->all, g->looks) && extent_affords(c, g->all->file.size))
		err = commit_graph_whole(c, g->all);
	else if (g->looks == FEW_LOOKS && extent_affords(c, commit_graph_rest(g->all)))
		err = commit_graph_bring_rest(c, g->all);
	if (err)
		give_up(c, g, err);
}

/*
 * From the commit-graph, without a look at the object; false: it is not there, or damaged, and the
 * object will say.
 */
static bool commit_look_up(struct ctx *c, struct graph *g, uint32_t number)
{
	struct commit_info info;
	uint32_t position = 0;
	look(c, g);
	if (!position_of(c, g, number, &position))
		return false;
	size_t parents = g->parents.len;
	enum err err = info_take(c, g, position, &info);
	if (err) {
		give_up(c, g, err);
		g->parents.len = parents;
		return false;
	}
	info_add(g, number, &info);
	return true;
}

enum err graph_commit(struct ctx *c, struct graph *g, uint32_t number, struct commit_info **out)
{
	if (!graph_has(g, number, MARK_PARSED) && !commit_look_up(c, g, number))
		TRY(commit_read(c, g, number));
	*out = &g->commits.at[graph_node(g, number)->commit];
	return OK;
}

uint32_t graph_position(struct ctx *c, struct graph *g, const struct oid *id)
{
	uint32_t position = GRAPH_NOWHERE;
	return position_of(c, g, graph_add(g, id), &position) ? position : GRAPH_NOWHERE;
}

bool graph_filter(struct ctx *c, struct graph *g, uint32_t number, struct str *out)
{
	const struct node *node = graph_node(g, number);
	ASSERT(node->marks & MARK_PARSED);
	uint32_t position = g->commits.at[node->commit].position;
	*out = (struct str){0};
	if (position == GRAPH_NOWHERE || !g->all)
		return false;
	enum err err = commit_graph_filter(c, g->all, position, out);
	if (err)
		give_up(c, g, err);
	return out->len > 0;
}

struct bloom_path graph_path(struct graph *g, struct str path)
{
	if (!g->all || !g->all->filters.at)
		return (struct bloom_path){0};
	return bloom_path(&g->all->bloom, path, &g->arena);
}

bool graph_unchanged(struct ctx *c, struct graph *g, uint32_t number, const struct bloom_path *path)
{
	struct str filter;
	return path->count && graph_filter(c, g, number, &filter) &&
	       !bloom_may_hold_path(&g->all->bloom, filter, path);
}

static bool is_same(const struct graph *g, const struct graph_leap *leap, struct str filter)
{
	const struct bloom_settings *bloom = &g->all->bloom;
	if (leap->path)
		return !bloom_may_hold_path(bloom, filter, leap->path);
	return leap->same(leap, bloom, filter);
}

/* Is a commit, which comes after one that is the same, to be looked at by the walk? */
static bool is_stop(
	const struct graph *g, const struct graph_leap *leap, const struct commit_graph_entry *e)
{
	bool by_date = leap->by_date || !g->all->offsets.at;
	return (by_date ? e->date : (int64_t)e->generation) <= leap->newer;
}

static bool is_named(const struct graph_leap *leap, uint32_t position)
{
	for (size_t i = 0; i < leap->stop_count; i++)
		if (leap->stops[i] == position)
			return true;
	return false;
}

/* From a position on; *steps: over so many commits. */
static enum err leap_from(
	struct ctx *c, struct graph *g, const struct graph_leap *leap, uint32_t *at, size_t *steps)
{
	struct commit_graph_entry e;
	struct str filter;
	bool generation = !leap->by_date && leap->newer != INT64_MIN;
	TRY(commit_graph_pass(c, g->all, *at, generation, &e));
	while (*steps < leap->steps && *steps < LEAP_MAX && !extent_spent(c) && e.parent_count) {
		TRY(commit_graph_filter(c, g->all, *at, &filter));
		if (!filter.len || !is_same(g, leap, filter))
			return OK;
		*at = e.parents[0];
		++*steps;
		look(c, g);
		TRY(commit_graph_pass(c, g->all, *at, generation, &e));
		if (is_stop(g, leap, &e) || is_named(leap, *at))
			return OK;
	}
	return OK;
}

uint32_t graph_leap(struct ctx *c, struct graph *g, uint32_t number, struct graph_leap *leap)
{
	const struct node *node = graph_node(g, number);
	ASSERT(node->marks & MARK_PARSED);
	uint32_t at = g->commits.at[node->commit].position, to = number;
	size_t steps = 0;
	enum err err = OK;
	if (g->all && at != GRAPH_NOWHERE && !(node->marks & MARK_GRAFT))
		err = leap_from(c, g, leap, &at, &steps);
	if (err)
		give_up(c, g, err);
	/* What failed is about the commit at which it ends. */
	err = steps && g->all ? add_at(c, g, at, &to) : OK;
	if (err)
		give_up(c, g, err);
	leap->steps = to == number ? 0 : steps;
	return to;
}

bool graph_is_near(const struct graph *g)
{
	return g->all && lookup_all(&g->all->file);
}

const uint32_t *graph_parents(const struct graph *g, uint32_t number, uint32_t *count)
{
	const struct node *node = graph_node(g, number);
	ASSERT(node->marks & MARK_PARSED);
	const struct commit_info *info = &g->commits.at[node->commit];
	*count = node->marks & MARK_GRAFT ? 0 : info->parent_count;
	return g->parents.at + info->parents;
}

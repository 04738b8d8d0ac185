#include "git/path_watch.h"

void path_watch_init(struct path_watch *w, struct graph *g, struct str path)
{
	*w = (struct path_watch){.graph = g, .path = path, .keys = graph_path(g, path)};
	w->seen.arena = &g->arena;
}

/* The commit's place in the list, which may move when another is asked for. */
static enum err seen_of(
	struct ctx *c, struct path_watch *w, uint32_t number, struct path_seen **out)
{
	struct commit_info *info;
	TRY(graph_commit(c, w->graph, number, &info));
	size_t index = graph_node(w->graph, number)->commit;
	while (w->seen.len <= index)
		vec_push(&w->seen);
	*out = &w->seen.at[index];
	return OK;
}

static enum err look(struct ctx *c, struct path_watch *w, uint32_t number, struct path_seen *seen)
{
	struct arena_mark mark = arena_mark(c->arena);
	struct commit_info *info;
	struct tree_entry entry;
	TRY(graph_commit(c, w->graph, number, &info));
	struct oid tree = oidmap_oid(&w->graph->ids, info->tree);
	enum err err = odb_tree_path(c, w->graph->reader, &tree, w->path, &entry);
	if (err && err != ERR_NOT_FOUND)
		return err;
	if (err)
		ctx_clear(c);
	else
		*seen = (struct path_seen){.mode = mode_plain(entry.mode), .id = entry.id};
	seen->known = seen->here = true;
	arena_rewind(c->arena, mark);
	return OK;
}

enum err path_watch_at(struct ctx *c, struct path_watch *w, uint32_t number, struct path_seen *out)
{
	struct path_seen *seen;
	TRY(seen_of(c, w, number, &seen));
	if (!seen->known)
		TRY(look(c, w, number, seen));
	*out = *seen;
	return OK;
}

/* What is known of a commit is known of another that is the same. */
static enum err hand_on(struct ctx *c, struct path_watch *w, uint32_t from, uint32_t to)
{
	struct path_seen *seen, *there;
	TRY(seen_of(c, w, to, &seen));
	TRY(seen_of(c, w, from, &seen));
	there = &w->seen.at[graph_node(w->graph, to)->commit];
	if (!seen->known || there->known)
		return OK;
	*there = *seen;
	there->here = false;
	return OK;
}

enum err path_watch_leap(struct ctx *c, struct path_watch *w, uint32_t number,
	struct graph_leap *leap, uint32_t *out)
{
	leap->path = &w->keys;
	*out = graph_leap(c, w->graph, number, leap);
	return leap->steps ? hand_on(c, w, number, *out) : OK;
}

/*
 * What a parent has. Trees lie in a pack by the age of their commits: far away, those of a commit and of
 * its parent come at once, and each other place is a journey. So where what the child has was read
 * elsewhere, this is read at the last commit before that surely has it too: its own parent comes next.
 */
static enum err parent_at(struct ctx *c, struct path_watch *w, uint32_t number, uint32_t parent,
	struct path_seen *out)
{
	struct graph_leap leap = {.newer = INT64_MIN, .by_date = true, .steps = SIZE_MAX};
	struct path_seen *seen;
	uint32_t last;
	TRY(seen_of(c, w, parent, &seen));
	bool known = seen->known;
	TRY(seen_of(c, w, number, &seen));
	if (c->afar.bytes == 0 || known || seen->here || !graph_is_near(w->graph))
		return path_watch_at(c, w, parent, out);
	TRY(path_watch_leap(c, w, parent, &leap, &last));
	TRY(path_watch_at(c, w, last, out));
	return hand_on(c, w, last, parent);
}

enum err path_watch_same(
	struct ctx *c, struct path_watch *w, uint32_t number, uint32_t parent, bool *out)
{
	struct path_seen mine, theirs;
	struct commit_info *info;
	uint32_t count;
	TRY(graph_commit(c, w->graph, number, &info));
	uint32_t to = graph_parents(w->graph, number, &count)[parent];
	*out = parent == 0 && graph_unchanged(c, w->graph, number, &w->keys);
	if (*out)
		return hand_on(c, w, number, to);
	TRY(path_watch_at(c, w, number, &mine));
	TRY(parent_at(c, w, number, to, &theirs));
	*out = mine.mode == theirs.mode && (mine.mode == 0 || oid_eq(&mine.id, &theirs.id));
	return OK;
}

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
	seen->known = true;
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

/* What is known of a commit is known of a parent that is the same. */
static enum err hand_on(struct ctx *c, struct path_watch *w, uint32_t number, uint32_t parent)
{
	struct path_seen *seen;
	TRY(seen_of(c, w, parent, &seen));
	TRY(seen_of(c, w, number, &seen));
	if (seen->known)
		w->seen.at[graph_node(w->graph, parent)->commit] = *seen;
	return OK;
}

enum err path_watch_leap(struct ctx *c, struct path_watch *w, uint32_t number,
	struct graph_leap *leap, uint32_t *out)
{
	leap->path = &w->keys;
	*out = graph_leap(c, w->graph, number, leap);
	return leap->steps ? hand_on(c, w, number, *out) : OK;
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
	TRY(path_watch_at(c, w, to, &theirs));
	*out = mine.mode == theirs.mode && (mine.mode == 0 || oid_eq(&mine.id, &theirs.id));
	return OK;
}

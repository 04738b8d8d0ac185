#include "git/last_change.h"

#include "base/buf.h"
#include "base/map.h"
#include "git/path_watch.h"
#include "git/walk.h"

enum { NONE = 0xffffffff, CHECK_EVERY = 16 };

/* An entry as it is now, and where it stands. */
struct target {
	uint32_t mode;
	struct oid id;
	struct bloom_key key;
	uint64_t bits[BLOOM_SHORT + 1]; /* of the key, by the length of the filter */
	uint32_t stands;                /* at this commit, by number */
	uint32_t next;                  /* that stands there too; NONE */
	bool asked; /* the parent's tree is to say whether it is the same there */
	bool same;
	const struct last_change *before;
};

/* Of a commit: which entries stand there. */
struct stand {
	uint32_t first; /* 1 + its number; 0: none */
	bool queued;
};

struct searching {
	const struct last_search *search;
	struct last_changes *out;
	struct graph graph;
	struct path_watch watch; /* of the folder */
	struct commit_queue queue;
	struct map by_name; /* -> the target */
	struct target *targets;
	VEC_OF(struct stand) stands; /* by number in graph.commits */
	uint32_t *stops;             /* where the searches before began, by position */
	size_t left;
	size_t steps, turns; /* commits looked at or leapt over; looked at */
	int64_t until;
};

static void searching_done(struct searching *k)
{
	graph_done(&k->graph);
}

static struct last_change *change_of(const struct searching *k, const struct target *t)
{
	return &k->out->at[t - k->targets];
}

static enum err stand_of(struct ctx *c, struct searching *k, uint32_t number, struct stand **out)
{
	struct commit_info *info;
	TRY(graph_commit(c, &k->graph, number, &info));
	size_t index = graph_node(&k->graph, number)->commit;
	while (k->stands.len <= index)
		vec_push(&k->stands);
	*out = &k->stands.at[index];
	return OK;
}

/* Has an entry stand at a commit, which is then looked at. */
static enum err put(struct ctx *c, struct searching *k, struct target *t, uint32_t number)
{
	struct stand *stand;
	struct commit_info *info;
	TRY(stand_of(c, k, number, &stand));
	TRY(graph_commit(c, &k->graph, number, &info));
	t->stands = number;
	t->next = stand->first ? stand->first - 1 : NONE;
	stand->first = 1 + (uint32_t)(t - k->targets);
	if (!stand->queued)
		commit_queue_push(&k->queue, number, info->order);
	stand->queued = true;
	return OK;
}

/* Takes all off that stand at a commit: the first of a list. */
static enum err take(struct ctx *c, struct searching *k, uint32_t number, struct target **out)
{
	struct stand *stand;
	TRY(stand_of(c, k, number, &stand));
	*out = stand->first ? &k->targets[stand->first - 1] : NULL;
	stand->first = 0;
	return OK;
}

static struct target *next_of(const struct searching *k, const struct target *t)
{
	return t->next == NONE ? NULL : &k->targets[t->next];
}

static void settle(struct searching *k, struct target *t, const struct oid *commit)
{
	struct last_change *change = change_of(k, t);
	change->commit = *commit;
	change->found = true;
	k->left--;
}

/* What a search before found from this commit on holds for all that stand here. */
static enum err recall_from(
	struct ctx *c, struct searching *k, uint32_t number, const struct last_changes *before)
{
	struct target *t, *next;
	TRY(take(c, k, number, &t));
	for (struct target *i = t; i; i = next_of(k, i))
		i->before = NULL;
	for (size_t i = 0; i < before->count; i++) {
		struct target *named = map_get(&k->by_name, before->at[i].name);
		if (named)
			named->before = &before->at[i];
	}
	for (; t; t = next) {
		next = next_of(k, t);
		if (t->before && t->before->found)
			settle(k, t, &t->before->commit);
		else if (t->before)
			TRY(put(c, k, t, graph_add(&k->graph, &t->before->commit)));
		else
			TRY(put(c, k, t, number));
	}
	return OK;
}

static enum err recall(struct ctx *c, struct searching *k, uint32_t number)
{
	struct oid id = oidmap_oid(&k->graph.ids, number);
	for (size_t i = 0; i < k->search->before_count; i++)
		if (oid_eq(&k->search->before[i].commit, &id))
			return recall_from(c, k, number, &k->search->before[i]);
	return OK;
}

/* Is the entry surely the same, as a filter says? Of the folder itself it does not say. */
static bool is_kept(const struct searching *k, const struct target *t,
	const struct bloom_settings *bloom, struct str filter)
{
	if (change_of(k, t)->name.len == 0 || filter.len == 0)
		return false;
	if (filter.len <= BLOOM_SHORT)
		return (t->bits[filter.len] & ~bloom_word(filter)) != 0;
	return !bloom_may_hold(bloom, filter, &t->key);
}

/* From where a list of entries stands: over commits that changed none of them. */
struct entries_leap {
	struct graph_leap leap;
	const struct searching *search;
	const struct target *list;
};

static bool are_kept(
	const struct graph_leap *self, const struct bloom_settings *bloom, struct str filter)
{
	const struct entries_leap *l = (const struct entries_leap *)self;
	const struct target *t = l->list;
	if (l->search->watch.keys.count &&
		!bloom_may_hold_path(bloom, filter, &l->search->watch.keys))
		return true;
	while (t && is_kept(l->search, t, bloom, filter))
		t = next_of(l->search, t);
	return !t;
}

/* Has a list stand as far back as filters say that nothing of it changed; *list is what is left. */
static enum err leap(struct ctx *c, struct searching *k, uint32_t number, struct target **list)
{
	const struct commit_queue *q = &k->queue;
	struct entries_leap l = {.leap = {.same = are_kept,
					 .newer = q->heap.len ? q->heap.at[0].date : INT64_MIN,
					 .stops = k->stops,
					 .stop_count = k->search->before_count,
					 .steps = k->search->steps - k->steps + 1},
		.search = k,
		.list = *list};
	struct target *t = *list, *next;
	uint32_t to = graph_leap(c, &k->graph, number, &l.leap);
	if (!l.leap.steps)
		return OK;
	k->steps += l.leap.steps - 1;
	TRY(graph_check(c, &k->graph));
	for (*list = NULL; t; t = next) {
		next = next_of(k, t);
		TRY(put(c, k, t, to));
	}
	return OK;
}

/*
 * Which of a list are the same in the first parent, as the commit's changed-path filter says; how
 * many it cannot say that of is the answer.
 */
static size_t ask_filter(
	struct ctx *c, struct searching *k, uint32_t number, uint32_t parent, struct target *list)
{
	struct str filter = {0};
	size_t asked = 0;
	bool has = parent == 0 && graph_filter(c, &k->graph, number, &filter);
	for (struct target *t = list; t; t = next_of(k, t)) {
		t->same = has && is_kept(k, t, &k->graph.all->bloom, filter);
		t->asked = !t->same;
		asked += t->asked;
	}
	return asked;
}

/* Which of those asked about are in a tree as they are now. */
static enum err ask_tree(struct ctx *c, struct searching *k, const struct oid *tree, size_t asked)
{
	struct arena_mark mark = arena_mark(c->arena);
	struct tree_entry e;
	struct str rest;
	bool more = true;
	TRY(odb_read_as(c, k->graph.reader, tree, OBJECT_TREE, &rest));
	while (asked) {
		TRY(tree_next(c, tree->algo, &rest, &e, &more));
		if (!more)
			break;
		struct target *t = map_get(&k->by_name, e.name);
		if (!t || !t->asked)
			continue;
		t->same = mode_plain(e.mode) == t->mode && oid_eq(&e.id, &t->id);
		t->asked = false;
		asked--;
	}
	arena_rewind(c->arena, mark);
	return OK;
}

static enum err compare(
	struct ctx *c, struct searching *k, uint32_t number, uint32_t parent, struct target *list)
{
	struct path_seen there;
	uint32_t count;
	bool same;
	size_t asked = ask_filter(c, k, number, parent, list);
	if (!asked)
		return OK;
	TRY(path_watch_same(c, &k->watch, number, parent, &same));
	if (same) {
		for (struct target *t = list; t; t = next_of(k, t))
			t->same = true;
		return OK;
	}
	uint32_t to = graph_parents(&k->graph, number, &count)[parent];
	TRY(path_watch_at(c, &k->watch, to, &there));
	if (there.mode == MODE_TREE)
		TRY(ask_tree(c, k, &there.id, asked));
	for (struct target *t = list; t; t = next_of(k, t))
		t->asked = false;
	return OK;
}

/* Hands what a parent has the same on to it; *list is what is left. */
static enum err hand_on(
	struct ctx *c, struct searching *k, uint32_t number, uint32_t parent, struct target **list)
{
	uint32_t count, *link, left = NONE;
	uint32_t to = graph_parents(&k->graph, number, &count)[parent];
	link = &left;
	TRY(graph_check(c, &k->graph));
	TRY(compare(c, k, number, parent, *list));
	for (struct target *t = *list, *next; t; t = next) {
		next = next_of(k, t);
		if (t->same) {
			TRY(put(c, k, t, to));
			continue;
		}
		*link = (uint32_t)(t - k->targets);
		link = &t->next;
	}
	*link = NONE;
	*list = left == NONE ? NULL : &k->targets[left];
	return OK;
}

static enum err look_at(struct ctx *c, struct searching *k, uint32_t number)
{
	struct oid id = oidmap_oid(&k->graph.ids, number);
	struct target *list;
	uint32_t count;
	TRY(recall(c, k, number));
	TRY(take(c, k, number, &list));
	k->steps += list != NULL;
	k->turns++;
	if (list)
		TRY(leap(c, k, number, &list));
	graph_parents(&k->graph, number, &count);
	for (uint32_t i = 0; i < count && list; i++)
		TRY(hand_on(c, k, number, i, &list));
	for (; list; list = next_of(k, list))
		settle(k, list, &id);
	return OK;
}

static bool is_spent(struct ctx *c, const struct searching *k)
{
	/* The commits that are found will be read too. */
	return k->steps >= k->search->steps || !extent_affords(c, 0) ||
	       (k->turns % CHECK_EVERY == 0 && k->turns && c->world->monotonic() > k->until);
}

static enum err run(struct ctx *c, struct searching *k)
{
	struct stand *stand;
	uint32_t number;
	while (k->left && !is_spent(c, k) && commit_queue_pop(&k->queue, &number)) {
		TRY(stand_of(c, k, number, &stand));
		stand->queued = false;
		TRY(look_at(c, k, number));
	}
	return OK;
}

/* A path as filters know it. */
static void key_of(const struct searching *k, struct target *t, struct str path)
{
	const struct bloom_settings *bloom = &k->graph.all->bloom;
	t->key = bloom_key(bloom->version, path);
	for (size_t len = 1; len <= BLOOM_SHORT; len++)
		t->bits[len] = bloom_bits(bloom, len, &t->key);
}

/* All entries as they are now, and as filters know them. */
static enum err targets_of(struct ctx *c, struct searching *k, const struct oid *tree)
{
	const struct commit_graph *all = k->graph.all;
	struct arena *a = &k->graph.arena;
	struct buf path = {.arena = a};
	struct tree_entry e;
	struct str rest;
	k->targets = NEW_ARRAY(a, struct target, k->out->count + 1);
	k->by_name = (struct map){.arena = a};
	c->world->random(&k->by_name.seed, sizeof k->by_name.seed);
	buf_str(&path, k->search->folder);
	if (path.len)
		buf_byte(&path, '/');
	size_t folder_len = path.len;
	for (size_t i = 0; i < k->out->count; i++) {
		*map_put(&k->by_name, k->out->at[i].name) = &k->targets[i];
		path.len = folder_len;
		buf_str(&path, k->out->at[i].name);
		if (all && all->filters.at)
			key_of(k, &k->targets[i], buf_view(&path));
	}
	TRY(odb_read_as(c, k->graph.reader, tree, OBJECT_TREE, &rest));
	for (bool more;;) {
		TRY(tree_next(c, tree->algo, &rest, &e, &more));
		if (!more)
			return OK;
		struct target *t = map_get(&k->by_name, e.name);
		if (!t)
			continue;
		t->mode = mode_plain(e.mode);
		t->id = e.id;
	}
}

static enum err begin(struct ctx *c, struct searching *k)
{
	struct arena_mark mark = arena_mark(c->arena);
	uint32_t from = graph_add(&k->graph, &k->out->commit);
	struct path_seen folder;
	TRY(path_watch_at(c, &k->watch, from, &folder));
	if (folder.mode != MODE_TREE)
		return fail(
			c, ERR_NOT_FOUND, "\"%.*s\" is not a folder", STR_FMT(k->search->folder));
	TRY(targets_of(c, k, &folder.id));
	k->stops = NEW_ARRAY(&k->graph.arena, uint32_t, k->search->before_count + 1);
	for (size_t i = 0; i < k->search->before_count; i++)
		k->stops[i] = graph_position(c, &k->graph, &k->search->before[i].commit);
	arena_rewind(c->arena, mark);
	for (size_t i = 0; i < k->out->count; i++) {
		k->out->at[i].found = false;
		TRY(put(c, k, &k->targets[i], from));
	}
	return OK;
}

static enum err walk(struct ctx *c, struct searching *k)
{
	size_t before = c->afar.around;
	c->afar.around = GRAPH_AROUND;
	enum err err = begin(c, k);
	if (!err)
		err = run(c, k);
	c->afar.around = before;
	return err;
}

/* An answer as of the same commit, to all that is asked. */
static bool is_answered(const struct last_search *search, const struct last_changes *out)
{
	for (size_t i = 0; i < search->before_count; i++) {
		const struct last_changes *before = &search->before[i];
		size_t same = 0;
		if (!oid_eq(&before->commit, &out->commit) || before->count != out->count)
			continue;
		while (same < out->count && before->at[same].found &&
			str_eq(before->at[same].name, out->at[same].name))
			same++;
		if (same < out->count)
			continue;
		memcpy(out->at, before->at, out->count * sizeof *out->at);
		return true;
	}
	return false;
}

enum err last_changes_find(
	struct ctx *c, const struct last_search *search, struct last_changes *out)
{
	if (is_answered(search, out))
		return OK;
	__attribute__((cleanup(searching_done))) struct searching k = {
		.search = search, .out = out, .left = out->count};
	graph_init(&k.graph, search->reader);
	path_watch_init(&k.watch, &k.graph, search->folder);
	k.queue.heap.arena = k.stands.arena = &k.graph.arena;
	k.until = c->world->monotonic() + search->micros;
	TRY(walk(c, &k));
	for (size_t i = 0; i < out->count; i++)
		if (!out->at[i].found)
			out->at[i].commit = oidmap_oid(&k.graph.ids, k.targets[i].stands);
	return OK;
}

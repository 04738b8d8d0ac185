/* History as a list, and the last change of each entry of a folder. */
#include "core/browse_walk.h"
#include "core/last_cache.h"

enum {
	LOG_STEPS_MAX = 50000,
	LOG_MICROS = 800 * 1000,
	LAST_STEPS_MAX = 10000,
	LAST_MICROS = 150 * 1000,
};

/* The entry at the path in a commit, looked up once and kept with the commit. */
static enum err entry_of(struct ctx *c, struct walk *w, struct walk_node *node, struct str path,
	const struct tree_entry **out)
{
	if (!node->extra) {
		struct tree_entry *entry = NEW(&w->arena, struct tree_entry);
		TRY(walk_entry(c, w, &node->tree, path, entry));
		entry->name = STR("");
		node->extra = entry;
	}
	*out = node->extra;
	return OK;
}

/*
 * Queues the parents that matter to a path: all of them when the commit changed it, else only one
 * that has it the same, as git simplifies history. *changed: does the commit belong to the list?
 */
static enum err follow(
	struct ctx *c, struct walk *w, struct walk_node *node, struct str path, bool *changed)
{
	const struct tree_entry *mine, *theirs;
	TRY(entry_of(c, w, node, path, &mine));
	for (size_t i = 0; i < node->parent_count; i++) {
		struct walk_node *parent;
		TRY(ctx_check(c));
		TRY(walk_load(c, w, &node->parents[i], &parent));
		TRY(entry_of(c, w, parent, path, &theirs));
		if (mine->mode == theirs->mode && oid_eq(&mine->id, &theirs->id)) {
			*changed = false;
			return walk_add(c, w, &parent->id, NULL);
		}
	}
	for (size_t i = 0; i < node->parent_count; i++)
		TRY(walk_add(c, w, &node->parents[i], NULL));
	*changed = node->parent_count || mine->mode;
	return OK;
}

static enum err next_change(
	struct ctx *c, struct walk *w, struct str path, struct walk_node **out, bool *spent)
{
	for (;;) {
		struct walk_node *node = walk_next(w);
		*out = node;
		if (!node)
			return OK;
		*spent = walk_spent(c, w);
		bool changed = true;
		if (path.len)
			TRY(follow(c, w, node, path, &changed));
		else
			for (size_t i = 0; i < node->parent_count; i++)
				TRY(walk_add(c, w, &node->parents[i], NULL));
		if (changed)
			return OK;
		if (*spent) {
			*out = NULL;
			return OK;
		}
		TRY(ctx_check(c));
	}
}

enum err browse_log(
	struct ctx *c, struct browse *b, const struct log_query *query, struct commit_log *out)
{
	WALK w;
	walk_init(c, &w, b, LOG_STEPS_MAX, query->limit > 1 ? LOG_MICROS : LAST_MICROS);
	TRY(walk_add(c, &w, &query->from, NULL));
	VEC_OF(struct commit_line) lines = {.arena = c->arena};
	*out = (struct commit_log){.skip = query->skip, .head = query->from};
	for (size_t seen = 0; !out->more; seen++) {
		struct walk_node *node;
		TRY(next_change(c, &w, query->path, &node, &out->cut));
		if (!node)
			break;
		if (seen >= query->skip + query->limit)
			out->more = true;
		else if (seen >= query->skip)
			TRY(browse_line(c, b, &node->id, vec_push(&lines)));
		if (out->cut)
			break;
	}
	out->at = lines.at;
	out->count = lines.len;
	return OK;
}

/*
 * Last changes: each entry of the folder (and, as the last bit, the folder itself) belongs to the
 * oldest commit known to have it as it is now. A commit hands an entry on to a parent that has it
 * the same; what no parent takes, the commit changed.
 */
struct blame {
	struct walk walk;
	struct browse *browse;
	struct listing *list;
	size_t words;   /* 64 entries in each */
	uint64_t *same; /* of the parent being compared */
	size_t left;    /* entries still to be found */
	const struct commit_line **folder;
	struct tree_entry now; /* the folder as it is */
	struct map by_name;    /* entry's name -> 1 + its number */
};

static void blame_done(struct blame *k)
{
	walk_done(&k->walk);
}

static uint64_t *bits_of(struct blame *k, struct walk_node *node)
{
	if (!node->extra)
		node->extra = NEW_ARRAY(&k->walk.arena, uint64_t, k->words);
	return node->extra;
}

static void set(uint64_t *bits, size_t i)
{
	bits[i / 64] |= 1ull << i % 64;
}

/* Fills k->same with the entries that `tree` has at the path as they are now. */
static enum err compare(struct ctx *c, struct blame *k, const struct oid *tree)
{
	const struct listing *list = k->list;
	struct tree_entry there, e;
	memset(k->same, 0, k->words * sizeof *k->same);
	TRY(walk_entry(c, &k->walk, tree, list->path, &there));
	if (oid_eq(&there.id, &k->now.id)) {
		memset(k->same, 0xFF, k->words * sizeof *k->same);
		return OK;
	}
	if (!tree_entry_is_tree(&there))
		return OK;
	struct str rest;
	struct ctx *r = &k->walk.reading;
	struct arena_mark mark = arena_mark(r->arena);
	enum err err = odb_read_as(r, &k->browse->reader, &there.id, OBJECT_TREE, &rest);
	for (bool more = true; !err && more;) {
		err = tree_next(r, there.id.algo, &rest, &e, &more);
		if (err || !more)
			break;
		size_t number = (size_t)(uintptr_t)map_get(&k->by_name, e.name);
		if (number && oid_eq(&e.id, &list->at[number - 1].id))
			set(k->same, number - 1);
	}
	arena_rewind(r->arena, mark);
	if (err)
		c->error = r->error;
	return err;
}

static enum err hand_on(
	struct ctx *c, struct blame *k, const struct walk_node *node, uint64_t *mine, size_t parent)
{
	struct walk_node *to;
	TRY(ctx_check(c));
	TRY(walk_load(c, &k->walk, &node->parents[parent], &to));
	TRY(compare(c, k, &to->tree));
	uint64_t *theirs = bits_of(k, to);
	uint64_t given = 0;
	for (size_t i = 0; i < k->words; i++) {
		given |= mine[i] & k->same[i];
		theirs[i] |= mine[i] & k->same[i];
		mine[i] &= ~k->same[i];
	}
	if (given)
		walk_again(&k->walk, to);
	return OK;
}

static enum err settle(struct ctx *c, struct blame *k, const struct walk_node *node, uint64_t *mine)
{
	struct commit_line *line = NULL;
	for (size_t i = 0; i <= k->list->count; i++) {
		if (!(mine[i / 64] >> i % 64 & 1))
			continue;
		if (!line) {
			line = NEW(c->arena, struct commit_line);
			TRY(browse_line(c, k->browse, &node->id, line));
		}
		if (i == k->list->count)
			*k->folder = line;
		else
			k->list->at[i].last = line;
		k->left--;
	}
	memset(mine, 0, k->words * sizeof *mine);
	return OK;
}

static enum err blame_run(struct ctx *c, struct blame *k)
{
	struct walk_node *node;
	while (k->left && (node = walk_next(&k->walk)) && !walk_spent(c, &k->walk)) {
		uint64_t *mine = bits_of(k, node);
		uint64_t any = 0;
		for (size_t i = 0; i < k->words; i++)
			any |= mine[i];
		if (!any)
			continue;
		for (size_t i = 0; i < node->parent_count; i++)
			TRY(hand_on(c, k, node, mine, i));
		TRY(settle(c, k, node, mine));
		TRY(ctx_check(c));
	}
	return OK;
}

static enum err find_last_changes(struct ctx *c, struct browse *b, const struct revision *rev,
	struct listing *list, const struct commit_line **folder, bool *all_found)
{
	__attribute__((cleanup(blame_done))) struct blame k = {
		.browse = b, .list = list, .folder = folder, .left = list->count + 1};
	walk_init(c, &k.walk, b, LAST_STEPS_MAX, LAST_MICROS);
	struct arena *a = &k.walk.arena;
	k.words = list->count / 64 + 1;
	k.same = NEW_ARRAY(a, uint64_t, k.words);
	k.by_name = (struct map){.arena = a, .seed = k.walk.seen.seed};
	for (size_t i = 0; i < list->count; i++)
		*map_put(&k.by_name, list->at[i].name) = (void *)(uintptr_t)(i + 1);
	struct walk_node *first;
	TRY(walk_add(c, &k.walk, &rev->commit, &first));
	TRY(walk_entry(c, &k.walk, &first->tree, list->path, &k.now));
	uint64_t *all = bits_of(&k, first);
	for (size_t i = 0; i <= list->count; i++)
		set(all, i);
	TRY(blame_run(c, &k));
	*all_found = k.left == 0;
	return OK;
}

/* The ids of the commits that changed each entry and the folder, one after the other. */
static struct str ids_of(
	struct ctx *c, const struct listing *list, const struct commit_line *folder)
{
	struct buf out = {.arena = c->arena};
	for (size_t i = 0; i < list->count; i++)
		buf_bytes(&out, list->at[i].last->id.hash, hash_size(folder->id.algo));
	buf_bytes(&out, folder->id.hash, hash_size(folder->id.algo));
	return buf_view(&out);
}

static enum err lines_of(struct ctx *c, struct browse *b, struct str ids, struct listing *list,
	const struct commit_line **folder)
{
	enum hash_algo algo = b->snapshot->algo;
	struct map known = {.arena = c->arena};
	c->world->random(&known.seed, sizeof known.seed);
	for (size_t i = 0; i <= list->count; i++) {
		struct oid id = oid_from_bytes(algo, ids.at + i * hash_size(algo));
		void **place =
			map_put(&known, str_from(ids.at + i * hash_size(algo), hash_size(algo)));
		if (!*place) {
			*place = NEW(c->arena, struct commit_line);
			TRY(browse_line(c, b, &id, *place));
		}
		if (i == list->count)
			*folder = *place;
		else
			list->at[i].last = *place;
	}
	return OK;
}

enum err browse_last_changes(struct ctx *c, struct browse *b, const struct revision *rev,
	struct listing *list, const struct commit_line **folder)
{
	char hex[OID_HEX_MAX];
	struct str ids, key = str_of(arena_fmt(c->arena, "%lld %s %.*s", (long long)b->repo.id,
				oid_hex(&rev->commit, hex), STR_FMT(list->path)));
	bool all_found = false;
	*folder = NULL;
	if (last_cache_get(c, b->core->last_cache, key, &ids) &&
		ids.len == (list->count + 1) * hash_size(b->snapshot->algo))
		return lines_of(c, b, ids, list, folder);
	TRY(find_last_changes(c, b, rev, list, folder, &all_found));
	if (all_found)
		last_cache_put(b->core->last_cache, key, ids_of(c, list, *folder));
	return OK;
}

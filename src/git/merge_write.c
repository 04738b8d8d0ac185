#include "base/buf.h"
#include "base/sort.h"
#include "git/merge_parts.h"

struct edit {
	struct str name;
	uint32_t mode; /* 0: it goes away */
	struct oid id;
};

struct folder {
	struct str path; /* without a '/' at its end */
	size_t depth;
	struct folder *above;
	VEC_OF(struct edit) edits;
};

struct writing {
	struct merging *m;
	struct map by_path;
	VEC_OF(struct folder *) folders;
	struct oid root;
};

static struct str above(struct str path)
{
	size_t slash = str_find_last(path, '/');
	return slash < path.len ? str_until(path, slash) : STR("");
}

static struct str last_part(struct str path)
{
	size_t slash = str_find_last(path, '/');
	return slash < path.len ? str_from_index(path, slash + 1) : path;
}

static size_t depth_of(struct str path)
{
	size_t depth = path.len > 0;
	for (size_t i = 0; i < path.len; i++)
		depth += path.at[i] == '/';
	return depth;
}

/* The folder, made with all that it lies in. */
static struct folder *folder_at(struct ctx *c, struct writing *w, struct str path)
{
	struct folder *first = NULL, *below = NULL;
	for (;; path = above(path)) {
		struct str key = path.len ? path : STR("");
		void **place = map_put(&w->by_path, key);
		struct folder *f = *place;
		bool fresh = !f;
		if (fresh) {
			f = NEW(c->arena, struct folder);
			f->path = path;
			f->depth = depth_of(path);
			f->edits.arena = c->arena;
			*place = f;
			*vec_push(&w->folders) = f;
		}
		if (below)
			below->above = f;
		first = first ? first : f;
		below = f;
		if (!fresh || path.len == 0)
			return first;
	}
}

static int deepest_first(const void *a, const void *b, const void *arg)
{
	(void)arg;
	const struct folder *x = *(struct folder *const *)a, *y = *(struct folder *const *)b;
	return (x->depth < y->depth) - (x->depth > y->depth);
}

/* What is in the folder as it was: nothing where it was none. */
static enum err read_folder(struct ctx *c, struct writing *w, struct str path, struct str *out)
{
	struct oid id = w->root;
	*out = STR("");
	for (struct str rest = path; rest.len;) {
		struct str name = str_cut(&rest, '/'), tree;
		struct tree_entry entry;
		bool more = true;
		TRY(merge_read(c, w->m, &id, OBJECT_TREE, &tree));
		do
			TRY(tree_next(c, id.algo, &tree, &entry, &more));
		while (more && !str_eq(entry.name, name));
		if (!more || !tree_entry_is_tree(&entry))
			return OK;
		id = entry.id;
	}
	return merge_read(c, w->m, &id, OBJECT_TREE, out);
}

static bool is_tree(uint32_t mode)
{
	return (mode & 0170000) == MODE_TREE;
}

/* Of a file and a folder of the same name the folder stays. */
static void apply(
	struct writing *w, const struct folder *f, struct map *names, const struct edit *e)
{
	void **place = map_put(names, e->name);
	struct edit *now = *place;
	if (!now || !now->mode) {
		*place = (void *)(uintptr_t)e;
		return;
	}
	if (!e->mode)
		return;
	const struct edit *file = is_tree(now->mode) ? e : now;
	struct buf path = {.arena = w->folders.arena};
	buf_fmt(&path, "%.*s%s%.*s", STR_FMT(f->path), f->path.len ? "/" : "", STR_FMT(e->name));
	merge_conflict(w->m, MERGE_FILE_FOLDER, buf_view(&path));
	if (file == now)
		*place = (void *)(uintptr_t)e;
}

static int tree_order(const void *a, const void *b, const void *arg)
{
	(void)arg;
	const struct edit *x = a, *y = b;
	return tree_name_cmp(x->name, is_tree(x->mode), y->name, is_tree(y->mode));
}

static enum err write_folder(
	struct ctx *c, struct writing *w, const struct folder *f, struct oid *out, bool *empty)
{
	struct map names = {.arena = c->arena};
	VEC_OF(struct edit) all = {.arena = c->arena};
	struct str rest;
	struct tree_entry entry;
	c->world->random(&names.seed, sizeof names.seed);
	for (size_t i = 0; i < f->edits.len; i++)
		apply(w, f, &names, &f->edits.at[i]);
	TRY(read_folder(c, w, f->path, &rest));
	for (bool more = true;;) {
		TRY(tree_next(c, w->root.algo, &rest, &entry, &more));
		if (!more)
			break;
		if (!map_get(&names, entry.name))
			*vec_push(&all) = (struct edit){entry.name, entry.mode, entry.id};
	}
	for (size_t i = 0; i < f->edits.len; i++) {
		const struct edit *e = &f->edits.at[i];
		if (e->mode && map_get(&names, e->name) == e)
			*vec_push(&all) = *e;
	}
	sort_array(c->arena, all.at, all.len, sizeof *all.at, tree_order, NULL);
	struct buf bytes = {.arena = c->arena};
	for (size_t i = 0; i < all.len; i++) {
		buf_fmt(&bytes, "%o %.*s", all.at[i].mode, STR_FMT(all.at[i].name));
		buf_byte(&bytes, 0);
		buf_bytes(&bytes, all.at[i].id.hash, hash_size(w->root.algo));
	}
	*empty = all.len == 0;
	merge_keep(w->m, OBJECT_TREE, buf_view(&bytes), out);
	return ctx_check(c);
}

enum err merge_write(struct ctx *c, struct merging *m, const struct oid *from, struct oid *out)
{
	struct writing w = {.m = m, .by_path.arena = c->arena, .folders.arena = c->arena};
	w.root = *from;
	c->world->random(&w.by_path.seed, sizeof w.by_path.seed);
	folder_at(c, &w, STR(""));
	for (size_t i = 0; i < m->paths.len; i++) {
		const struct merge_path *p = &m->paths.at[i];
		struct folder *f = folder_at(c, &w, above(p->path));
		*vec_push(&f->edits) =
			(struct edit){last_part(p->path), p->result.mode, p->result.id};
	}
	sort_array(
		c->arena, w.folders.at, w.folders.len, sizeof *w.folders.at, deepest_first, NULL);
	for (size_t i = 0; i < w.folders.len; i++) {
		struct folder *f = w.folders.at[i];
		struct edit e = {.name = last_part(f->path), .mode = MODE_TREE};
		bool empty;
		TRY(write_folder(c, &w, f, &e.id, &empty));
		if (!f->above)
			*out = e.id;
		else if (empty)
			*vec_push(&f->above->edits) = (struct edit){.name = e.name};
		else
			*vec_push(&f->above->edits) = e;
	}
	return OK;
}

#include "base/buf.h"
#include "base/sort.h"
#include "git/merge_parts.h"

/* A name and what each side has there. */
struct row {
	struct str name;
	struct tree_entry at[SIDES]; /* mode 0: nothing */
};

struct frame {
	struct row *rows;
	size_t count, next, path_len;
};

struct named {
	struct tree_entry entry;
	int side;
};

struct walking {
	struct merging *m;
	struct buf path;
	VEC_OF(struct frame) stack;
};

static int by_name(const void *a, const void *b, const void *arg)
{
	(void)arg;
	const struct named *x = a, *y = b;
	return str_cmp(x->entry.name, y->entry.name);
}

static enum err enter(struct ctx *c, struct walking *w, const struct oid *const trees[SIDES])
{
	VEC_OF(struct named) all = {.arena = c->arena};
	VEC_OF(struct row) rows = {.arena = c->arena};
	if (w->stack.len == MERGE_DEPTH_MAX)
		return fail(
			c, ERR_TOO_BIG, "folders are nested more than %d deep", MERGE_DEPTH_MAX);
	for (int side = 0; side < SIDES; side++) {
		struct str rest = {0};
		struct tree_entry entry;
		if (trees[side])
			TRY(merge_read(c, w->m, trees[side], OBJECT_TREE, &rest));
		for (bool more = true;;) {
			TRY(tree_next(c, w->m->reader->odb->algo, &rest, &entry, &more));
			if (!more)
				break;
			*vec_push(&all) = (struct named){entry, side};
		}
	}
	sort_array(c->arena, all.at, all.len, sizeof *all.at, by_name, NULL);
	for (size_t i = 0; i < all.len; i++) {
		const struct named *n = &all.at[i];
		if (!rows.len || !str_eq(rows.at[rows.len - 1].name, n->entry.name))
			vec_push(&rows)->name = n->entry.name;
		rows.at[rows.len - 1].at[n->side] = n->entry;
	}
	*vec_push(&w->stack) = (struct frame){rows.at, rows.len, 0, w->path.len};
	return ctx_check(c);
}

static bool differ(const struct tree_entry at[SIDES])
{
	for (int i = 1; i < SIDES; i++)
		if (at[i].mode != at[0].mode || (at[0].mode && !oid_eq(&at[i].id, &at[0].id)))
			return true;
	return false;
}

static enum err record(struct ctx *c, struct walking *w, const struct tree_entry at[SIDES])
{
	if (w->m->paths.len == MERGE_PATHS_MAX)
		return fail(c, ERR_TOO_BIG, "more than %d files changed", MERGE_PATHS_MAX);
	struct merge_path *p = vec_push(&w->m->paths);
	p->path = str_copy(c->arena, buf_view(&w->path));
	for (int i = 0; i < SIDES; i++)
		p->at[i] = (struct merge_version){at[i].mode, at[i].id};
	return OK;
}

/* A name may be a file on one side and a folder on another: each is looked at by itself. */
static enum err visit(struct ctx *c, struct walking *w, const struct row *row)
{
	struct tree_entry files[SIDES], trees[SIDES];
	const struct oid *ids[SIDES] = {0};
	for (int i = 0; i < SIDES; i++) {
		bool tree = tree_entry_is_tree(&row->at[i]);
		files[i] = tree ? (struct tree_entry){0} : row->at[i];
		trees[i] = tree ? row->at[i] : (struct tree_entry){0};
		if (tree)
			ids[i] = &row->at[i].id;
	}
	buf_str(&w->path, row->name);
	if (differ(files))
		TRY(record(c, w, files));
	if (!differ(trees))
		return OK;
	buf_byte(&w->path, '/');
	return enter(c, w, ids);
}

enum err merge_walk(struct ctx *c, struct merging *m, const struct oid *const trees[SIDES])
{
	struct walking w = {.m = m, .path.arena = c->arena, .stack.arena = c->arena};
	TRY(enter(c, &w, trees));
	while (w.stack.len) {
		struct frame *f = &w.stack.at[w.stack.len - 1];
		w.path.len = f->path_len;
		if (f->next == f->count)
			w.stack.len--;
		else
			TRY(visit(c, &w, &f->rows[f->next++]));
	}
	return OK;
}

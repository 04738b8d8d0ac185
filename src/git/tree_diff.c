#include "git/tree_diff.h"

#include "base/buf.h"
#include "base/vec.h"

/* One side of a pair of trees that is being walked. */
struct side {
	struct str rest;
	struct tree_entry entry;
	bool more; /* `entry` holds one */
};

struct frame {
	struct side old, new;
	size_t path_len; /* of the folder, its '/' included */
};

struct tree_walk {
	struct odb_reader *reader;
	VEC_OF(struct frame) stack;
	VEC_OF(struct tree_change) changes;
	struct buf path;
	size_t limit, total;
};

static enum err step(struct ctx *c, struct tree_walk *w, struct side *s)
{
	return tree_next(c, w->reader->odb->algo, &s->rest, &s->entry, &s->more);
}

static enum err open_side(
	struct ctx *c, struct tree_walk *w, const struct oid *tree, struct side *out)
{
	memset(out, 0, sizeof *out);
	if (!tree)
		return OK;
	TRY(odb_read_as(c, w->reader, tree, OBJECT_TREE, &out->rest));
	return step(c, w, out);
}

static enum err enter(
	struct ctx *c, struct tree_walk *w, const struct oid *old, const struct oid *new)
{
	if (w->stack.len == TREE_DIFF_DEPTH_MAX)
		return fail(c, ERR_TOO_BIG, "folders are nested more than %d deep",
			TREE_DIFF_DEPTH_MAX);
	struct frame *f = vec_push(&w->stack);
	f->path_len = w->path.len;
	TRY(open_side(c, w, old, &f->old));
	return open_side(c, w, new, &f->new);
}

static enum err record(struct ctx *c, struct tree_walk *w, const struct tree_entry *old,
	const struct tree_entry *new)
{
	if (++w->total > w->limit)
		return OK;
	struct tree_change *change = vec_push(&w->changes);
	change->path = str_copy(c->arena, buf_view(&w->path));
	if (old) {
		change->old_mode = old->mode;
		change->old_id = old->id;
	}
	if (new) {
		change->new_mode = new->mode;
		change->new_id = new->id;
	}
	return OK;
}

/* One entry, or a pair of the same name and kind. */
static enum err visit(struct ctx *c, struct tree_walk *w, const struct tree_entry *old,
	const struct tree_entry *new)
{
	const struct tree_entry *either = old ? old : new;
	buf_str(&w->path, either->name);
	if (!tree_entry_is_tree(either))
		return record(c, w, old, new);
	buf_byte(&w->path, '/');
	return enter(c, w, old ? &old->id : NULL, new ? &new->id : NULL);
}

static int compare(const struct frame *f)
{
	if (!f->old.more || !f->new.more)
		return f->old.more ? -1 : 1;
	return tree_name_cmp(f->old.entry.name, tree_entry_is_tree(&f->old.entry),
		f->new.entry.name, tree_entry_is_tree(&f->new.entry));
}

static enum err advance(struct ctx *c, struct tree_walk *w, struct frame *f)
{
	int order = compare(f);
	struct tree_entry old = f->old.entry, new = f->new.entry;
	bool has_old = order <= 0, has_new = order >= 0;
	w->path.len = f->path_len;
	if (has_old)
		TRY(step(c, w, &f->old));
	if (has_new)
		TRY(step(c, w, &f->new));
	if (order == 0 && old.mode == new.mode && oid_eq(&old.id, &new.id))
		return OK;
	if (order == 0 && (old.mode ^ new.mode) & 0170000) {
		TRY(visit(c, w, &old, NULL));
		w->path.len = f->path_len;
		return visit(c, w, NULL, &new);
	}
	/* `f` may move from here on: the stack grows. */
	return visit(c, w, has_old ? &old : NULL, has_new ? &new : NULL);
}

enum err tree_diff(struct ctx *c, struct odb_reader *r, const struct oid *old,
	const struct oid *new, size_t limit, struct tree_changes *out)
{
	struct tree_walk w = {.reader = r, .limit = limit};
	w.stack.arena = w.changes.arena = w.path.arena = c->arena;
	if (!old || !new || !oid_eq(old, new))
		TRY(enter(c, &w, old, new));
	while (w.stack.len && w.total < TREE_DIFF_COUNT_MAX) {
		struct frame *top = &w.stack.at[w.stack.len - 1];
		if (!top->old.more && !top->new.more) {
			w.stack.len--;
			continue;
		}
		if (extent_spent(c))
			break;
		TRY(advance(c, &w, top));
		TRY(ctx_check(c));
	}
	bool cut = w.stack.len && w.total < TREE_DIFF_COUNT_MAX;
	*out = (struct tree_changes){w.changes.at, w.changes.len, w.total, cut};
	return OK;
}

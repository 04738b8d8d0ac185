#include "core/browse_walk.h"

void walk_init(struct ctx *c, struct walk *w, struct browse *b, size_t steps, int64_t micros)
{
	*w = (struct walk){.browse = b, .steps_max = steps};
	arena_init(&w->arena);
	arena_init(&w->scratch);
	w->mark = arena_mark(&w->scratch);
	w->reading = *c;
	w->reading.arena = &w->scratch;
	w->seen.arena = &w->arena;
	c->world->random(&w->seen.seed, sizeof w->seen.seed);
	w->until = c->world->monotonic() + micros;
}

void walk_done(struct walk *w)
{
	arena_done(&w->scratch);
	arena_done(&w->arena);
}

/* Reads happen on a ctx of their own: its error is the request's. */
static enum err pass_on(struct ctx *c, const struct walk *w, enum err err)
{
	if (err)
		c->error = w->reading.error;
	return err;
}

static bool newer(const struct walk_node *a, const struct walk_node *b)
{
	return a->date != b->date ? a->date > b->date : a->turn < b->turn;
}

static void push(struct walk *w, struct walk_node *node)
{
	if (w->count == w->cap)
		w->heap = vec_grow(&w->arena, w->heap, &w->cap, sizeof(struct walk_node *));
	size_t at = w->count++;
	node->queued = true;
	node->turn = w->turns++;
	while (at && newer(node, w->heap[(at - 1) / 2])) {
		w->heap[at] = w->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	w->heap[at] = node;
}

static struct walk_node *pop(struct walk *w)
{
	struct walk_node *top = w->heap[0], *last = w->heap[--w->count];
	size_t at = 0;
	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= w->count)
			break;
		if (child + 1 < w->count && newer(w->heap[child + 1], w->heap[child]))
			child++;
		if (!newer(w->heap[child], last))
			break;
		w->heap[at] = w->heap[child];
		at = child;
	}
	w->heap[at] = last;
	return top;
}

enum err walk_load(struct ctx *c, struct walk *w, const struct oid *id, struct walk_node **out)
{
	struct str key = str_from(id->hash, hash_size(id->algo));
	struct walk_node *node = map_get(&w->seen, key);
	*out = node;
	if (node)
		return OK;
	struct str bytes;
	struct commit commit;
	struct ctx *r = &w->reading;
	/* At once, not with the next step: a commit may have more parents than memory holds. */
	struct arena_mark mark = arena_mark(r->arena);
	enum err err = odb_read_as(r, &w->browse->reader, id, OBJECT_COMMIT, &bytes);
	if (!err)
		err = commit_parse(r, id->algo, bytes, &commit);
	TRY(pass_on(c, w, err));
	node = NEW(&w->arena, struct walk_node);
	node->id = *id;
	node->tree = commit.tree;
	node->date = commit.committer.seconds;
	node->parent_count = commit.parent_count;
	node->parents = NEW_ARRAY(&w->arena, struct oid, commit.parent_count + 1);
	memcpy(node->parents, commit.parents, commit.parent_count * sizeof *node->parents);
	arena_rewind(r->arena, mark);
	key.at = (const char *)node->id.hash;
	*map_put(&w->seen, key) = node;
	*out = node;
	return OK;
}

enum err walk_add(struct ctx *c, struct walk *w, const struct oid *id, struct walk_node **out)
{
	struct walk_node *node;
	TRY(walk_load(c, w, id, &node));
	if (!node->added)
		push(w, node);
	node->added = true;
	if (out)
		*out = node;
	return OK;
}

void walk_again(struct walk *w, struct walk_node *node)
{
	if (!node->queued)
		push(w, node);
}

struct walk_node *walk_next(struct walk *w)
{
	arena_rewind(&w->scratch, w->mark);
	if (w->count == 0)
		return NULL;
	w->steps++;
	struct walk_node *node = pop(w);
	node->queued = false;
	return node;
}

bool walk_spent(struct ctx *c, const struct walk *w)
{
	return w->steps >= w->steps_max ||
	       (w->steps % 16 == 15 && c->world->monotonic() > w->until);
}

enum err walk_entry(struct ctx *c, struct walk *w, const struct oid *tree, struct str path,
	struct tree_entry *out)
{
	memset(out, 0, sizeof *out);
	if (path.len == 0) {
		out->mode = MODE_TREE;
		out->id = *tree;
		return OK;
	}
	struct arena_mark mark = arena_mark(w->reading.arena);
	enum err err = odb_tree_path(&w->reading, &w->browse->reader, tree, path, out);
	out->name = STR("");
	arena_rewind(w->reading.arena, mark);
	if (err == ERR_NOT_FOUND) {
		ctx_clear(&w->reading);
		memset(out, 0, sizeof *out);
		return OK;
	}
	return pass_on(c, w, err);
}

/* A commit may be megabytes; a line of a list is not. */
static struct str cut(struct ctx *c, struct str text)
{
	enum { LINE_MAX_BYTES = 300 };
	size_t len = text.len < LINE_MAX_BYTES ? text.len : LINE_MAX_BYTES;
	while (len < text.len && len > LINE_MAX_BYTES - 4 && (text.at[len] & 0xC0) == 0x80)
		len--;
	return str_copy(c->arena, str_until(text, len));
}

enum err browse_line(struct ctx *c, struct browse *b, const struct oid *id, struct commit_line *out)
{
	__attribute__((cleanup(arena_done))) struct arena scratch;
	struct str bytes;
	struct commit commit;
	struct ctx own = *c;
	arena_init(&scratch);
	own.arena = &scratch;
	enum err err = odb_read_as(&own, &b->reader, id, OBJECT_COMMIT, &bytes);
	if (!err)
		err = commit_parse(&own, id->algo, bytes, &commit);
	if (err) {
		c->error = own.error;
		return err;
	}
	out->id = *id;
	out->subject = cut(c, message_subject(commit.message));
	out->author = cut(c, commit.author.name);
	out->when = commit.author.seconds;
	return OK;
}

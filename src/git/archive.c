#include "git/archive.h"

#include "base/vec.h"
#include "git/archive_parts.h"

struct frame {
	struct str rest; /* of the tree */
	size_t path_len; /* of the folder */
	struct arena_mark mark;
};

struct archiving {
	struct archive a;
	struct buf path;
	VEC_OF(struct frame) stack;
	struct arena scratch;
};

static void archiving_done(struct archiving *w)
{
	arena_done(&w->scratch);
	arena_done(&w->a.lasting);
}

enum err archive_put(struct ctx *c, struct archive *a, const void *bytes, size_t len)
{
	a->written += len;
	return sink_write(c, a->to, bytes, len);
}

static enum err put_entry(struct ctx *c, struct archive *a, const struct archive_entry *e)
{
	struct arena_mark mark = arena_mark(c->arena);
	TRY(ctx_check(c));
	if (++a->files > ARCHIVE_FILES_MAX)
		return fail(c, ERR_TOO_BIG, "more than %d files", ARCHIVE_FILES_MAX);
	if (e->path.len > ARCHIVE_PATH_MAX)
		return fail(c, ERR_TOO_BIG, "a path of %zu bytes", e->path.len);
	TRY(a->query->format == ARCHIVE_TAR ? tar_entry(c, a, e) : zip_entry(c, a, e));
	arena_rewind(c->arena, mark);
	return OK;
}

static enum err enter(struct ctx *c, struct archiving *w, const struct oid *tree)
{
	if (w->stack.len == ARCHIVE_DEPTH_MAX)
		return fail(
			c, ERR_TOO_BIG, "folders are nested more than %d deep", ARCHIVE_DEPTH_MAX);
	struct frame *f = vec_push(&w->stack);
	f->path_len = w->path.len;
	f->mark = arena_mark(c->arena);
	return odb_read_as(c, w->a.reader, tree, OBJECT_TREE, &f->rest);
}

static enum err step(struct ctx *c, struct archiving *w)
{
	struct frame *f = &w->stack.at[w->stack.len - 1];
	struct tree_entry entry;
	bool more;
	w->path.len = f->path_len;
	TRY(tree_next(c, w->a.reader->odb->algo, &f->rest, &entry, &more));
	if (!more) {
		arena_rewind(c->arena, f->mark);
		w->stack.len--;
		return OK;
	}
	bool tree = tree_entry_is_tree(&entry);
	buf_str(&w->path, entry.name);
	if (tree || tree_entry_is_gitlink(&entry))
		buf_byte(&w->path, '/');
	struct archive_entry e = {buf_view(&w->path), entry.mode, entry.id};
	TRY(put_entry(c, &w->a, &e));
	return tree ? enter(c, w, &entry.id) : OK;
}

static enum err write_all(struct ctx *c, struct archiving *w)
{
	const struct archive_query *query = w->a.query;
	bool tar = query->format == ARCHIVE_TAR;
	if (tar)
		TRY(tar_begin(c, &w->a));
	else
		zip_begin(&w->a);
	buf_str(&w->path, query->prefix);
	if (query->prefix.len && query->prefix.at[query->prefix.len - 1] == '/') {
		struct archive_entry e = {query->prefix, MODE_TREE, query->tree};
		TRY(put_entry(c, &w->a, &e));
	}
	TRY(enter(c, w, &query->tree));
	while (w->stack.len)
		TRY(step(c, w));
	return tar ? tar_end(c, &w->a) : zip_end(c, &w->a);
}

/* What is read lies in an arena of its own, rewound all the time: the sink's memory must not be. */
enum err archive_write(
	struct ctx *c, struct odb_reader *r, const struct archive_query *query, struct sink *to)
{
	__attribute__((cleanup(archiving_done))) struct archiving w = {
		.a = {.reader = r, .query = query, .to = to}};
	struct ctx reading = *c;
	arena_init(&w.a.lasting);
	arena_init(&w.scratch);
	reading.arena = &w.scratch;
	w.a.list.arena = w.path.arena = w.stack.arena = &w.a.lasting;
	enum err err = write_all(&reading, &w);
	if (err)
		c->error = reading.error;
	return err;
}

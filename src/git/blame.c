#include "git/blame.h"

#include "base/buf.h"
#include "base/map.h"
#include "base/sort.h"
#include "base/vec.h"
#include "git/diff_versions.h"
#include "git/rename.h"
#include "git/walk.h"

enum { CHANGES_MAX = 20000, PARENTS_MAX = 64, VERSIONS = 4 };

/* Lines of the file that are lines [source_at, …) of an origin. */
struct part {
	uint32_t at, count, source_at;
};

struct parts {
	struct arena *arena;
	struct part *at;
	size_t len, cap;
};

/* A file as of a commit: the suspect for some lines. */
struct origin {
	uint32_t commit;
	struct str path;
	struct bloom_path keys; /* of the path, for filters */
	struct oid blob;
	uint32_t mode;
	struct parts parts;
	struct origin *next; /* of the same commit */
};

/* A blob that was compared: the next comparison is likely to be with it. */
struct version {
	struct arena arena; /* of its own */
	struct oid blob;
	struct diff_version text;
	uint64_t used; /* 0: never */
};

struct blaming {
	struct odb_reader *reader;
	const struct blame_limits *limits;
	struct graph graph;
	struct arena scratch; /* objects and differences, given back at every step */
	struct ctx reading;   /* the request's ctx, but with `scratch` */
	struct diff_classes classes;
	struct version versions[VERSIONS];
	uint64_t now;
	struct map commits; /* number -> its first origin */
	struct commit_queue queue;
	VEC_OF(struct blame_range) done;
	size_t steps, renames;
	int64_t until;
	bool cut;
};

static void blaming_done(struct blaming *b)
{
	arena_done(&b->scratch);
	for (size_t i = 0; i < VERSIONS; i++)
		arena_done(&b->versions[i].arena);
	graph_done(&b->graph);
}

static enum err same_error(struct ctx *c, const struct blaming *b, enum err err)
{
	if (err)
		c->error = b->reading.error;
	return err;
}

static struct origin **origins_of(struct blaming *b, uint32_t number)
{
	uint32_t *key = NEW(&b->graph.arena, uint32_t);
	*key = number;
	return (struct origin **)map_put(&b->commits, str_from(key, sizeof *key));
}

static enum err origin_of(struct blaming *b, uint32_t commit, struct str path,
	const struct tree_entry *entry, struct origin **out)
{
	struct origin **first = origins_of(b, commit), *o = *first;
	while (o && !str_eq(o->path, path))
		o = o->next;
	if (!o) {
		o = NEW(&b->graph.arena, struct origin);
		*o = (struct origin){.commit = commit,
			.path = str_copy(&b->graph.arena, path),
			.keys = graph_path(&b->graph, path),
			.blob = entry->id,
			.mode = entry->mode,
			.next = *first};
		o->parts.arena = &b->graph.arena;
		*first = o;
	}
	*out = o;
	return OK;
}

static enum err queue(struct blaming *b, uint32_t number)
{
	struct commit_info *info;
	TRY(graph_commit(&b->reading, &b->graph, number, &info));
	commit_queue_push(&b->queue, number, info->order);
	return OK;
}

static enum err tree_of(struct blaming *b, uint32_t commit, struct oid *out)
{
	struct commit_info *info;
	TRY(graph_commit(&b->reading, &b->graph, commit, &info));
	*out = oidmap_oid(&b->graph.ids, info->tree);
	return OK;
}

/* What is at the path in a commit; mode 0: nothing, or nothing that blame can compare. */
static enum err entry_of(
	struct blaming *b, uint32_t commit, const struct origin *like, struct tree_entry *out)
{
	struct oid tree;
	TRY(tree_of(b, commit, &tree));
	enum err err = odb_tree_path(&b->reading, b->reader, &tree, like->path, out);
	if (err && err != ERR_NOT_FOUND)
		return err;
	if (err)
		ctx_clear(&b->reading);
	if (err || (out->mode & 0170000) != (like->mode & 0170000))
		out->mode = 0;
	return OK;
}

/* The file that became this one in the step from a parent. */
static enum err source_of(struct blaming *b, uint32_t parent, const struct origin *o,
	struct tree_entry *out, struct str *path)
{
	struct oid old, new;
	struct tree_changes changes;
	struct rename_pairs pairs;
	struct rename_limits limits = RENAME_LIMITS_PAGE;
	out->mode = 0;
	if (b->renames++ >= b->limits->renames)
		return OK;
	TRY(tree_of(b, parent, &old));
	TRY(tree_of(b, o->commit, &new));
	TRY(tree_diff(&b->reading, b->reader, &old, &new, CHANGES_MAX, &changes));
	limits.only = o->path;
	TRY(renames_find(&b->reading, b->reader, &changes, &limits, &pairs));
	if (pairs.count == 0)
		return OK;
	const struct tree_change *from = &changes.at[pairs.at[0].from];
	out->mode = from->old_mode;
	out->id = from->old_id;
	*path = from->path;
	return OK;
}

static enum err find_in_parent(
	struct blaming *b, uint32_t parent, const struct origin *o, bool moved, struct origin **out)
{
	struct tree_entry entry = {0};
	struct str path = o->path;
	*out = NULL;
	if (moved)
		TRY(source_of(b, parent, o, &entry, &path));
	else
		TRY(entry_of(b, parent, o, &entry));
	return entry.mode ? origin_of(b, parent, path, &entry, out) : OK;
}

static int by_source(const void *a, const void *b, const void *arg)
{
	(void)arg;
	const struct part *x = a, *y = b;
	return (x->source_at > y->source_at) - (x->source_at < y->source_at);
}

static void give(
	struct parts *to, const struct part *whole, uint32_t from, uint32_t end, int64_t shift)
{
	if (from >= end)
		return;
	struct part *p = vec_push(to);
	p->at = whole->at + (from - whole->source_at);
	p->count = end - from;
	p->source_at = (uint32_t)((int64_t)from + shift);
}

/* What of one part the parent has too goes to `same`, the rest to `own`. `k`: its first edit. */
static void divide(const struct diff_script *s, size_t k, const struct part *p, struct parts *same,
	struct parts *own)
{
	uint32_t at = p->source_at, end = at + p->count;
	for (; k < s->count && s->edits[k].new_at < end; k++) {
		const struct diff_edit *e = &s->edits[k];
		uint32_t edit_end = e->new_at + e->new_count;
		uint32_t from = at > e->new_at ? at : e->new_at;
		give(same, p, at, e->new_at, (int64_t)e->old_at - e->new_at);
		give(own, p, from, edit_end < end ? edit_end : end, 0);
		at = at > edit_end ? at : edit_end;
	}
	int64_t shift = 0;
	if (k) {
		const struct diff_edit *e = &s->edits[k - 1];
		shift = ((int64_t)e->old_at + e->old_count) - ((int64_t)e->new_at + e->new_count);
	}
	give(same, p, at, end, shift);
}

/* A blob, cut into lines; what is in `like` need not be cut again. It stays until some others were asked for. */
static enum err version_of(
	struct blaming *b, const struct oid *blob, const struct version *like, struct version **out)
{
	struct version *oldest = NULL;
	struct str text;
	for (size_t i = 0; i < VERSIONS; i++) {
		struct version *v = &b->versions[i];
		if (v->used && oid_eq(&v->blob, blob)) {
			v->used = ++b->now;
			*out = v;
			return OK;
		}
		if (v != like && (!oldest || v->used < oldest->used))
			oldest = v;
	}
	arena_rewind(&oldest->arena, (struct arena_mark){0});
	oldest->used = 0;
	b->reading.arena = &oldest->arena;
	enum err err = odb_read_as(&b->reading, b->reader, blob, OBJECT_BLOB, &text);
	b->reading.arena = &b->scratch;
	if (!err)
		err = diff_version_open(&b->reading, &b->classes, &oldest->arena, text,
			like ? &like->text : NULL, &oldest->text);
	oldest->blob = *blob;
	oldest->used = err ? 0 : ++b->now;
	*out = oldest;
	return err;
}

/* Hands the lines that the parent has as well on to it. */
static enum err compare(struct blaming *b, struct origin *o, struct origin *parent)
{
	struct diff_script script;
	struct version *old, *new;
	TRY(version_of(b, &o->blob, NULL, &new));
	TRY(version_of(b, &parent->blob, new, &old));
	TRY(diff_versions(&b->reading, &b->classes, &old->text, &new->text, &script));
	struct parts own = {.arena = &b->graph.arena};
	sort_array(&b->scratch, o->parts.at, o->parts.len, sizeof *o->parts.at, by_source, NULL);
	for (size_t i = 0, k = 0; i < o->parts.len; i++) {
		const struct part *p = &o->parts.at[i];
		while (k < script.count &&
			script.edits[k].new_at + script.edits[k].new_count <= p->source_at)
			k++;
		divide(&script, k, p, &parent->parts, &own);
	}
	o->parts = own;
	return parent->parts.len ? queue(b, parent->commit) : OK;
}

static enum err hand_all_on(struct blaming *b, struct origin *o, struct origin *parent)
{
	for (size_t i = 0; i < o->parts.len; i++)
		*vec_push(&parent->parts) = o->parts.at[i];
	o->parts.len = 0;
	return queue(b, parent->commit);
}

/* The file in each parent, first where it has the same path, then where it was renamed. */
static enum err find_parents(struct blaming *b, struct origin *o, const uint32_t *parents,
	uint32_t count, struct origin **found)
{
	for (int moved = 0; moved < 2; moved++)
		for (uint32_t i = 0; i < count; i++) {
			struct origin *parent;
			bool again = false;
			if (found[i])
				continue;
			TRY(find_in_parent(b, parents[i], o, moved, &parent));
			if (!parent)
				continue;
			if (oid_eq(&parent->blob, &o->blob))
				return hand_all_on(b, o, parent);
			for (uint32_t k = 0; k < i; k++)
				again |= found[k] && oid_eq(&found[k]->blob, &parent->blob);
			if (!again)
				found[i] = parent;
		}
	return OK;
}

static void settle(struct blaming *b, struct origin *o, bool unsure)
{
	for (size_t i = 0; i < o->parts.len; i++) {
		const struct part *p = &o->parts.at[i];
		*vec_push(&b->done) = (struct blame_range){.at = p->at,
			.count = p->count,
			.source_at = p->source_at,
			.commit = oidmap_oid(&b->graph.ids, o->commit),
			.path = o->path,
			.unsure = unsure};
	}
	o->parts.len = 0;
}

/* How far back, from first parent to first parent, filters say that the file is the same. */
static enum err unchanged_since(struct blaming *b, const struct origin *o, uint32_t *out)
{
	struct commit_info *info;
	*out = o->commit;
	while (b->steps < b->limits->commits) {
		struct graph_leap leap = {.path = &o->keys,
			.newer = INT64_MIN,
			.steps = b->limits->commits - b->steps};
		TRY(ctx_check(&b->reading));
		TRY(graph_commit(&b->reading, &b->graph, *out, &info));
		*out = graph_leap(&b->reading, &b->graph, *out, &leap);
		b->steps += leap.steps;
		if (!leap.steps)
			return OK;
	}
	return OK;
}

static enum err examine(struct blaming *b, struct origin *o)
{
	struct tree_entry same = {.mode = o->mode, .id = o->blob};
	struct origin *older, *found[PARENTS_MAX] = {0};
	uint32_t since, parents[PARENTS_MAX], count;
	TRY(unchanged_since(b, o, &since));
	if (since != o->commit) {
		TRY(origin_of(b, since, o->path, &same, &older));
		return hand_all_on(b, o, older);
	}
	const uint32_t *all = graph_parents(&b->graph, o->commit, &count);
	count = count < PARENTS_MAX ? count : PARENTS_MAX;
	if (count)
		memcpy(parents, all, count * sizeof *parents);
	TRY(find_parents(b, o, parents, count, found));
	for (uint32_t i = 0; i < count && o->parts.len; i++)
		if (found[i])
			TRY(compare(b, o, found[i]));
	settle(b, o, false);
	return OK;
}

static enum err run(struct ctx *c, struct blaming *b)
{
	for (uint32_t number; commit_queue_pop(&b->queue, &number);) {
		TRY(ctx_check(c));
		b->cut |= ++b->steps > b->limits->commits || extent_spent(&b->reading) ||
			  c->world->monotonic() > b->until;
		for (struct origin *o = *origins_of(b, number); o; o = o->next) {
			if (o->parts.len == 0)
				continue;
			if (b->cut)
				settle(b, o, true);
			else
				TRY(same_error(c, b, examine(b, o)));
			arena_rewind(&b->scratch, (struct arena_mark){0});
		}
	}
	return OK;
}

static int by_line(const void *a, const void *b, const void *arg)
{
	(void)arg;
	const struct blame_range *x = a, *y = b;
	return (x->at > y->at) - (x->at < y->at);
}

static bool continues(const struct blame_range *a, const struct blame_range *b)
{
	return a->source_at + a->count == b->source_at && a->unsure == b->unsure &&
	       oid_eq(&a->commit, &b->commit) && str_eq(a->path, b->path);
}

static void hand_out(struct ctx *c, struct blaming *b, struct blame *out)
{
	VEC_OF(struct blame_range) ranges = {.arena = c->arena};
	sort_array(&b->scratch, b->done.at, b->done.len, sizeof *b->done.at, by_line, NULL);
	for (size_t i = 0; i < b->done.len; i++) {
		struct blame_range *last = ranges.len ? &ranges.at[ranges.len - 1] : NULL;
		if (last && continues(last, &b->done.at[i])) {
			last->count += b->done.at[i].count;
			continue;
		}
		*vec_push(&ranges) = b->done.at[i];
		ranges.at[ranges.len - 1].path = str_copy(c->arena, b->done.at[i].path);
	}
	out->at = ranges.at;
	out->count = ranges.len;
	out->cut = b->cut;
}

static enum err count_lines(struct ctx *c, struct str text, uint32_t *out)
{
	struct str line;
	for (*out = 0; str_line(&text, &line); ++*out)
		if (*out == DIFF_LINES_MAX)
			return fail(c, ERR_TOO_BIG, "more than %d lines", DIFF_LINES_MAX);
	return OK;
}

enum err blame_file(struct ctx *c, struct odb_reader *r, const struct oid *commit, struct str path,
	const struct blame_limits *limits, struct blame *out)
{
	struct tree_entry entry;
	struct origin *first;
	struct oid tree;
	enum object_type type;
	*out = (struct blame){0};
	TRY(odb_peel(c, r, commit, OBJECT_TREE, &tree, &type));
	TRY(odb_tree_path(c, r, &tree, path, &entry));
	if (tree_entry_is_tree(&entry) || tree_entry_is_gitlink(&entry))
		return fail(c, ERR_NOT_FOUND, "\"%.*s\" is not a file", STR_FMT(path));
	TRY(odb_read_as(c, r, &entry.id, OBJECT_BLOB, &out->text));
	TRY(count_lines(c, out->text, &out->lines));
	__attribute__((cleanup(blaming_done))) struct blaming b = {.reader = r, .limits = limits};
	graph_init(&b.graph, r);
	arena_init(&b.scratch);
	for (size_t i = 0; i < VERSIONS; i++)
		arena_init(&b.versions[i].arena);
	diff_classes_init(c, &b.classes, &b.graph.arena);
	b.reading = *c;
	b.reading.arena = &b.scratch;
	b.reading.afar.around = GRAPH_AROUND;
	b.commits.arena = b.queue.heap.arena = b.done.arena = &b.graph.arena;
	b.until = c->world->monotonic() + limits->micros;
	uint32_t number = graph_add(&b.graph, commit);
	TRY(origin_of(&b, number, path, &entry, &first));
	if (out->lines)
		*vec_push(&first->parts) = (struct part){0, out->lines, 0};
	TRY(same_error(c, &b, queue(&b, number)));
	TRY(run(c, &b));
	hand_out(c, &b, out);
	return OK;
}

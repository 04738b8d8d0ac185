#include "core/push_parts.h"
#include "git/tree_diff.h"
#include "git/walk.h"
#include "model/scope.h"

enum {
	CHANGES_MAX = 200000,        /* of files, that are looked at for one push … */
	MICROSECONDS_MAX = 10000000, /* … and for how long */
	SHOWN_MAX = 200,             /* bytes of a path */
	WITHIN = MARK_SEND, /* a commit that was judged, and may be brought; nothing is sent here */
};

struct judge {
	const struct push *push;
	struct odb_reader *reader;
	struct graph graph;
	struct numbers known; /* what refs lead to already */
	bool has_head;        /* the default branch is born, and has this tree: */
	struct oid head;
	size_t changes;
	int64_t end;
	bool refused;
	char why[SHOWN_MAX + 40];
};

/* What lies at one path. */
struct lying {
	uint32_t mode; /* 0: nothing */
	struct oid id;
};

static void refuse(struct judge *j, const char *before, struct str what)
{
	j->refused = true;
	size_t len = strlen(before), shown = what.len < SHOWN_MAX ? what.len : SHOWN_MAX;
	memcpy(j->why, before, len);
	for (size_t i = 0; i < shown; i++) /* it becomes part of a line */
		j->why[len++] =
			(unsigned char)what.at[i] < ' ' || what.at[i] == 0x7f ? '?' : what.at[i];
	j->why[len] = 0;
}

/* The commit that an object is or is a tag of; false where it is none, or not here. */
static enum err commit_of(
	struct ctx *c, struct judge *j, const struct oid *id, bool *is_commit, uint32_t *number)
{
	struct oid peeled;
	enum object_type type;
	bool here = false;
	*is_commit = false;
	if (!oid_is_zero(id))
		TRY(odb_has(c, j->reader, id, &here));
	if (!here)
		return OK;
	TRY(odb_peel(c, j->reader, id, OBJECT_NONE, &peeled, &type));
	*is_commit = type == OBJECT_COMMIT;
	if (*is_commit)
		*number = graph_add(&j->graph, &peeled);
	return OK;
}

static enum err tree_of(struct ctx *c, struct judge *j, uint32_t commit, struct oid *out)
{
	struct commit_info *info = NULL;
	TRY(graph_commit(c, &j->graph, commit, &info));
	*out = oidmap_oid(&j->graph.ids, info->tree);
	return OK;
}

static enum err look_around(struct ctx *c, struct judge *j)
{
	const struct snapshot *s = j->push->snapshot;
	struct ref head;
	uint32_t number;
	for (size_t i = 0; s && i < s->refs.count; i++) {
		struct arena_mark mark = arena_mark(c->arena);
		struct ref ref = ref_table_at(&s->refs, i);
		bool is_commit;
		TRY(commit_of(c, j, &ref.id, &is_commit, &number));
		if (is_commit)
			*vec_push(&j->known) = number;
		arena_rewind(c->arena, mark);
		TRY(ctx_check(c));
	}
	if (s && snapshot_ref(s, s->head, &head))
		TRY(commit_of(c, j, &head.id, &j->has_head, &number));
	return j->has_head ? tree_of(c, j, number, &j->head) : OK;
}

static enum err lies_at(
	struct ctx *c, struct judge *j, const struct oid *tree, struct str path, struct lying *out)
{
	struct tree_entry entry;
	*out = (struct lying){0};
	enum err err = odb_tree_path(c, j->reader, tree, path, &entry);
	if (!err)
		*out = (struct lying){entry.mode, entry.id};
	if (err == ERR_NOT_FOUND) {
		ctx_clear(c);
		err = OK;
	}
	return err;
}

/* Does one of these trees have the same there? */
static enum err is_as_in(struct ctx *c, struct judge *j, const struct tree_change *change,
	const struct oid *trees, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct lying there;
		TRY(lies_at(c, j, &trees[i], change->path, &there));
		if (there.mode == change->new_mode &&
			(!there.mode || oid_eq(&there.id, &change->new_id)))
			return OK;
	}
	refuse(j, "this key may not change ", change->path);
	return OK;
}

struct compared {
	const struct oid *old; /* NULL: the empty tree */
	struct oid new;
	const struct oid *others; /* whose files may be taken over */
	size_t other_count;
};

/* Refuses what `new` has outside the key's paths that neither `old` nor one of the others has. */
static enum err compare(struct ctx *c, struct judge *j, const struct compared *what)
{
	struct tree_changes changes;
	const struct scope *scope = j->push->who->scope;
	TRY(tree_diff(c, j->reader, what->old, &what->new, CHANGES_MAX - j->changes, &changes));
	j->changes += changes.count;
	bool over = changes.count < changes.total;
	for (size_t i = 0; i < changes.count && !j->refused; i++) {
		struct arena_mark mark = arena_mark(c->arena);
		if (!scope_has_path(c->arena, scope, changes.at[i].path))
			TRY(is_as_in(c, j, &changes.at[i], what->others, what->other_count));
		arena_rewind(c->arena, mark);
		TRY(ctx_check(c));
		over |= c->world->monotonic() > j->end;
		if (over)
			break;
	}
	if (over && !j->refused)
		refuse(j, "too much to compare for a key with paths: push less at once", STR(""));
	return OK;
}

static enum err judge_commit(struct ctx *c, struct judge *j, uint32_t number)
{
	struct compared what = {0};
	struct commit_info *info = NULL;
	uint32_t count = 0;
	TRY(graph_commit(c, &j->graph, number, &info));
	const uint32_t *parents = graph_parents(&j->graph, number, &count);
	uint32_t *kept = NEW_ARRAY(c->arena, uint32_t, count + 1);
	struct oid *trees = NEW_ARRAY(c->arena, struct oid, count + 1);
	for (uint32_t i = 0; i < count; i++)
		kept[i] = parents[i];
	for (uint32_t i = 0; i < count; i++)
		TRY(tree_of(c, j, kept[i], &trees[i]));
	TRY(tree_of(c, j, number, &what.new));
	if (count) {
		what.old = trees;
		what.others = trees + 1;
		what.other_count = count - 1;
	}
	TRY(compare(c, j, &what));
	if (!j->refused)
		graph_mark(&j->graph, number, WITHIN);
	return OK;
}

static enum err judge_move(struct ctx *c, struct judge *j, uint32_t from, uint32_t to)
{
	struct oid old;
	struct compared what = {.old = &old, .others = &j->head, .other_count = j->has_head};
	TRY(tree_of(c, j, from, &old));
	TRY(tree_of(c, j, to, &what.new));
	return compare(c, j, &what);
}

static enum err judge_ref(struct ctx *c, struct judge *j, const struct ref_change *change)
{
	struct numbers wants = {.arena = &j->graph.arena}, found;
	uint32_t from = 0, to = 0;
	bool was_commit, is_commit;
	TRY(commit_of(c, j, &change->old, &was_commit, &from));
	TRY(commit_of(c, j, &change->new, &is_commit, &to));
	if (!is_commit) {
		refuse(j, "this key may push nothing but commits and tags of them", STR(""));
		return OK;
	}
	*vec_push(&wants) = to;
	TRY(walk_new(c, &j->graph, &wants, &j->known, (struct walk_limits){0}, &found));
	for (size_t i = found.len; i-- > 0 && !j->refused;) {
		struct arena_mark mark = arena_mark(c->arena);
		if (!graph_has(&j->graph, found.at[i], WITHIN))
			TRY(judge_commit(c, j, found.at[i]));
		arena_rewind(c->arena, mark);
	}
	return was_commit && !j->refused ? judge_move(c, j, from, to) : OK;
}

static enum err judge_all(struct ctx *c, struct judge *j, struct push_commands *commands)
{
	TRY(look_around(c, j));
	for (size_t i = 0; i < commands->count; i++) {
		struct push_command *command = &commands->at[i];
		if (command->refused || push_is_delete(command))
			continue;
		struct arena_mark mark = arena_mark(c->arena);
		j->refused = false;
		TRY(judge_ref(c, j, &command->change));
		arena_rewind(c->arena, mark);
		command->denied = j->refused;
		if (j->refused)
			command->refused = arena_strdup(c->arena, j->why);
	}
	return OK;
}

enum err push_judge_paths(
	struct ctx *c, const struct push *p, struct odb_reader *r, struct push_commands *commands)
{
	struct judge j = {.push = p, .reader = r, .end = c->world->monotonic() + MICROSECONDS_MAX};
	graph_init(&j.graph, r);
	j.known.arena = &j.graph.arena;
	enum err err = judge_all(c, &j, commands);
	graph_done(&j.graph);
	return err;
}

#include "core/edit.h"

#include "core/edit_parts.h"
#include "core/push.h"
#include "git/dotgit.h"
#include "git/tree_edit.h"

enum { TRIES = 4, BRANCH_SHOWN = 200 };

/* An edit that is under way. */
struct editing {
	struct core *core;
	const struct actor *who;
	const struct edit *what;
	struct edited *out;
	struct push push;
	struct push_command command;
	bool born;         /* the commit has a parent: */
	struct oid parent; /* on top of which it comes … */
	struct oid tree;   /* … and whose tree that is */
	struct edit_objects objects;
	struct tree_put *puts;
	size_t put_count;
};

static enum err check_segment(struct ctx *c, struct str path, struct str name)
{
	const char *why = NULL;
	if (!name.len)
		why = "it has an empty part";
	else if (str_is(name, ".") || str_is(name, ".."))
		why = "\".\" and \"..\" are no names";
	else if (dotgit_is(name))
		why = ".git is git's own";
	for (size_t i = 0; !why && i < name.len; i++)
		if ((unsigned char)name.at[i] < ' ' || name.at[i] == 0x7f)
			why = "it has a control character";
	return why ? fail(c, ERR_INVALID, "no file can be at \"%.*s\": %s",
			     STR_FMT(str_until(path, BRANCH_SHOWN)), why)
		   : OK;
}

enum err edit_path_check(struct ctx *c, struct str path)
{
	struct str rest = path;
	if (!path.len)
		return fail(c, ERR_INVALID, "give the file a name");
	if (path.len > EDIT_PATH_MAX)
		return fail(c, ERR_TOO_BIG, "a path has at most %d bytes", EDIT_PATH_MAX);
	if (str_ends(path, STR("/")))
		return fail(c, ERR_INVALID, "a file's name does not end in a slash");
	while (rest.len)
		TRY(check_segment(c, path, str_cut(&rest, '/')));
	return OK;
}

static enum err check(struct ctx *c, const struct edit *what)
{
	ASSERT(what->count && what->count <= EDIT_CHANGES_MAX);
	for (size_t i = 0; i < what->count; i++)
		TRY(edit_path_check(c, what->changes[i].path));
	return edit_message_check(c, what->message);
}

static enum err branch_ref(struct ctx *c, struct str branch, struct str *out)
{
	*out = str_of(arena_fmt(c->arena, "refs/heads/%.*s", STR_FMT(branch)));
	if (branch.len && branch.at[0] != '-' && ref_name_ok(*out))
		return OK;
	return fail(c, ERR_INVALID, "\"%.*s\" cannot be the name of a branch",
		STR_FMT(str_until(branch, BRANCH_SHOWN)));
}

static enum err tree_of(
	struct ctx *c, struct editing *e, const struct oid *commit, struct oid *tree)
{
	struct str bytes;
	struct commit parsed;
	TRY(odb_read_as(c, &e->push.known, commit, OBJECT_COMMIT, &bytes));
	TRY(commit_parse(c, commit->algo, bytes, &parsed));
	*tree = parsed.tree;
	return OK;
}

/* What is at a path; mode 0: nothing. */
static enum err entry_at(struct ctx *c, struct editing *e, const struct oid *tree, struct str path,
	struct tree_entry *out)
{
	enum err err = odb_tree_path(c, &e->push.known, tree, path, out);
	if (err != ERR_NOT_FOUND)
		return err;
	ctx_clear(c);
	*out = (struct tree_entry){0};
	return OK;
}

static enum err same_at(
	struct ctx *c, struct editing *e, const struct oid *before, struct str path, bool *same)
{
	struct tree_entry old, now;
	TRY(entry_at(c, e, before, path, &old));
	TRY(entry_at(c, e, &e->tree, path, &now));
	*same = *same && old.mode == now.mode && (!old.mode || oid_eq(&old.id, &now.id));
	return OK;
}

/* The branch went on: did it leave these files as they were? */
static enum err check_moved(struct ctx *c, struct editing *e, const struct oid *expected)
{
	struct oid before;
	bool same = true;
	TRY(tree_of(c, e, expected, &before));
	for (size_t i = 0; i < e->what->count; i++) {
		const struct edit_change *change = &e->what->changes[i];
		TRY(same_at(c, e, &before, change->path, &same));
		if (change->from.len)
			TRY(same_at(c, e, &before, change->from, &same));
	}
	if (same)
		return OK;
	e->out->moved = true;
	e->out->tip = e->parent;
	return fail(c, ERR_CONFLICT, "somebody else changed this on %.*s meanwhile",
		STR_FMT(e->what->branch));
}

/* The first commit of a repository is on the branch that HEAD waits for. */
static enum err begin_unborn(struct ctx *c, struct editing *e, bool there, struct str ref)
{
	if (there)
		return fail(c, ERR_CONFLICT,
			"somebody else pushed the first commit to %.*s meanwhile",
			STR_FMT(e->what->branch));
	if (!str_eq(ref, e->push.snapshot->head) || e->what->target.len)
		return fail(c, ERR_NOT_FOUND, "there is no branch \"%.*s\"",
			STR_FMT(str_until(e->what->branch, BRANCH_SHOWN)));
	return OK;
}

/* What the commit comes on top of, and which ref is to have it. */
static enum err find_parent(struct ctx *c, struct editing *e)
{
	const struct edit *what = e->what;
	struct ref_change *change = &e->command.change;
	enum hash_algo algo = e->push.target.on.repo.object_format;
	struct oid expected;
	struct ref now;
	TRY(branch_ref(c, what->branch, &change->name));
	bool there = snapshot_ref(e->push.snapshot, change->name, &now);
	change->old = oid_zero(algo);
	if (!what->expected.len)
		return begin_unborn(c, e, there, change->name);
	if (!oid_parse(algo, what->expected, &expected))
		return fail(c, ERR_INVALID, "that is not the id of a commit");
	if (!there)
		return fail(c, ERR_NOT_FOUND, "there is no branch \"%.*s\" any more",
			STR_FMT(str_until(what->branch, BRANCH_SHOWN)));
	e->born = true;
	if (what->target.len) {
		TRY(branch_ref(c, what->target, &change->name));
		if (snapshot_ref(e->push.snapshot, change->name, &now))
			return fail(c, ERR_EXISTS, "there is a branch \"%.*s\" already",
				STR_FMT(what->target));
		e->parent = expected;
		return tree_of(c, e, &e->parent, &e->tree);
	}
	e->parent = change->old = now.id;
	TRY(tree_of(c, e, &e->parent, &e->tree));
	return oid_eq(&expected, &e->parent) ? OK : check_moved(c, e, &expected);
}

/* No file may be in the way of the folders that a path leads through. */
static enum err check_above(struct ctx *c, struct editing *e, const struct edit_change *change)
{
	struct str path = change->path;
	for (size_t i = 1; i < path.len; i++) {
		struct tree_entry entry;
		struct str above = str_until(path, i);
		if (path.at[i] != '/' || str_eq(above, change->from))
			continue;
		TRY(entry_at(c, e, &e->tree, above, &entry));
		if (entry.mode && !tree_entry_is_tree(&entry))
			return fail(c, ERR_EXISTS, "\"%.*s\" is a file, and not a folder",
				STR_FMT(above));
	}
	return OK;
}

static void put(struct editing *e, struct str path, uint32_t mode, const struct oid *id)
{
	struct tree_put *to = &e->puts[e->put_count++];
	*to = (struct tree_put){.path = path, .mode = mode};
	if (id)
		to->id = *id;
}

static enum err find_old(
	struct ctx *c, struct editing *e, struct str path, struct tree_entry *entry)
{
	TRY(entry_at(c, e, &e->tree, path, entry));
	if (!entry->mode)
		return fail(c, ERR_NOT_FOUND, "there is no \"%.*s\" any more", STR_FMT(path));
	if (tree_entry_is_tree(entry))
		return fail(c, ERR_INVALID, "\"%.*s\" is a folder", STR_FMT(path));
	return OK;
}

static enum err find_place(struct ctx *c, struct editing *e, const struct edit_change *change,
	struct tree_entry *entry)
{
	TRY(entry_at(c, e, &e->tree, change->path, entry));
	if (entry->mode && tree_entry_is_tree(entry))
		return fail(c, ERR_EXISTS, "\"%.*s\" is a folder", STR_FMT(change->path));
	if (entry->mode && change->place == EDIT_NEW)
		return fail(
			c, ERR_EXISTS, "there is a file \"%.*s\" already", STR_FMT(change->path));
	if (entry->mode && (entry->mode & 0170000) != 0100000)
		return fail(c, ERR_INVALID, "\"%.*s\" is no file of its own: it is changed by git",
			STR_FMT(change->path));
	if (!entry->mode && change->place == EDIT_OLD)
		return fail(
			c, ERR_NOT_FOUND, "there is no \"%.*s\" any more", STR_FMT(change->path));
	return check_above(c, e, change);
}

static enum err plan_move(struct ctx *c, struct editing *e, const struct edit_change *change)
{
	struct tree_entry old, there;
	struct oid id;
	struct edit_change place = *change;
	place.place = EDIT_NEW;
	TRY(find_old(c, e, change->from, &old));
	TRY(find_place(c, e, &place, &there));
	id = old.id;
	if (change->content)
		TRY(edit_blob(c, &e->objects, change->content, &id));
	put(e, change->from, 0, NULL);
	put(e, change->path, old.mode, &id);
	return OK;
}

static enum err plan(struct ctx *c, struct editing *e, const struct edit_change *change)
{
	struct tree_entry entry;
	struct oid id;
	if (change->from.len && !str_eq(change->from, change->path))
		return plan_move(c, e, change);
	if (!change->content) {
		TRY(find_old(c, e, change->path, &entry));
		put(e, change->path, 0, NULL);
		return OK;
	}
	TRY(find_place(c, e, change, &entry));
	TRY(edit_blob(c, &e->objects, change->content, &id));
	put(e, change->path, entry.mode ? entry.mode : MODE_FILE, &id);
	return OK;
}

static enum err refuse_doubles(struct ctx *c, const struct editing *e)
{
	for (size_t i = 0; i < e->put_count; i++)
		for (size_t k = 0; k < i; k++)
			if (str_eq(e->puts[i].path, e->puts[k].path))
				return fail(c, ERR_INVALID, "\"%.*s\" is there twice",
					STR_FMT(e->puts[i].path));
	return OK;
}

static enum err make_commit(struct ctx *c, struct editing *e)
{
	struct tree_edited tree;
	e->objects = (struct edit_objects){
		.algo = e->push.target.on.repo.object_format,
		.known = &e->push.known,
		.list.arena = c->arena,
	};
	e->puts = NEW_ARRAY(c->arena, struct tree_put, 2 * e->what->count);
	e->put_count = 0;
	for (size_t i = 0; i < e->what->count; i++)
		TRY(plan(c, e, &e->what->changes[i]));
	TRY(refuse_doubles(c, e));
	TRY(tree_edit(c, &e->push.known, e->born ? &e->tree : NULL, e->puts, e->put_count, &tree));
	if (e->born && oid_eq(&tree.tree, &e->tree))
		return fail(c, ERR_INVALID, "nothing is changed: there is nothing to commit");
	for (size_t i = 0; i < tree.object_count; i++)
		TRY(edit_object(c, &e->objects, &tree.objects[i].object, NULL));
	const struct edit_words words = {
		.tree = tree.tree,
		.parent = e->born ? &e->parent : NULL,
		.username = e->who->username,
		.host = e->what->host,
		.message = e->what->message,
		.now = e->push.target.now,
	};
	const struct object commit = {OBJECT_COMMIT, edit_commit_text(c, &words)};
	return edit_object(c, &e->objects, &commit, &e->command.change.new);
}

static enum err push_made(struct ctx *c, struct editing *e)
{
	struct push_commands commands = {.at = &e->command, .count = 1, .atomic = true};
	TRY(edit_push(c, &e->objects, &e->push));
	return push_commit(c, &e->push, &commands);
}

static enum err try_once(struct ctx *c, struct editing *e)
{
	/* A push would make a repository where there is none. */
	if (e->push.target.create)
		return fail(c, ERR_NOT_FOUND, "there is no repository \"%.*s\" here",
			STR_FMT(str_until(e->what->repo, REPO_NAME_MAX)));
	TRY(find_parent(c, e));
	TRY(make_commit(c, e));
	return push_made(c, e);
}

/* Was another push faster, so that it is worth to look again? */
static bool is_late(const struct editing *e)
{
	return e->command.refused && strcmp(e->command.refused, "fetch first") == 0;
}

enum err edit_commit(struct ctx *c, struct core *core, const struct actor *who,
	const struct edit *what, struct edited *out)
{
	struct editing e = {.core = core, .who = who, .what = what, .out = out};
	enum err err = OK;
	*out = (struct edited){0};
	TRY(check(c, what));
	for (int i = 0; i < TRIES && !err && (i == 0 || is_late(&e)); i++) {
		e.command = (struct push_command){0};
		e.born = false;
		TRY(push_open(c, core, who, what->repo, &e.push));
		err = try_once(c, &e);
		push_close(&e.push);
	}
	TRY(err);
	if (e.command.refused)
		return fail(c, e.command.denied ? ERR_DENIED : ERR_CONFLICT,
			"%.*s stays as it is: %s", STR_FMT(e.command.change.name),
			is_late(&e) ? "others change it all the time" : e.command.refused);
	out->commit = e.command.change.new;
	out->branch = what->target.len ? what->target : what->branch;
	return OK;
}

#include "core/ref_change.h"

#include "core/edit_parts.h"
#include "core/history.h"

/* Was another push faster? */
static bool is_late(const struct push_command *command)
{
	return command->refused && strcmp(command->refused, "fetch first") == 0;
}

enum err ref_change_commit(
	struct ctx *c, struct push *push, struct push_command *command, bool forward)
{
	struct push_commands commands = {
		.at = command, .count = 1, .atomic = true, .forward = forward};
	TRY(push_commit(c, push, &commands));
	if (!command->refused)
		return OK;
	return fail(c, command->denied ? ERR_DENIED : ERR_CONFLICT, "%.*s stays as it is: %s",
		STR_FMT(command->change.name),
		is_late(command) ? "it was changed by somebody else meanwhile" : command->refused);
}

/* What it is now must be what they think. */
static enum err check_now(struct ctx *c, const struct push *push, const struct ref_wish *wish,
	struct ref_change *change)
{
	enum hash_algo algo = push->target.on.repo.object_format;
	struct oid expected;
	struct ref now;
	bool there = snapshot_ref(push->snapshot, change->name, &now);
	change->old = there ? now.id : oid_zero(algo);
	if (there && wish->kind == REF_CREATE)
		return fail(c, ERR_EXISTS, "there is %.*s already", STR_FMT(change->name));
	if (!there && wish->kind != REF_CREATE)
		return fail(c, ERR_NOT_FOUND, "there is no %.*s", STR_FMT(change->name));
	if (wish->seen && wish->seen->ref && !oid_eq(wish->seen->ref, &change->old))
		wish->seen->changed = true;
	if (wish->seen && wish->seen->changed)
		return fail(c, ERR_CONFLICT, "%.*s is not what you have seen any more",
			STR_FMT(change->name));
	if (!wish->expected.len)
		return OK;
	if (!oid_parse(algo, wish->expected, &expected))
		return fail(c, ERR_INVALID, "what is expected is an object id in full");
	char hex[OID_HEX_MAX];
	if (!oid_eq(&expected, &change->old))
		return fail(c, ERR_CONFLICT, "%.*s is not what you expect: it is at %s",
			STR_FMT(change->name), oid_hex(&change->old, hex));
	return OK;
}

/* The object of an annotated tag, sent as a push would. */
static enum err make_tag(
	struct ctx *c, struct push *push, const struct ref_wish *wish, struct ref_change *change)
{
	struct str name = change->name;
	uint64_t size;
	struct edit_tag tag = {.of = wish->to, .message = wish->message, .now = push->target.now};
	struct edit_objects objects = {
		.algo = push->snapshot->algo, .known = &push->known, .list.arena = c->arena};
	if (!str_skip(&name, STR("refs/tags/")))
		return fail(c, ERR_INVALID, "only a tag has a message");
	TRY(edit_message_check(c, wish->message));
	enum err err = odb_stat(c, &push->known, &wish->to, &tag.type, &size);
	if (err == ERR_NOT_FOUND)
		return fail(c, ERR_CONFLICT, "what it should point at is not in the repository");
	TRY(err);
	tag.name = name;
	tag.username = push->who->username;
	tag.host = wish->host;
	const struct object object = {OBJECT_TAG, edit_tag_text(c, &tag)};
	TRY(edit_object(c, &objects, &object, &change->new));
	return edit_push(c, &objects, push);
}

static enum err change_it(
	struct ctx *c, struct push *push, const struct ref_wish *wish, struct push_command *command)
{
	/* A push would make a repository where there is none. */
	if (push->target.create)
		return fail(c, ERR_CONFLICT, "the repository was replaced meanwhile");
	TRY(check_now(c, push, wish, &command->change));
	command->change.new = wish->kind == REF_DELETE ? oid_zero(push->snapshot->algo) : wish->to;
	if (wish->message.len)
		TRY(make_tag(c, push, wish, &command->change));
	return ref_change_commit(c, push, command, !wish->force);
}

enum err ref_change(struct ctx *c, struct core *core, const struct actor *who,
	const struct ref_wish *wish, struct ref_change *out)
{
	struct push push;
	struct push_command command = {0};
	TRY(push_open(c, core, who, wish->repo, &push));
	enum err err = history_ref(c, wish->ref, &command.change.name);
	if (!err)
		err = change_it(c, &push, wish, &command);
	push_close(&push);
	if (err == ERR_CONFLICT && wish->seen && wish->seen->ref && is_late(&command))
		wish->seen->changed = true;
	if (out)
		*out = command.change;
	return err;
}

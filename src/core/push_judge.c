#include "base/map.h"
#include "core/push_parts.h"
#include "git/walk.h"
#include "model/scope.h"

/* The repository's packs with the new one in front, to ask about old and new objects alike. */
struct both {
	struct extent pack, idx;
	struct push *push;
	struct pack *opened;
	struct odb odb;
	struct odb_reader reader;
};

static enum err borrowed_pack_window(
	struct ctx *c, struct extent *self, uint64_t at, size_t len, const uint8_t **out)
{
	struct both *b = (struct both *)((char *)self - offsetof(struct both, pack));
	return extent_window(c, &b->push->pack.pack->extent, at, len, out);
}

static enum err borrowed_idx_window(
	struct ctx *c, struct extent *self, uint64_t at, size_t len, const uint8_t **out)
{
	struct both *b = (struct both *)((char *)self - offsetof(struct both, idx));
	return extent_window(c, &b->push->idx->extent, at, len, out);
}

static void borrowed_close(struct extent *self)
{
	(void)self;
}

static enum err both_open(struct ctx *c, struct push *p, struct both *b)
{
	const struct odb *known = p->known.odb;
	*b = (struct both){.push = p, .odb.algo = known->algo};
	b->odb.packs = NEW_ARRAY(c->arena, struct pack *, known->count + 1);
	if (p->idx && p->pack.count) {
		b->pack = (struct extent){.size = p->pack.pack->extent.size,
			.window = borrowed_pack_window,
			.close = borrowed_close};
		b->idx = (struct extent){.size = p->idx->extent.size,
			.window = borrowed_idx_window,
			.close = borrowed_close};
		TRY(pack_open(c, known->algo, &b->pack, &b->idx, &b->opened));
		b->odb.packs[b->odb.count++] = b->opened;
	}
	for (size_t i = 0; i < known->count; i++)
		b->odb.packs[b->odb.count++] = known->packs[i];
	odb_reader_init(c, &b->reader, &b->odb);
	return OK;
}

static const char *refuse_by_name(const struct push *p, const struct push_command *command)
{
	struct str name = command->change.name;
	if (!ref_name_ok(name))
		return "funny refname";
	if (ref_is_hidden(name))
		return "deny updating a hidden ref";
	if (push_is_delete(command) && push_is_create(command))
		return "neither an old nor a new value";
	if (push_is_delete(command) && str_eq(name, p->target.on.repo.head))
		return "deletion of the current branch prohibited";
	return NULL;
}

/* The new value is there, and a branch's is a commit. */
static enum err judge_value(struct ctx *c, struct both *b, struct push_command *command)
{
	struct ref_change *change = &command->change;
	enum object_type type;
	TRY(odb_type(c, &b->reader, &change->new, &type));
	if (!type) {
		command->refused = "missing necessary objects";
		return OK;
	}
	if (type != OBJECT_COMMIT && str_starts(change->name, STR("refs/heads/")))
		command->refused = "cannot update ref: a branch must point at a commit";
	if (type == OBJECT_TAG)
		TRY(odb_peel(c, &b->reader, &change->new, OBJECT_NONE, &change->peeled, &type));
	return OK;
}

static enum err peel_to_commit(
	struct ctx *c, struct both *b, const struct oid *id, struct graph *g, struct numbers *out)
{
	struct oid commit;
	enum object_type type;
	bool here;
	TRY(odb_has(c, &b->reader, id, &here));
	if (!here)
		return OK;
	TRY(odb_peel(c, &b->reader, id, OBJECT_NONE, &commit, &type));
	if (type == OBJECT_COMMIT)
		*vec_push(out) = graph_add(g, &commit);
	return OK;
}

/* Does the new value lead to the old one? */
static enum err judge_history(
	struct ctx *c, struct both *b, struct graph *g, struct push_command *command)
{
	struct numbers from = {.arena = c->arena}, to = {.arena = c->arena};
	bool reach = false;
	TRY(peel_to_commit(c, b, &command->change.new, g, &from));
	TRY(peel_to_commit(c, b, &command->change.old, g, &to));
	if (from.len && to.len)
		TRY(walk_all_reach(c, g, &from, &to, &reach));
	command->forced = !reach;
	return OK;
}

/* For the log and for rules, which take what nobody knows for forced: so that there is an end to the
 * trouble it takes. */
static enum err judge_histories(struct ctx *c, struct both *b, struct push_commands *commands)
{
	enum { MICROSECONDS_MAX = 2000000 };
	struct graph graph;
	enum err err = OK;
	int64_t end = c->world->monotonic() + MICROSECONDS_MAX;
	graph_init(&graph, &b->reader);
	for (size_t i = 0; !err && i < commands->count; i++) {
		struct push_command *command = &commands->at[i];
		if (command->refused || push_is_create(command) || push_is_delete(command))
			continue;
		command->unsure = c->world->monotonic() >= end;
		if (!command->unsure)
			err = judge_history(c, b, &graph, command);
	}
	graph_done(&graph);
	return err;
}

static void refuse_doubles(struct ctx *c, struct push_commands *commands)
{
	struct map seen = {.arena = c->arena};
	c->world->random(&seen.seed, sizeof seen.seed);
	for (size_t i = 0; i < commands->count; i++) {
		void **slot = map_put(&seen, commands->at[i].change.name);
		struct push_command *first = *slot;
		if (first)
			first->refused = commands->at[i].refused = "multiple updates for ref";
		*slot = &commands->at[i];
	}
}

static void refuse_backward(struct push_commands *commands)
{
	for (size_t i = 0; i < commands->count; i++) {
		struct push_command *command = &commands->at[i];
		if (!command->refused && (command->forced || command->unsure))
			command->refused =
				"that would leave behind commits that it has: it must be forced";
	}
}

static enum err judge(struct ctx *c, struct push *p, struct push_commands *commands, struct both *b)
{
	TRY(both_open(c, p, b));
	for (size_t i = 0; i < commands->count; i++) {
		struct push_command *command = &commands->at[i];
		command->refused = refuse_by_name(p, command);
		if (!command->refused && !push_is_delete(command))
			TRY(judge_value(c, b, command));
	}
	refuse_doubles(c, commands);
	if (p->who->scope && p->who->scope->paths.count)
		TRY(push_judge_paths(c, p, &b->reader, commands));
	TRY(judge_histories(c, b, commands));
	if (commands->forward)
		refuse_backward(commands);
	return OK;
}

enum err push_judge(struct ctx *c, struct push *p, struct push_commands *commands)
{
	struct both both;
	enum err err = judge(c, p, commands, &both);
	if (both.opened)
		pack_unref(both.opened);
	return err;
}

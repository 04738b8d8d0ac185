/*
 * The refs as they are in the transaction, without asking for each: those of the push's snapshot, but for
 * what differs.
 */
#include "base/sort.h"
#include "core/push_parts.h"
#include "meta/ref.h"

/* The first that differs and is not before `name`. */
static size_t bound(const struct push_refs *r, struct str name)
{
	size_t low = 0, high = r->differ.len;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (str_cmp(r->differ.at[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct push_ref *differing(const struct push_refs *r, struct str name)
{
	size_t i = bound(r, name);
	bool found = i < r->differ.len && str_eq(r->differ.at[i].name, name);
	return found ? &r->differ.at[i] : NULL;
}

struct oid push_refs_get(const struct push_refs *r, struct str name)
{
	const struct push_ref *differs = differing(r, name);
	struct ref ref;
	if (differs)
		return differs->now;
	if (r->base && ref_table_find(r->base, name, &ref))
		return ref.id;
	return oid_zero(r->algo);
}

void push_refs_apply(struct push_refs *r, const struct ref_change *change)
{
	struct push_ref *differs = differing(r, change->name);
	ASSERT(differs);
	differs->now = change->new;
}

static enum err take_changed(struct ctx *c, void *arg, const struct ref *ref)
{
	struct push_refs *r = arg;
	struct push_ref *to = vec_push(&r->differ);
	to->name = str_copy(c->arena, ref->name);
	to->now = ref->id.algo ? ref->id : oid_zero(r->algo);
	return OK;
}

static int by_name(const void *a, const void *b, const void *arg)
{
	(void)arg;
	return str_cmp(((const struct push_ref *)a)->name, ((const struct push_ref *)b)->name);
}

enum err push_refs_read(struct ctx *c, const struct push *p, struct db_tx *tx,
	const struct push_commands *commands, struct push_refs *out)
{
	const struct repo *repo = &p->target.on.repo;
	*out = (struct push_refs){.algo = repo->object_format, .differ.arena = c->arena};
	if (p->snapshot) {
		out->base = &p->snapshot->refs;
		if (p->snapshot->version != repo->version)
			TRY(meta_ref_changed(c, tx, repo, p->snapshot->version, take_changed, out));
	}
	struct push_refs others = *out; /* in order, while more are added behind */
	for (size_t i = 0; i < commands->count; i++) {
		const struct push_command *command = &commands->at[i];
		struct str name = command->change.name;
		if (!command->refused && !differing(&others, name))
			*vec_push(&out->differ) =
				(struct push_ref){name, push_refs_get(&others, name)};
	}
	sort_array(
		c->arena, out->differ.at, out->differ.len, sizeof *out->differ.at, by_name, NULL);
	return OK;
}

static bool is_there(const struct push_refs *r, struct str name)
{
	struct oid now = push_refs_get(r, name);
	return !oid_is_zero(&now);
}

/* Is there one whose name begins with `folder`? */
static bool any_below(const struct push_refs *r, struct str folder, struct str *other)
{
	for (size_t i = bound(r, folder); i < r->differ.len; i++) {
		*other = r->differ.at[i].name;
		if (!str_starts(*other, folder))
			break;
		if (!oid_is_zero(&r->differ.at[i].now))
			return true;
	}
	if (!r->base)
		return false;
	for (size_t i = ref_table_lower_bound(r->base, folder); i < r->base->count; i++) {
		*other = ref_table_at(r->base, i).name;
		if (!str_starts(*other, folder))
			break;
		if (!differing(r, *other))
			return true;
	}
	return false;
}

bool push_refs_clash(struct ctx *c, const struct push_refs *r, struct str name, struct str *other)
{
	for (size_t i = sizeof "refs/"; i < name.len; i++) {
		*other = str_until(name, i);
		if (name.at[i] == '/' && is_there(r, *other))
			return true;
	}
	struct arena_mark mark = arena_mark(c->arena);
	bool clash = any_below(r, str_of(arena_fmt(c->arena, "%.*s/", STR_FMT(name))), other);
	arena_rewind(c->arena, mark);
	return clash;
}

/* The webhooks of all repositories. */
#include "core/instance_state.h"
#include "core/permit.h"
#include "meta/webhook.h"

struct str instance_webhook_cursor(struct ctx *c, const struct instance_webhook *hook)
{
	return str_of(arena_fmt(
		c->arena, "%lld.%lld", (long long)hook->rank, (long long)hook->webhook.id));
}

static enum err read_cursor(struct ctx *c, struct str text, struct meta_webhook_place *out)
{
	uint64_t rank, id;
	struct str rest = text;
	*out = (struct meta_webhook_place){0};
	if (!text.len)
		return OK;
	if (!str_to_u64(str_cut(&rest, '.'), &rank) || !str_to_u64(rest, &id) || rank > INT64_MAX ||
		id > INT64_MAX)
		return fail(c, ERR_INVALID, "the cursor is not one that was given out");
	*out = (struct meta_webhook_place){(int64_t)rank, (int64_t)id};
	return OK;
}

enum err instance_webhooks(struct ctx *c, struct core *core, const struct actor *who,
	struct str after, size_t limit, struct instance_webhooks *out)
{
	DB_TX *tx = NULL;
	struct meta_webhook_place place;
	ASSERT(limit && limit <= INSTANCE_PAGE_MAX);
	TRY(permit_begin_owner(c, core, who, DB_READ, &tx));
	TRY(read_cursor(c, after, &place));
	/* One more: is there more? */
	TRY(meta_webhook_all(c, tx, &place, limit + 1, &out->at, &out->count));
	out->more = out->count > limit;
	if (out->more)
		out->count = limit;
	return OK;
}

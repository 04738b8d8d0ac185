#include "base/ctx.h"

void ctx_init(struct ctx *c, struct arena *arena, const struct world *world)
{
	*c = (struct ctx){.arena = arena, .world = world};
}

static enum err check_memory(struct ctx *c, const struct arena *a)
{
	if (c->memory_max && a->bytes > c->memory_max)
		return fail(c, ERR_TOO_BIG,
			"the request needs more memory than NIMBUS_REQUEST_MEMORY_MAX (%zu bytes)",
			c->memory_max);
	return OK;
}

enum err ctx_check_with(struct ctx *c, const struct arena *beside)
{
	TRY(check_memory(c, beside));
	return ctx_check(c);
}

enum err ctx_check(struct ctx *c)
{
	TRY(check_memory(c, c->arena));
	if (c->deadline && c->world->monotonic() >= c->deadline)
		return fail(c, ERR_TIMEOUT, "it took longer than allowed");
	if (c->canceled && c->canceled(c->canceled_arg))
		return fail(c, ERR_CANCELED, "the other side went away");
	return c->working ? c->working(c, c->working_arg) : OK;
}

void ctx_clear(struct ctx *c)
{
	c->error = (struct error){0};
	c->refused = (struct refused){0};
}

#include "base/ctx.h"

void ctx_init(struct ctx *c, struct arena *arena, const struct world *world)
{
	*c = (struct ctx){.arena = arena, .world = world};
}

enum err ctx_check(struct ctx *c)
{
	if (c->deadline && c->world->monotonic() >= c->deadline)
		return fail(c, ERR_TIMEOUT, "it took longer than allowed");
	if (c->canceled && c->canceled(c->canceled_arg))
		return fail(c, ERR_CANCELED, "the other side went away");
	return OK;
}

void ctx_clear(struct ctx *c)
{
	c->error = (struct error){0};
}

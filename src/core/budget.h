/*
 * The bytes that a key may still send and receive (struct scope), counted by the request: what a push
 * sends, and the packs that a fetch gets.
 *
 * No request begins with nothing left, and one that would take more is stopped where it does. They are
 * counted in the database once, at its end, and every BUDGET_STEP bytes before: by so much may each of
 * several requests at the same time be ahead of what the others know. Of who has no budget nothing is
 * asked and nothing is written. One thread.
 */
#ifndef CORE_BUDGET_H
#define CORE_BUDGET_H

#include "base/stream.h"
#include "core/core.h"

enum { BUDGET_STEP = 16 << 20 };

struct budget {
	struct core *core;
	int64_t token_id;        /* 0: nothing is counted */
	int64_t max, left, used; /* `used`: of what the database does not know yet */
	bool over;               /* it has said no: what still comes is read away */
	struct source source, *from;
	struct sink sink, *to;
};

/* ERR_DENIED when all is used up. */
enum err budget_begin(struct ctx *c, struct core *core, const struct actor *who, struct budget *out)
	MUST;
static inline bool budget_is_limited(const struct budget *b)
{
	return b->token_id != 0;
}

/* The same stream, counted: ERR_DENIED where it is over. Each at most once. */
struct source *budget_source(struct budget *b, struct source *from);
struct sink *budget_sink(struct budget *b, struct sink *to);

/* Counts what is left to count, also when the request has failed: c->error stays. */
void budget_end(struct ctx *c, struct budget *b);

#endif

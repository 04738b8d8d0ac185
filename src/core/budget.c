#include "core/budget.h"

#include "meta/token.h"
#include "model/scope.h"

enum { END_PATIENCE_US = 5000000 };

static enum err used_up(struct ctx *c, const struct budget *b)
{
	return fail(c, ERR_DENIED, "this key has used up its %lld bytes: it needs a successor",
		(long long)b->max);
}

enum err budget_begin(struct ctx *c, struct core *core, const struct actor *who, struct budget *out)
{
	int64_t spent;
	DB_TX *tx = NULL;
	*out = (struct budget){.core = core};
	if (!who->scope || !who->scope->bytes)
		return OK;
	out->token_id = who->token_id;
	out->max = who->scope->bytes;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	enum err kind = meta_token_spent(c, tx, who->token_id, &spent);
	if (kind == ERR_NOT_FOUND) /* it was revoked: core/permit.h says so */
		spent = 0;
	else
		TRY(kind);
	ctx_clear(c);
	out->left = out->max - spent;
	return out->left > 0 ? OK : used_up(c, out);
}

static enum err charge(struct ctx *c, struct budget *b)
{
	int64_t spent;
	DB_TX *tx = NULL;
	TRY(db_begin(c, b->core->db, DB_WRITE, &tx));
	TRY(meta_token_spend(c, tx, b->token_id, b->used, &spent));
	TRY(db_commit(c, &tx));
	b->left = b->max - spent;
	b->used = 0;
	return OK;
}

static enum err take(struct ctx *c, struct budget *b, uint64_t bytes)
{
	if (b->over)
		return used_up(c, b);
	if (bytes > (uint64_t)(b->left - b->used)) {
		b->over = true;
		return used_up(c, b);
	}
	b->used += (int64_t)bytes;
	if (b->used < BUDGET_STEP)
		return OK;
	struct arena_mark mark = arena_mark(c->arena);
	TRY(charge(c, b));
	arena_rewind(c->arena, mark);
	return OK;
}

static enum err source_counted(
	struct ctx *c, struct source *self, void *into, size_t cap, size_t *got)
{
	struct budget *b = (struct budget *)((char *)self - offsetof(struct budget, source));
	TRY(source_read(c, b->from, into, cap, got));
	return b->over ? OK : take(c, b, *got);
}

static enum err sink_counted(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	struct budget *b = (struct budget *)((char *)self - offsetof(struct budget, sink));
	TRY(take(c, b, len));
	return sink_write(c, b->to, bytes, len);
}

static enum err sink_counted_flush(struct ctx *c, struct sink *self)
{
	return sink_flush(c, ((struct budget *)((char *)self - offsetof(struct budget, sink)))->to);
}

static enum err sink_counted_push(struct ctx *c, struct sink *self, int64_t micros, bool *all)
{
	struct budget *b = (struct budget *)((char *)self - offsetof(struct budget, sink));
	return sink_push(c, b->to, micros, all);
}

static enum err sink_counted_copy(
	struct ctx *c, struct sink *self, struct extent *from, uint64_t at, uint64_t len)
{
	struct budget *b = (struct budget *)((char *)self - offsetof(struct budget, sink));
	TRY(take(c, b, len));
	return sink_copy(c, b->to, from, at, len);
}

struct source *budget_source(struct budget *b, struct source *from)
{
	if (!budget_is_limited(b))
		return from;
	b->from = from;
	b->source = (struct source){source_counted};
	return &b->source;
}

struct sink *budget_sink(struct budget *b, struct sink *to)
{
	if (!budget_is_limited(b))
		return to;
	b->to = to;
	b->sink = (struct sink){
		sink_counted, sink_counted_flush, sink_counted_push, sink_counted_copy};
	return &b->sink;
}

/* Whoever leaves early pays all the same, so a client that has gone does not end this. What broke off
 * at the budget's end has used it up. */
void budget_end(struct ctx *c, struct budget *b)
{
	if (b->over && b->used < b->left)
		b->used = b->left;
	if (!b->used)
		return;
	struct ctx own;
	ctx_init(&own, c->arena, c->world);
	memcpy(own.id, c->id, sizeof own.id);
	own.deadline = c->world->monotonic() + END_PATIENCE_US;
	if (charge(&own, b))
		b->used = 0; /* revoked meanwhile, or the database is lost to all */
}

#include "core/watch.h"

#include "base/buf.h"
#include "core/permit.h"
#include "core/session.h"

#define CHANNEL STR("events")

/* A transaction is of the time at which it began, and may be committed so much later without being missed. */
static const int64_t OVERLAP_US = 30 * 1000000;

static enum err begin(struct ctx *c, struct db_tx *tx, const struct repo *repo, struct watch *w)
{
	int64_t last;
	TRY(meta_event_last(c, tx, repo->id, &last));
	if (w->cursor > last)
		return fail(c, ERR_INVALID,
			"the cursor %lld is ahead: the last event of \"%.*s\" is %lld",
			(long long)w->cursor, STR_FMT(repo->name), (long long)last);
	if (w->cursor < 0)
		w->cursor = last;
	w->repo_id = repo->id;
	return OK;
}

static void leave_out(struct watched *out)
{
	size_t kept = 0;
	for (size_t i = 0; i < out->count; i++)
		if (event_is_for(out->at[i].type, out->level))
			out->at[kept++] = out->at[i];
	out->count = kept;
}

enum err watch_read(struct ctx *c, struct core *core, const struct actor *who, struct str session,
	struct watch *w, struct watched *out)
{
	DB_TX *tx = NULL;
	struct permitted on;
	struct meta_events events;
	const struct permit_need need = {w->name, OPERATION_REPOSITORY_READ, .mode = DB_READ};
	TRY(permit_begin(c, core, who, &need, &tx, &on));
	TRY(session_stands(c, tx, session));
	if (!w->repo_id)
		TRY(begin(c, tx, &on.repo, w));
	if (w->repo_id != on.repo.id)
		return fail(c, ERR_NOT_FOUND,
			"\"%.*s\" is another repository now: subscribe to it anew",
			STR_FMT(on.repo.name));
	const struct meta_event_page page = {on.repo.id, w->cursor, WATCH_PAGE, WATCH_DATA_MAX};
	TRY(meta_event_page(c, tx, &page, &events));
	*out = (struct watched){.at = events.at,
		.from = w->cursor,
		.count = events.count,
		.more = events.more,
		.level = on.level,
		.version = on.repo.version};
	w->cursor = events.last;
	leave_out(out);
	return OK;
}

enum err watch_stands(struct ctx *c, struct core *core, const struct actor *who, struct str session)
{
	DB_TX *tx = NULL;
	TRY(session_lives(c, core, session));
	TRY(db_begin(c, core->db, DB_READ, &tx));
	return permit_actor(c, core, tx, who);
}

void watch_tell(struct ctx *c, struct core *core)
{
	struct error first = c->error;
	for (unsigned i = 0; i < c->recorded.count; i++) {
		char text[24];
		size_t len = fmt_into(text, sizeof text, "%lld", (long long)c->recorded.repos[i]);
		if (kv_publish(c, core->kv, CHANNEL, str_from(text, len)))
			break;
	}
	c->recorded.count = 0;
	c->error = first;
}

enum err watch_listen(
	struct ctx *c, struct core *core, kv_hear *hear, void *arg, struct kv_sub **out)
{
	return kv_subscribe(c, core->kv, CHANNEL, hear, arg, out);
}

enum err watch_recent(struct ctx *c, struct core *core, int64_t *since,
	struct meta_event_head **out, size_t *count)
{
	DB_TX *tx = NULL;
	*count = 0;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	TRY(db_ask_time(c, tx));
	int64_t from = *since ? *since : tx->began;
	TRY(meta_event_recent(c, tx, from - OVERLAP_US, out, count));
	*since = tx->began;
	return OK;
}

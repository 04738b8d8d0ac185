/* What happened, in all repositories and in the instance. */
#include "core/instance_state.h"

#include "core/permit.h"
#include "meta/event.h"
#include "meta/repo.h"

enum { DATA_MAX = 16 << 10 };

struct str instance_event_cursor(struct ctx *c, const struct instance_event *event)
{
	return str_of(arena_fmt(c->arena, "%lld.%lld.%lld", (long long)event->time,
		(long long)event->repo_id, (long long)event->sequence));
}

static enum err read_cursor(struct ctx *c, struct str text, struct meta_event_query *to)
{
	uint64_t time, repo, sequence;
	struct str rest = text;
	bool ok = str_to_u64(str_cut(&rest, '.'), &time);
	ok = ok && str_to_u64(str_cut(&rest, '.'), &repo) && str_to_u64(rest, &sequence);
	if (!ok || time > INT64_MAX || repo > INT64_MAX || sequence > INT64_MAX)
		return fail(c, ERR_INVALID, "the cursor is not one that was given out");
	to->time = (int64_t)time;
	to->before_repo = (int64_t)repo;
	to->before = (int64_t)sequence;
	return OK;
}

/* One that is deleted, or purged, has an id only. */
static enum err find_repo(struct ctx *c, struct db_tx *tx, struct str text, int64_t *out)
{
	uint64_t id;
	struct repo repo;
	*out = 0;
	if (str_is(text, "instance"))
		return OK;
	enum err err = meta_repo_get_by_name(c, tx, text, &repo);
	if (err != ERR_NOT_FOUND) {
		*out = repo.id;
		return err;
	}
	ctx_clear(c);
	if (!str_to_u64(text, &id) || !id || id > INT64_MAX)
		return fail(c, ERR_INVALID,
			"there is no repository \"%.*s\": give its name, or its id, or instance",
			STR_FMT(text));
	*out = (int64_t)id;
	return OK;
}

enum err instance_events(struct ctx *c, struct core *core, const struct actor *who,
	const struct instance_events_query *query, struct instance_events *out)
{
	size_t limit =
		query->limit && query->limit < INSTANCE_PAGE_MAX ? query->limit : INSTANCE_PAGE_MAX;
	struct meta_event_query ask = {
		.repo_id = -1,
		.type = query->type,
		.time = INT64_MAX,
		.before = INT64_MAX,
		.limit = limit + 1,
		.data_max = DATA_MAX,
	};
	enum event_type type;
	DB_TX *tx = NULL;
	TRY(permit_begin_owner(c, core, who, DB_READ, &tx));
	if (query->type.len && !event_type_parse(query->type, &type))
		return fail(c, ERR_INVALID, "there are no events of type \"%.*s\"",
			STR_FMT(query->type));
	if (query->repo.len)
		TRY(find_repo(c, tx, query->repo, &ask.repo_id));
	if (query->after.len)
		TRY(read_cursor(c, query->after, &ask));
	TRY(meta_event_list(c, tx, &ask, &out->at, &out->count));
	out->more = out->count > limit;
	if (out->more)
		out->count = limit;
	return OK;
}

#include "core/audit_read.h"

#include "base/hex.h"
#include "core/permit.h"
#include "meta/repo.h"

enum { SECOND_US = 1000000 };

struct str audit_cursor(struct ctx *c, const struct audit *entry)
{
	return str_of(arena_fmt(c->arena, "%lld.%lld.%lld", (long long)entry->time,
		(long long)entry->chain, (long long)entry->sequence));
}

/* The chain may be -1. */
static enum err read_cursor(struct ctx *c, struct str text, struct audit_place *out)
{
	uint64_t time, chain, sequence;
	struct str rest = text;
	bool ok = str_to_u64(str_cut(&rest, '.'), &time);
	int64_t sign = str_skip(&rest, STR("-")) ? -1 : 1;
	ok = ok && str_to_u64(str_cut(&rest, '.'), &chain) && str_to_u64(rest, &sequence);
	if (!ok || time > INT64_MAX || chain > INT64_MAX || sequence > INT64_MAX)
		return fail(c, ERR_INVALID, "the cursor is not one that was given out");
	*out = (struct audit_place){(int64_t)time, sign * (int64_t)chain, (int64_t)sequence};
	return OK;
}

static enum err read_outcome(struct ctx *c, struct str text, int *out)
{
	*out = -1;
	for (int i = AUDIT_DONE; i <= AUDIT_REFUSED; i++)
		if (str_is(text, audit_outcome_name((enum audit_outcome)i)))
			*out = i;
	if (text.len && *out < 0)
		return fail(c, ERR_INVALID, "the outcome must be done or refused");
	return OK;
}

static int64_t micros(int64_t seconds, int64_t fallback)
{
	return seconds > 0 && seconds < INT64_MAX / SECOND_US ? seconds * SECOND_US : fallback;
}

/* One that has this name now. */
static enum err chain_of(struct ctx *c, struct db_tx *tx, struct str name, int64_t *out)
{
	struct repo repo;
	*out = 0;
	enum err kind = name.len ? meta_repo_get_by_name(c, tx, name, &repo) : ERR_NOT_FOUND;
	if (!kind)
		*out = repo.id;
	if (kind != ERR_NOT_FOUND)
		return kind;
	ctx_clear(c);
	return OK;
}

enum err audit_list(struct ctx *c, struct core *core, const struct actor *who,
	const struct audit_query *query, struct audit_list *out)
{
	size_t limit =
		query->limit && query->limit < AUDIT_PAGE_MAX ? query->limit : AUDIT_PAGE_MAX;
	struct meta_audit_query ask = {
		.who = query->who,
		.action = query->action,
		.subject = query->repo,
		.since = micros(query->since, 0),
		.until = micros(query->until, INT64_MAX),
		.before = {.time = INT64_MAX},
	};
	DB_TX *tx = NULL;
	TRY(permit_begin_owner(c, core, who, DB_READ, &tx));
	TRY(read_outcome(c, query->outcome, &ask.outcome));
	if (query->after.len)
		TRY(read_cursor(c, query->after, &ask.before));
	TRY(chain_of(c, tx, query->repo, &ask.chain));
	*out = (struct audit_list){
		.at = NEW_ARRAY(c->arena, struct audit, limit + 1), .count = limit + 1};
	TRY(meta_audit_list(c, tx, &ask, out->at, &out->count));
	out->more = out->count > limit;
	if (out->more)
		out->count = limit;
	return OK;
}

void audit_write(struct ctx *c, struct json_writer *w, const struct audit *entry)
{
	char *hex = arena_alloc(c->arena, 2 * entry->hash.len + 1);
	hex_encode(entry->hash.at, entry->hash.len, hex);
	json_begin_object(w);
	json_member_int(w, "chain", entry->chain);
	json_member_int(w, "sequence", entry->sequence);
	json_member_int(w, "time", entry->time);
	json_member_int(w, "account_id", entry->user_id);
	json_member_str(w, "username", entry->username);
	json_member_str(w, "peer", entry->peer);
	json_member_str(w, "via", entry->via);
	json_member_str(w, "action", entry->action);
	json_member_cstr(w, "outcome", audit_outcome_name(entry->outcome));
	json_member_str(w, "subject", entry->subject);
	json_member_str(w, "detail", entry->detail);
	json_member_str(w, "request", entry->request);
	json_member_str(w, "decision", entry->decision);
	json_member_cstr(w, "hash", entry->hash.len ? hex : NULL);
	json_member_str(w, "cursor", audit_cursor(c, entry));
	json_end_object(w);
}

/* A number is the id of a repository, which may have no name any more. */
static enum err find_chain(struct ctx *c, struct db_tx *tx, struct str text, int64_t *out)
{
	uint64_t id;
	struct audit_head head;
	*out = AUDIT_INSTANCE;
	if (str_is(text, "instance"))
		return OK;
	TRY(chain_of(c, tx, text, out));
	if (!*out && str_to_u64(text, &id) && id < INT64_MAX)
		*out = (int64_t)id;
	if (*out)
		TRY(meta_audit_head_get(c, tx, *out, &head));
	if (!*out || !head.sequence)
		return fail(c, ERR_NOT_FOUND,
			"there is no audit chain \"%.*s\": name a repository, its id, or instance",
			STR_FMT(text));
	return OK;
}

static enum err export_all(
	struct ctx *c, struct db_tx *tx, struct audit_place place, const struct audit_export *what)
{
	enum { PAGE = 500 };
	for (size_t count = PAGE; count == PAGE;) {
		struct arena_mark mark = arena_mark(c->arena);
		struct audit *page = NEW_ARRAY(c->arena, struct audit, PAGE);
		TRY(meta_audit_since(c, tx, &place, page, &count));
		for (size_t i = 0; i < count; i++)
			TRY(what->visit(c, what->arg, &page[i]));
		if (count)
			place = (struct audit_place){page[count - 1].time, page[count - 1].chain,
				page[count - 1].sequence};
		arena_rewind(c->arena, mark);
	}
	return OK;
}

enum err audit_export(
	struct ctx *c, struct core *core, const struct actor *who, const struct audit_export *what)
{
	struct audit_place place = {.chain = AUDIT_BEFORE};
	DB_TX *tx = NULL;
	int64_t chain;
	TRY(permit_begin_owner(c, core, who, DB_READ, &tx));
	if (what->after.len)
		TRY(read_cursor(c, what->after, &place));
	if (!what->chain.len)
		return export_all(c, tx, place, what);
	TRY(find_chain(c, tx, what->chain, &chain));
	return meta_audit_walk(
		c, tx, chain, place.chain == chain ? place.sequence : 0, what->visit, what->arg);
}

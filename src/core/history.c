#include "core/history.h"

#include "base/date.h"
#include "core/compact.h"
#include "core/permit.h"
#include "core/push.h"
#include "core/ref_change.h"
#include "git/enumerate.h"

enum err history_ref(struct ctx *c, struct str text, struct str *out)
{
	*out = text;
	if (!str_starts(text, STR("refs/")))
		*out = str_of(arena_fmt(c->arena, "refs/heads/%.*s", STR_FMT(text)));
	TRY(ref_name_check(c, *out));
	if (ref_is_hidden(*out))
		return fail(c, ERR_INVALID, "\"%.*s\" is of the server's own", STR_FMT(*out));
	return OK;
}

static enum err take_entry(struct ctx *c, void *arg, const struct ref_log *entry)
{
	struct history *list = arg;
	struct ref_log *to = &list->at[list->count++];
	*to = *entry;
	to->change.name = str_copy(c->arena, entry->change.name);
	to->username = str_copy(c->arena, entry->username);
	to->request = str_copy(c->arena, entry->request);
	return OK;
}

enum err history_list(struct ctx *c, struct core *core, const struct actor *who, struct str repo,
	const struct history_query *query, struct history *out)
{
	bool all = !query->limit || query->limit > HISTORY_PAGE_MAX;
	size_t limit = all ? HISTORY_PAGE_MAX : query->limit;
	struct repo found;
	DB_TX *tx = NULL;
	*out = (struct history){0};
	const struct permit_need need = {repo, OPERATION_REPOSITORY_READ, .mode = DB_READ};
	TRY(permit_begin_repo(c, core, who, &need, &tx, &found));
	struct meta_ref_log_back page = {
		.version = query->after.version ? query->after.version : INT64_MAX,
		.before = query->after.ref.at ? query->after.ref : STR(""),
		.gone = query->gone,
		.limit = limit + 1, /* is there more? */
	};
	if (query->ref.len && !query->gone)
		TRY(history_ref(c, query->ref, &page.ref));
	out->at = NEW_ARRAY(c->arena, struct ref_log, page.limit);
	TRY(meta_ref_log_back(c, tx, &found, &page, take_entry, out));
	out->more = out->count > limit;
	if (out->more)
		out->count = limit;
	return OK;
}

/* A ref that is being set back. */
struct restoring {
	const struct ref_restore *what;
	struct core *core;
	struct repo repo;
	struct str ref;
	struct push push;
	struct push_command command;
	const char *when; /* "at 2026-…Z", "before change 17" */
};

/* What the log says of it, or the log's word for that it was not there. */
static enum err value_of_log(
	struct ctx *c, struct restoring *r, enum err err, const struct oid *value)
{
	if (err && err != ERR_NOT_FOUND)
		return err;
	if (err || oid_is_zero(value))
		return fail(c, ERR_NOT_FOUND, "there was no %.*s %s", STR_FMT(r->ref), r->when);
	r->command.change.new = *value;
	return OK;
}

static enum err value_at_time(struct ctx *c, struct restoring *r, struct db_tx *tx)
{
	char text[24];
	struct ref_log entry = {0};
	date_rfc3339(r->what->time, text);
	if (r->what->time > db_now(tx))
		return fail(c, ERR_INVALID, "%s has not been yet", text);
	r->when = arena_fmt(c->arena, "at %s", text);
	enum err err = meta_ref_log_at(c, tx, &r->repo, r->ref, r->what->time, &entry);
	return value_of_log(c, r, err, &entry.change.new);
}

static enum err value_of_change(struct ctx *c, struct restoring *r, struct db_tx *tx)
{
	bool undo = r->what->to == RESTORE_UNDO;
	long long version = r->what->version;
	struct ref_log entry = {0};
	enum err err = meta_ref_log_get(c, tx, &r->repo, r->ref, version, &entry);
	if (err == ERR_NOT_FOUND)
		return fail(c, err, "change %lld is none of %.*s", version, STR_FMT(r->ref));
	r->when = arena_fmt(c->arena, "%s change %lld", undo ? "before" : "after", version);
	return value_of_log(c, r, err, undo ? &entry.change.old : &entry.change.new);
}

/* Who may not administer it learns nothing else. */
static enum err look(struct ctx *c, const struct actor *who, struct restoring *r)
{
	const struct permit_need need = {
		r->what->repo, OPERATION_REPOSITORY_CHANGE, .mode = DB_READ};
	DB_TX *tx = NULL;
	TRY(permit_begin_repo(c, r->core, who, &need, &tx, &r->repo));
	TRY(history_ref(c, r->what->ref, &r->ref));
	switch (r->what->to) {
	case RESTORE_UNDO:
	case RESTORE_VERSION: return value_of_change(c, r, tx);
	case RESTORE_TIME: return value_at_time(c, r, tx);
	case RESTORE_ID: return OK;
	}
	return fail(c, ERR_INVALID, "say to what it is to be set back");
}

static enum err swept(struct ctx *c, struct restoring *r)
{
	char hex[OID_HEX_MAX];
	const char *kept = compact_retention_text(c, r->core);
	oid_hex(&r->command.change.new, hex);
	if (r->what->to == RESTORE_ID)
		return fail(c, ERR_NOT_FOUND,
			"%s is not here, or not all of it any more: what no ref leads to is kept "
			"for %s (NIMBUS_RETENTION)",
			hex, kept);
	return fail(c, ERR_NOT_FOUND,
		"%.*s was %s %s, but that is gone: what no ref leads to any more is kept for %s "
		"(NIMBUS_RETENTION)",
		STR_FMT(r->ref), hex, r->when, kept);
}

/* All that it leads to and no ref of today does must be there. */
static enum err check_reached(struct ctx *c, struct restoring *r, struct graph *g)
{
	const struct ref_table *refs = &r->push.snapshot->refs;
	struct oid *haves = NEW_ARRAY(c->arena, struct oid, refs->count + 1);
	for (size_t i = 0; i < refs->count; i++)
		haves[i] = ref_table_at(refs, i).id;
	struct progress nobody = {0};
	struct enumerate e = {
		.progress = &nobody,
		.graph = g,
		.filter = FILTER_ALL,
		.wants = &r->command.change.new,
		.want_count = 1,
		.haves = haves,
		.have_count = refs->count,
	};
	TRY(enumerate_run(c, &e));
	for (size_t i = 0; i < e.send.len; i++) {
		struct oid id = oidmap_oid(&g->ids, e.send.at[i]);
		bool here;
		TRY(odb_has(c, &r->push.known, &id, &here));
		if (!here)
			return fail(c, ERR_NOT_FOUND, "an object is missing");
	}
	return OK;
}

static enum err check_complete(struct ctx *c, struct restoring *r)
{
	struct graph g;
	enum object_type type;
	TRY(odb_type(c, &r->push.known, &r->command.change.new, &type));
	if (!type)
		return swept(c, r);
	if (type != OBJECT_COMMIT && str_starts(r->ref, STR("refs/heads/")))
		return fail(c, ERR_INVALID, "a branch points at a commit, this is a %s",
			object_type_name(type));
	graph_init(&g, &r->push.known);
	enum err err = check_reached(c, r, &g);
	graph_done(&g);
	return err == ERR_NOT_FOUND ? swept(c, r) : err;
}

/* An id as somebody wrote it: of an object that is here, 4 digits or more. */
static enum err value_of_id(struct ctx *c, struct restoring *r)
{
	enum hash_algo algo = r->repo.object_format;
	struct str text = r->what->id;
	struct oid *new = &r->command.change.new;
	if (oid_parse(algo, text, new))
		return OK;
	for (size_t i = 0; i < text.len; i++)
		if (!((text.at[i] >= '0' && text.at[i] <= '9') ||
			    (text.at[i] >= 'a' && text.at[i] <= 'f')))
			return fail(c, ERR_INVALID, "\"%.*s\" is not an object id",
				(int)(text.len < 100 ? text.len : 100), text.at);
	if (text.len < 4 || text.len > 2 * hash_size(algo))
		return fail(c, ERR_INVALID, "an object id has from 4 to %zu digits",
			2 * hash_size(algo));
	return odb_find_prefix(c, &r->push.known, text, new);
}

static enum err expect(struct ctx *c, struct restoring *r)
{
	struct ref now;
	struct str text = r->what->expected;
	struct oid *old = &r->command.change.old;
	*old = oid_zero(r->repo.object_format);
	if (text.len && !oid_parse(r->repo.object_format, text, old))
		return fail(c, ERR_INVALID, "what is expected is an object id in full");
	if (!text.len && snapshot_ref(r->push.snapshot, r->ref, &now))
		*old = now.id;
	return OK;
}

static enum err swap(struct ctx *c, struct restoring *r)
{
	/* A push would make a repository where there is none. */
	if (r->push.target.create || r->push.target.on.repo.id != r->repo.id)
		return fail(c, ERR_CONFLICT, "the repository was replaced meanwhile");
	if (r->what->to == RESTORE_ID)
		TRY(value_of_id(c, r));
	TRY(expect(c, r));
	TRY(err_stored(c, check_complete(c, r)));
	return ref_change_commit(c, &r->push, &r->command, false);
}

enum err ref_restore(struct ctx *c, struct core *core, const struct actor *who,
	const struct ref_restore *what, struct ref_restored *out)
{
	struct restoring r = {.what = what, .core = core};
	TRY(look(c, who, &r));
	r.command.change.name = r.ref;
	TRY(push_open(c, core, who, what->repo, &r.push));
	enum err err = swap(c, &r);
	*out = (struct ref_restored){
		.change = r.command.change,
		.changed = r.command.changed,
		.forced = r.command.forced,
		.version = r.push.target.on.repo.version,
	};
	push_close(&r.push);
	return err;
}

/*
 * The end of a repository, in two steps: deleted, it is there for nobody and its name is free, but all
 * of it is kept; purged, by its owner or when its time has come, it is gone.
 */
#include "core/compact.h"
#include "core/pack_cache.h"
#include "core/permit.h"
#include "core/record.h"
#include "core/repo_parts.h"
#include "core/snapshot.h"
#include "meta/pack.h"
#include "meta/repo.h"
#include "model/scope.h"

enum { BATCH = 50 };

static enum err record_end(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct repo *repo, enum event_type type)
{
	return record_add(c, tx,
		&(struct record){.who = who,
			.type = type,
			.repo = repo,
			.data = repo_data(c, repo, (struct str){0})});
}

enum err repo_delete(struct ctx *c, struct core *core, const struct actor *who, struct str name,
	struct repo *out)
{
	return repo_delete_seen(c, core, who, name, NULL, out);
}

enum err repo_delete_seen(struct ctx *c, struct core *core, const struct actor *who,
	struct str name, struct expected *expected, struct repo *out)
{
	DB_TX *tx = NULL;
	struct repo repo;
	const struct permit_need need = {name, OPERATION_REPOSITORY_DELETE, .mode = DB_WRITE};
	TRY(permit_begin_repo(c, core, who, &need, &tx, &repo));
	TRY(permit_owner_early(c, who));
	TRY(expected_repo(c, expected, &repo));
	repo.deleted = db_now(tx);
	TRY(record_end(c, tx, who, &repo, EVENT_REPOSITORY_DELETED));
	TRY(meta_repo_set_deleted(c, tx, repo.id, repo.deleted));
	TRY(db_commit(c, &tx));
	snapshot_drop(core, repo.id);
	if (core->packs)
		pack_cache_drop(core->packs, repo.id);
	if (out)
		*out = repo;
	return OK;
}

enum err repo_deleted_list(struct ctx *c, struct core *core, const struct actor *who,
	const struct repo_deleted_query *query, struct repo_list *out)
{
	size_t limit = query->limit && query->limit < REPO_PAGE_MAX ? query->limit : REPO_PAGE_MAX;
	struct meta_repo_gone page = {
		.before = query->before ? query->before : INT64_MAX,
		.id = query->id,
	};
	DB_TX *tx = NULL;
	*out = (struct repo_list){.at = NEW_ARRAY(c->arena, struct repo, limit + 1)};
	TRY(permit_begin_owner(c, core, who, DB_READ, &tx));
	/* One more: is there more? */
	for (size_t got = limit + 1; got == limit + 1 && out->count <= limit;) {
		struct repo *step;
		TRY(meta_repo_deleted(c, tx, &page, &step, &got));
		if (got)
			page = (struct meta_repo_gone){step[got - 1].deleted, step[got - 1].id};
		size_t kept = repo_within_scope(c, who, step, got);
		for (size_t i = 0; i < kept && out->count <= limit; i++)
			out->at[out->count++] = step[i];
	}
	out->more = out->count > limit;
	if (out->more)
		out->count = limit;
	return OK;
}

int64_t repo_deleted_until(const struct core *core, const struct repo *repo)
{
	return repo->deleted + compact_retention(core);
}

/* One that is deleted and still kept; `who` (NULL: the instance itself) may know of it. */
static enum err get_deleted(struct ctx *c, struct core *core, struct db_tx *tx,
	const struct actor *who, int64_t id, struct repo *out)
{
	enum err err = meta_repo_get(c, tx, id, out);
	bool there =
		!err && out->deleted && (!who || scope_has_repo(c->arena, who->scope, out->name));
	if (err == ERR_NOT_FOUND || (!err && !there))
		return fail(c, ERR_NOT_FOUND,
			"there is no deleted repository %lld: one is kept for %s "
			"(NIMBUS_RETENTION), then it is gone for good",
			(long long)id, compact_retention_text(c, core));
	return err;
}

enum err repo_deleted_get(
	struct ctx *c, struct core *core, const struct actor *who, int64_t id, struct repo *out)
{
	DB_TX *tx = NULL;
	TRY(permit_begin_owner(c, core, who, DB_READ, &tx));
	return get_deleted(c, core, tx, who, id, out);
}

enum err repo_restore(struct ctx *c, struct core *core, const struct actor *who, int64_t id,
	const struct str *name, struct repo *out)
{
	DB_TX *tx = NULL;
	TRY(permit_begin_owner(c, core, who, DB_WRITE, &tx));
	TRY(get_deleted(c, core, tx, who, id, out));
	struct str previous = {0};
	if (name && !str_eq(*name, out->name)) {
		TRY(repo_name_check(c, *name));
		TRY(repo_name_within_scope(c, who, *name));
		previous = out->name;
		out->name = *name;
	}
	enum err err = meta_repo_set_restored(c, tx, id, out->name);
	if (err == ERR_EXISTS)
		return fail(c, err,
			"a repository named \"%.*s\" exists already: restore this one under "
			"another name",
			STR_FMT(out->name));
	TRY(err);
	out->deleted = 0;
	TRY(record_add(c, tx,
		&(struct record){.who = who,
			.type = EVENT_REPOSITORY_RESTORED,
			.repo = out,
			.data = repo_data(c, out, previous)}));
	return db_commit(c, &tx);
}

struct doomed {
	struct pack_row *at;
	size_t count;
};

/* What cannot be removed now is an orphan, which upkeep collects: the repository is gone anyway. */
static void remove_blob(struct ctx *c, struct core *core, int64_t repo_id,
	const struct pack_row *row, const char *suffix)
{
	if (blob_remove(c, core->blob, meta_pack_key(c, core->instance, repo_id, &row->id, suffix)))
		ctx_clear(c);
}

static void remove_blobs(
	struct ctx *c, struct core *core, int64_t repo_id, const struct doomed *packs)
{
	for (size_t i = 0; i < packs->count; i++) {
		const struct pack_row *row = &packs->at[i];
		if (!row->in_row) {
			remove_blob(c, core, repo_id, row, "pack");
			remove_blob(c, core, repo_id, row, "idx");
		}
		for (size_t f = 0; f < PACK_DERIVED_FILES; f++)
			if (row->derived & META_PACK_DERIVED[f].flag)
				remove_blob(c, core, repo_id, row,
					meta_pack_derived_suffix(
						c, row->derived, META_PACK_DERIVED[f].suffix));
	}
}

/* `who`: who was let. NULL: its time has come, unless it was restored and deleted anew meanwhile. */
static enum err purge(struct ctx *c, struct core *core, const struct actor *who, int64_t id,
	struct expected *expected)
{
	DB_TX *tx = NULL;
	struct repo repo;
	struct doomed packs[2];
	TRY(db_begin_on(c, core->db, id, &tx));
	if (who)
		TRY(permit_actor(c, core, tx, who));
	TRY(get_deleted(c, core, tx, who, id, &repo));
	TRY(expected_repo(c, expected, &repo));
	if (!who && repo_deleted_until(core, &repo) >= db_now(tx))
		return fail(c, ERR_NOT_FOUND, "it was restored meanwhile");
	TRY(meta_pack_list(c, tx, &repo, PACK_LIVE, &packs[0].at, &packs[0].count));
	TRY(meta_pack_list(c, tx, &repo, PACK_RETIRED, &packs[1].at, &packs[1].count));
	TRY(record_end(c, tx, who, &repo, EVENT_REPOSITORY_PURGED));
	TRY(meta_repo_delete(c, tx, id));
	TRY(db_commit(c, &tx));
	snapshot_drop(core, id);
	remove_blobs(c, core, id, &packs[0]);
	remove_blobs(c, core, id, &packs[1]);
	return OK;
}

enum err repo_purge(struct ctx *c, struct core *core, const struct actor *who, int64_t id)
{
	return repo_purge_seen(c, core, who, id, NULL);
}

enum err repo_purge_seen(struct ctx *c, struct core *core, const struct actor *who, int64_t id,
	struct expected *expected)
{
	DB_TX *tx = NULL;
	TRY(permit_begin_owner(c, core, who, DB_READ, &tx));
	db_rollback(&tx);
	return purge(c, core, who, id, expected);
}

enum err repo_purge_past(struct ctx *c, struct core *core, size_t *count)
{
	for (size_t found = BATCH; found == BATCH;) {
		struct arena_mark mark = arena_mark(c->arena);
		struct repo *repos = NULL;
		DB_TX *tx = NULL;
		TRY(db_begin(c, core->db, DB_READ, &tx));
		TRY(db_ask_time(c, tx));
		const struct meta_repo_gone page = {.before = db_now(tx) - compact_retention(core)};
		TRY(meta_repo_deleted(c, tx, &page, &repos, &found));
		db_rollback(&tx);
		for (size_t i = 0; i < found; i++) {
			TRY(ctx_check(c));
			enum err err = purge(c, core, NULL, repos[i].id, NULL);
			if (err && err != ERR_NOT_FOUND)
				return err;
			if (err)
				ctx_clear(c);
			*count += !err;
		}
		arena_rewind(c->arena, mark);
	}
	return OK;
}

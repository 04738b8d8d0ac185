#include "core/backup.h"
#include "core/compact.h"
#include "core/compact_parts.h"
#include "core/fsck.h"
#include "core/repo.h"

enum { BATCH = 100, ORPHAN_AGE = 24 * 3600 };

static enum err remove_blob(
	struct ctx *c, struct core *core, const struct pack_past *past, const char *suffix)
{
	return blob_remove(c, core->blob,
		meta_pack_key(c, core->instance, past->repo_id, &past->row.id, suffix));
}

static enum err remove_blobs(struct ctx *c, struct core *core, const struct pack_past *past)
{
	TRY(remove_blob(c, core, past, "idx"));
	TRY(remove_blob(c, core, past, "pack"));
	for (size_t i = 0; i < PACK_DERIVED_FILES; i++)
		if (past->row.derived & META_PACK_DERIVED[i].flag)
			TRY(remove_blob(c, core, past,
				meta_pack_derived_suffix(
					c, past->row.derived, META_PACK_DERIVED[i].suffix)));
	return OK;
}

/*
 * Blobs go within the transaction: a push that brings the same pack again waits for it, and finds
 * out that they are gone. Killed between the two, the row is left, and next time it goes.
 * *guarded: it is for another time.
 */
static enum err sweep_one(
	struct ctx *c, struct core *core, const struct pack_past *past, bool *guarded)
{
	DB_TX *tx = NULL;
	bool retired = false;
	TRY(db_begin_on(c, core->db, past->repo_id, &tx));
	TRY(backup_guarded(c, tx, guarded));
	if (*guarded)
		return OK;
	TRY(meta_pack_delete_retired(c, tx, past->repo_id, &past->row.id, &retired));
	if (!retired)
		return OK;
	if (!past->row.in_row)
		TRY(remove_blobs(c, core, past));
	return db_commit(c, &tx);
}

static enum err sweep_packs(struct ctx *c, struct core *core, size_t *packs)
{
	bool guarded = false;
	for (size_t count = BATCH; count == BATCH && !guarded;) {
		struct arena_mark mark = arena_mark(c->arena);
		struct pack_past *past = NULL;
		DB_TX *tx = NULL;
		TRY(db_begin(c, core->db, DB_READ, &tx));
		TRY(meta_pack_past(c, tx, db_now(tx) - compact_retention(core), &past, &count));
		db_rollback(&tx);
		for (size_t i = 0; i < count && !guarded; i++) {
			TRY(ctx_check(c));
			TRY(sweep_one(c, core, &past[i], &guarded));
			*packs += !guarded;
		}
		arena_rewind(c->arena, mark);
	}
	return OK;
}

enum err compact_sweep(struct ctx *c, struct core *core, struct compact_swept *out)
{
	struct arena arena, *request = c->arena;
	struct fsck_run run = {.core = core, .prune = true, .prune_age = ORPHAN_AGE};
	*out = (struct compact_swept){0};
	arena_init(&arena);
	c->arena = &arena;
	enum err err = repo_purge_past(c, core, &out->repos);
	if (!err)
		err = sweep_packs(c, core, &out->packs);
	if (!err)
		err = fsck_orphans(c, &run);
	c->arena = request;
	arena_done(&arena);
	out->blobs = run.pruned;
	return err;
}

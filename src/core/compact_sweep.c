#include "core/compact.h"
#include "core/compact_parts.h"
#include "core/fsck.h"
#include "core/keep.h"
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
 * The row goes first: killed after that, blobs are left that nothing knows, which upkeep finds too. A
 * push that brings the same pack again waits for the lease. *kept: it is for another time.
 */
static enum err sweep_one(
	struct ctx *c, struct core *core, const struct pack_past *past, bool *kept)
{
	char hex[OID_HEX_MAX];
	DB_TX *tx = NULL;
	struct removal removal;
	bool retired = false;
	TRY(db_begin_on(c, core->db, past->repo_id, &tx));
	TRY(removal_take(
		c, tx, past->repo_id, str_of(oid_hex(&past->row.id, hex)), &removal, kept));
	if (*kept)
		return OK;
	TRY(meta_pack_delete_retired(c, tx, past->repo_id, &past->row.id, &retired));
	if (!retired)
		return OK;
	TRY(db_commit(c, &tx));
	removal_begin(c, &removal);
	return removal_end(c, &removal, past->row.in_row ? OK : remove_blobs(c, core, past));
}

static enum err sweep_packs(struct ctx *c, struct core *core, size_t *packs)
{
	bool some = true;
	for (size_t count = BATCH; count == BATCH && some;) {
		struct arena_mark mark = arena_mark(c->arena);
		struct pack_past *past = NULL;
		DB_TX *tx = NULL;
		TRY(db_begin(c, core->db, DB_READ, &tx));
		TRY(db_ask_time(c, tx));
		TRY(meta_pack_past(c, tx, db_now(tx) - compact_retention(core), &past, &count));
		db_rollback(&tx);
		some = false;
		for (size_t i = 0; i < count; i++) {
			bool kept = false;
			TRY(ctx_check(c));
			TRY(sweep_one(c, core, &past[i], &kept));
			*packs += !kept;
			some = some || !kept;
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

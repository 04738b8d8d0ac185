#include "core/compact.h"
#include "core/compact_parts.h"
#include "core/fsck.h"

enum { BATCH = 100, ORPHAN_AGE = 24 * 3600 };

static enum err remove_blobs(struct ctx *c, struct core *core, const struct pack_past *past)
{
	static const struct {
		unsigned derived; /* 0: always there */
		const char *suffix;
	} files[] = {
		{0, "idx"},
		{0, "pack"},
		{PACK_BITMAP, PACK_BITMAP_SUFFIX},
		{PACK_COMMIT_GRAPH, PACK_COMMIT_GRAPH_SUFFIX},
	};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		if (files[i].derived && !(past->row.derived & files[i].derived))
			continue;
		TRY(blob_remove(c, core->blob,
			meta_pack_key(
				c, core->instance, past->repo_id, &past->row.id, files[i].suffix)));
	}
	return OK;
}

/*
 * Blobs go within the transaction: a push that brings the same pack again waits for it, and finds
 * out that they are gone. Killed between the two, the row is left, and next time it goes.
 */
static enum err sweep_one(struct ctx *c, struct core *core, const struct pack_past *past)
{
	DB_TX *tx = NULL;
	bool retired = false;
	TRY(db_begin(c, core->db, DB_WRITE, &tx));
	TRY(meta_pack_delete_retired(c, tx, past->repo_id, &past->row.id, &retired));
	if (!retired)
		return OK;
	if (!past->row.in_row)
		TRY(remove_blobs(c, core, past));
	return db_commit(c, &tx);
}

static enum err sweep_packs(struct ctx *c, struct core *core, size_t *packs)
{
	int64_t before = c->world->clock() / 1000000 - compact_retention(core);
	for (size_t count = BATCH; count == BATCH;) {
		struct arena_mark mark = arena_mark(c->arena);
		struct pack_past *past = NULL;
		DB_TX *tx = NULL;
		TRY(db_begin(c, core->db, DB_READ, &tx));
		TRY(meta_pack_past(c, tx, before, &past, &count));
		db_rollback(&tx);
		for (size_t i = 0; i < count; i++, ++*packs) {
			TRY(ctx_check(c));
			TRY(sweep_one(c, core, &past[i]));
		}
		arena_rewind(c->arena, mark);
	}
	return OK;
}

enum err compact_sweep(struct ctx *c, struct core *core, size_t *packs, size_t *blobs)
{
	struct arena arena, *request = c->arena;
	struct fsck_run run = {.core = core, .prune = true, .prune_age = ORPHAN_AGE};
	*packs = *blobs = 0;
	arena_init(&arena);
	c->arena = &arena;
	enum err err = sweep_packs(c, core, packs);
	if (!err)
		err = fsck_orphans(c, &run);
	c->arena = request;
	arena_done(&arena);
	*blobs = run.pruned;
	return err;
}

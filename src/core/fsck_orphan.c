#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "core/fsck.h"
#include "meta/pack.h"
#include "meta/repo.h"

enum { PAGE = 100 };

struct found {
	VEC_OF(struct blob_entry) blobs;
};

static enum err take_blob(struct ctx *c, void *arg, const struct blob_entry *entry)
{
	struct found *f = arg;
	struct blob_entry *to = vec_push(&f->blobs);
	*to = *entry;
	to->key = str_of(str_dup(f->blobs.arena, entry->key));
	return ctx_check(c);
}

static enum err know_packs(struct ctx *c, struct core *core, struct db_tx *tx,
	const struct repo *repo, struct map *known)
{
	static const enum pack_state states[] = {PACK_LIVE, PACK_RETIRED};
	for (size_t s = 0; s < sizeof states / sizeof *states; s++) {
		struct pack_row *rows;
		size_t count;
		TRY(meta_pack_list(c, tx, repo, states[s], &rows, &count));
		for (size_t i = 0; i < count; i++) {
			const char *instance = core->instance;
			if (rows[i].in_row)
				continue;
			*map_put(known,
				str_of(meta_pack_key(c, instance, repo->id, &rows[i].id, "pack"))) =
				known;
			*map_put(known,
				str_of(meta_pack_key(c, instance, repo->id, &rows[i].id, "idx"))) =
				known;
		}
	}
	return OK;
}

static enum err know_all(struct ctx *c, struct core *core, struct db_tx *tx, struct map *known)
{
	struct meta_repo_page page = {.limit = PAGE};
	for (size_t count = PAGE; count == PAGE;) {
		struct repo *repos;
		TRY(meta_repo_list(c, tx, &page, &repos, &count));
		for (size_t i = 0; i < count; i++)
			TRY(know_packs(c, core, tx, &repos[i], known));
		if (count)
			page.after = repos[count - 1].name;
	}
	return OK;
}

static enum err look_at(struct ctx *c, struct fsck_run *run, const struct blob_entry *blob)
{
	int64_t age = c->world->clock() / 1000000 - blob->modified;
	run->orphans++;
	run->orphan_bytes += blob->size;
	if (!run->prune || age < run->prune_age)
		return OK;
	TRY(blob_remove(c, run->core->blob, blob->key.at));
	run->pruned++;
	return OK;
}

/*
 * Blobs are listed before the catalogue is read: one that a push has just stored is known then, or
 * young. To remove, no push may commit meanwhile: it sees in its own transaction that its blob is there.
 */
static enum err check_orphans(struct ctx *c, struct fsck_run *run)
{
	struct core *core = run->core;
	struct found found = {.blobs.arena = c->arena};
	struct map known = {.arena = c->arena};
	const char *prefix = arena_fmt(c->arena, "%s/", core->instance);
	DB_TX *tx = NULL;
	TRY(blob_list(c, core->blob, prefix, take_blob, &found));
	TRY(db_begin(c, core->db, run->prune ? DB_WRITE : DB_READ, &tx));
	TRY(know_all(c, core, tx, &known));
	for (size_t i = 0; i < found.blobs.len; i++) {
		if (!map_get(&known, found.blobs.at[i].key))
			TRY(look_at(c, run, &found.blobs.at[i]));
	}
	return OK;
}

static enum err check_repos(struct ctx *c, struct fsck_run *run)
{
	struct meta_repo_page page = {.limit = PAGE};
	for (size_t count = PAGE; count == PAGE;) {
		struct repo *repos;
		DB_TX *tx = NULL;
		TRY(db_begin(c, run->core->db, DB_READ, &tx));
		TRY(meta_repo_list(c, tx, &page, &repos, &count));
		db_rollback(&tx);
		for (size_t i = 0; i < count; i++)
			TRY(fsck_repo(c, run, &repos[i]));
		if (count)
			page.after = repos[count - 1].name;
	}
	return OK;
}

enum err fsck_instance(struct ctx *c, struct fsck_run *run)
{
	TRY(check_repos(c, run));
	return check_orphans(c, run);
}

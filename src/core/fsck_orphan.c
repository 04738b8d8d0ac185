#include "base/buf.h"
#include "base/hex.h"
#include "base/map.h"
#include "base/vec.h"
#include "core/fsck.h"
#include "core/keep.h"
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

static void know_file(struct ctx *c, struct core *core, int64_t repo_id, const struct pack_row *row,
	const char *suffix, struct map *known)
{
	*map_put(known, str_of(meta_pack_key(c, core->instance, repo_id, &row->id, suffix))) =
		known;
}

static void know_pack(struct ctx *c, struct core *core, int64_t repo_id, const struct pack_row *row,
	struct map *known)
{
	for (size_t i = 0; i < PACK_DERIVED_FILES; i++)
		if (row->derived & META_PACK_DERIVED[i].flag)
			know_file(c, core, repo_id, row,
				meta_pack_derived_suffix(
					c, row->derived, META_PACK_DERIVED[i].suffix),
				known);
	if (row->in_row)
		return;
	know_file(c, core, repo_id, row, "pack", known);
	know_file(c, core, repo_id, row, "idx", known);
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
			know_pack(c, core, repo->id, &rows[i], known);
		}
	}
	return OK;
}

static enum err know_all(struct ctx *c, struct core *core, struct db_tx *tx, struct map *known)
{
	int64_t after = 0;
	for (size_t count = PAGE; count == PAGE;) {
		struct repo *repos;
		TRY(meta_repo_every(c, tx, after, &repos, &count));
		for (size_t i = 0; i < count; i++)
			TRY(know_packs(c, core, tx, &repos[i], known));
		if (count)
			after = repos[count - 1].id;
	}
	return OK;
}

/* "INSTANCE/17/pack/HASH.pack" -> 17, HASH, "pack". */
static bool parse_key(struct str key, int64_t *repo_id, struct str *hash, struct str *suffix)
{
	uint64_t id;
	(void)str_cut(&key, '/');
	if (!str_to_u64(str_cut(&key, '/'), &id) || !str_skip(&key, STR("pack/")))
		return false;
	*repo_id = (int64_t)id;
	*hash = str_cut(&key, '.');
	*suffix = key;
	return hash->len % 2 == 0 && hash->len <= 2 * HASH_MAX;
}

static bool is_known(struct ctx *c, const struct pack_files *files, struct str suffix)
{
	bool known = files->pack && (str_is(suffix, "pack") || str_is(suffix, "idx"));
	for (size_t i = 0; i < PACK_DERIVED_FILES; i++)
		known = known || (files->derived & META_PACK_DERIVED[i].flag &&
					 str_is(suffix, meta_pack_derived_suffix(c, files->derived,
								META_PACK_DERIVED[i].suffix)));
	return known;
}

/* A push that is about to name the blob keeps it. One that has committed since the catalogue was read
 * has made it known. */
static enum err remove_unless_known(
	struct ctx *c, struct fsck_run *run, const struct blob_entry *blob)
{
	uint8_t bytes[HASH_MAX];
	int64_t repo_id = 0;
	struct str hex, suffix = {0};
	struct pack_files files = {0};
	DB_TX *tx = NULL;
	struct removal removal;
	bool kept, ours = parse_key(blob->key, &repo_id, &hex, &suffix);
	TRY(db_begin_on(c, run->core->db, ours ? repo_id : DB_ALL, &tx));
	TRY(removal_take(c, tx, repo_id, ours ? hex : STR("other"), &removal, &kept));
	if (kept)
		return OK;
	if (ours && hex_decode(hex.at, hex.len / 2, bytes))
		TRY(meta_pack_files(c, tx, repo_id, str_from(bytes, hex.len / 2), &files));
	if (is_known(c, &files, suffix))
		return OK;
	TRY(db_commit(c, &tx));
	removal_begin(c, &removal);
	TRY(removal_end(c, &removal, blob_remove(c, run->core->blob, blob->key.at)));
	run->pruned++;
	return OK;
}

static enum err look_at(struct ctx *c, struct fsck_run *run, const struct blob_entry *blob)
{
	run->orphans++;
	run->orphan_bytes += blob->size;
	return run->prune && blob->age >= run->prune_age ? remove_unless_known(c, run, blob) : OK;
}

/*
 * Blobs are listed before the catalogue is read: one that a push has just stored is known then, or
 * young.
 */
enum err fsck_orphans(struct ctx *c, struct fsck_run *run)
{
	struct core *core = run->core;
	struct found found = {.blobs.arena = c->arena};
	struct map known = {.arena = c->arena};
	const char *prefix = arena_fmt(c->arena, "%s/", core->instance);
	DB_TX *tx = NULL;
	TRY(blob_list(c, core->blob, prefix, take_blob, &found));
	TRY(db_begin(c, core->db, DB_READ, &tx));
	TRY(know_all(c, core, tx, &known));
	db_rollback(&tx);
	for (size_t i = 0; i < found.blobs.len; i++) {
		if (!map_get(&known, found.blobs.at[i].key))
			TRY(look_at(c, run, &found.blobs.at[i]));
	}
	return OK;
}

static enum err check_repos(struct ctx *c, struct fsck_run *run)
{
	int64_t after = 0;
	for (size_t count = PAGE; count == PAGE;) {
		struct repo *repos;
		DB_TX *tx = NULL;
		TRY(db_begin(c, run->core->db, DB_READ, &tx));
		TRY(meta_repo_every(c, tx, after, &repos, &count));
		db_rollback(&tx);
		for (size_t i = 0; i < count; i++)
			TRY(fsck_repo(c, run, &repos[i]));
		if (count)
			after = repos[count - 1].id;
	}
	return OK;
}

enum err fsck_instance(struct ctx *c, struct fsck_run *run)
{
	TRY(check_repos(c, run));
	return fsck_orphans(c, run);
}

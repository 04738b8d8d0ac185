#include "core/compact.h"

#include "base/buf.h"
#include "base/hex.h"
#include "base/map.h"
#include "core/compact_parts.h"
#include "meta/repo.h"

enum {
	LEASE_SECONDS = 120,
	RENEW_MICROSECONDS = 30 * 1000000,
	RETENTION_DEFAULT = 14 * 24 * 3600,
	HOLDER_BYTES = 12,
	STEP_EVERY = 256,
};

static const uint64_t number_mask = 0xffffffffffff;

int64_t compact_retention(const struct core *core)
{
	int64_t given = core->limits.retention_seconds;
	return given ? given : RETENTION_DEFAULT;
}

const char *compact_retention_text(struct ctx *c, const struct core *core)
{
	static const struct {
		const char *name;
		long long seconds;
	} units[] = {{"day", 24 * 3600}, {"hour", 3600}, {"minute", 60}, {"second", 1}};
	long long seconds = compact_retention(core);
	size_t at = 0;
	while (seconds % units[at].seconds)
		at++;
	long long count = seconds / units[at].seconds;
	return arena_fmt(c->arena, "%lld %s%s", count, units[at].name, count == 1 ? "" : "s");
}

static enum err lease_take(struct ctx *c, struct compacting *k)
{
	bool taken = false;
	DB_TX *tx = NULL;
	TRY(db_begin_on(c, k->run->core->db, k->repo.id, &tx));
	TRY(meta_lease_take(c, tx, &k->lease, LEASE_SECONDS, &taken));
	if (!taken)
		return fail(c, ERR_UNAVAILABLE, "another process is compacting \"%.*s\"",
			STR_FMT(k->repo.name));
	k->renew = c->world->monotonic() + RENEW_MICROSECONDS;
	return db_commit(c, &tx);
}

/* What goes wrong here only costs time: the lease ends by itself. */
static void lease_give(struct ctx *c, struct compacting *k)
{
	struct error error = c->error;
	DB_TX *tx = NULL;
	enum err err = db_begin_on(c, k->run->core->db, k->repo.id, &tx);
	if (!err)
		err = meta_lease_give(c, tx, &k->lease);
	if (!err)
		err = db_commit(c, &tx);
	(void)err;
	c->error = error;
}

enum err compact_step(
	struct ctx *c, struct compacting *k, const char *stage, uint64_t done, uint64_t all)
{
	TRY(ctx_check(c));
	if (c->world->monotonic() > k->renew) {
		struct arena_mark mark = arena_mark(c->arena);
		TRY(lease_take(c, k));
		arena_rewind(c->arena, mark);
	}
	const struct compact_run *run = k->run;
	return run->progress ? run->progress(c, run->arg, k->repo.name, stage, done, all) : OK;
}

static enum err repack_step(
	struct ctx *c, struct repack_progress *self, const char *stage, uint64_t done, uint64_t all)
{
	return compact_step(c, (struct compacting *)self, stage, done, all);
}

static enum err receive_step(struct ctx *c, struct receive_progress *self, enum receive_stage stage,
	uint32_t done, uint32_t all)
{
	static const char *const names[] = {
		[RECEIVE_OBJECTS] = "Checking objects",
		[RECEIVE_DELTAS] = "Checking deltas",
		[RECEIVE_LINKS] = "Checking links",
	};
	char *at = (char *)self - offsetof(struct compacting, receive);
	if (done % STEP_EVERY && done != all)
		return OK;
	return compact_step(c, (struct compacting *)at, names[stage], done, all);
}

/* The packs of the snapshot in the order of the rows. */
static void match_packs(struct ctx *c, struct compacting *k)
{
	struct map open = {.arena = c->arena};
	for (size_t i = 0; i < k->snapshot->odb.count; i++) {
		struct pack *pack = k->snapshot->odb.packs[i];
		*map_put(&open, str_of(pack->name)) = pack;
	}
	for (size_t i = 0; i < k->row_count; i++) {
		char hex[OID_HEX_MAX];
		k->packs[i] = map_get(&open, str_of(oid_hex(&k->rows[i].id, hex)));
		ASSERT(k->packs[i]);
	}
}

/* The repository as it is now: everything that follows is about this version. */
static enum err look(struct ctx *c, struct compacting *k)
{
	DB_TX *tx = NULL;
	TRY(db_begin(c, k->run->core->db, DB_READ, &tx));
	TRY(meta_repo_get(c, tx, k->repo.id, &k->repo));
	k->now = db_now(tx);
	TRY(meta_pack_list(c, tx, &k->repo, PACK_LIVE, &k->rows, &k->row_count));
	TRY(snapshot_get(c, k->run->core, tx, &k->repo, &k->snapshot));
	k->packs = NEW_ARRAY(c->arena, struct pack *, k->row_count);
	k->source = NEW_ARRAY(c->arena, bool, k->row_count);
	match_packs(c, k);
	return OK;
}

static enum compact_kind plan(struct compacting *k)
{
	int64_t retention = compact_retention(k->run->core);
	if (!k->run->full)
		return compact_plan(k->rows, k->row_count, k->now, retention, k->source);
	compact_plan_full(k->row_count, k->source);
	return k->row_count ? COMPACT_FULL : COMPACT_NOTHING;
}

/* What is stored of a new pack, and under which suffix; idx and pack last, by which it counts. */
struct file {
	struct spool *spool; /* NULL: it has none */
	const char *suffix;
	unsigned derived;
};

enum { FILES = 5 };

static void files_of(
	struct ctx *c, const struct compacting *k, const struct made *m, struct file files[FILES])
{
	files[0] = (struct file){m->bitmap, PACK_BITMAP_SUFFIX, PACK_BITMAP};
	files[1] = (struct file){m->graph, PACK_COMMIT_GRAPH_SUFFIX, PACK_COMMIT_GRAPH};
	files[2] = (struct file){m->midx, PACK_MIDX_SUFFIX, PACK_MIDX};
	files[3] = (struct file){m->idx, "idx", 0};
	files[4] = (struct file){m->bytes, "pack", 0};
	for (size_t i = 0; i < FILES; i++)
		if (files[i].derived)
			files[i].suffix = meta_pack_derived_suffix(c, k->number, files[i].suffix);
}

static const char *key_of(
	struct ctx *c, const struct compacting *k, const struct made *m, const char *suffix)
{
	return meta_pack_key(c, k->run->core->instance, k->repo.id, &m->id, suffix);
}

static enum err publish_one(struct ctx *c, struct compacting *k, struct made *m)
{
	const struct core *core = k->run->core;
	struct file files[FILES];
	TRY(keep_take(c, core->db, k->repo.id, &m->id, &m->keep));
	files_of(c, k, m, files);
	for (size_t f = 0; f < FILES; f++) {
		if (!files[f].spool)
			continue;
		/* Each may take long, and prolongs the lease before. */
		TRY(compact_step(c, k, "Storing packs", f, FILES));
		TRY_WHILE(c,
			blob_publish(
				c, core->blob, files[f].spool, key_of(c, k, m, files[f].suffix)),
			"storing the %s of a new pack", files[f].suffix);
	}
	return OK;
}

static enum err publish(struct ctx *c, struct compacting *k)
{
	for (size_t i = 0; i < k->made_count; i++)
		TRY(publish_one(c, k, &k->made[i]));
	return OK;
}

static enum err still_ours(struct ctx *c, struct compacting *k, struct db_tx *tx)
{
	bool held = false;
	struct repo now;
	TRY(meta_lease_held(c, tx, &k->lease, &held));
	if (!held)
		return fail(c, ERR_CONFLICT, "another process took \"%.*s\" over",
			STR_FMT(k->repo.name));
	TRY(meta_repo_get(c, tx, k->repo.id, &now));
	/* Somebody may use now what nothing used. */
	if (k->run->dropped && now.version != k->repo.version)
		return fail(
			c, ERR_CONFLICT, "\"%.*s\" was pushed to meanwhile", STR_FMT(k->repo.name));
	return OK;
}

static enum err retire(struct ctx *c, struct compacting *k, struct db_tx *tx)
{
	for (size_t i = 0; i < k->row_count; i++) {
		bool done = true;
		if (!k->source[i])
			continue;
		TRY(meta_pack_retire(c, tx, k->repo.id, &k->rows[i].id, db_now(tx), &done));
		if (!done)
			return fail(c, ERR_CONFLICT, "a pack of \"%.*s\" was replaced meanwhile",
				STR_FMT(k->repo.name));
	}
	return OK;
}

/* One that is the same as before, byte by byte, becomes live again by this, and is what it is now. */
static enum err add(struct ctx *c, struct compacting *k, struct db_tx *tx, struct made *m)
{
	struct pack_row row = {
		.id = m->id,
		.bytes = m->bytes->extent.size,
		.objects = m->count,
		.kind = m->kind,
		.state = PACK_LIVE,
		.created = m->created,
	};
	struct file files[FILES];
	files_of(c, k, m, files);
	for (size_t f = 0; f < FILES; f++) {
		if (files[f].spool && files[f].derived)
			row.derived |= files[f].derived | k->number;
	}
	TRY(keep_end(c, tx, &m->keep));
	TRY(meta_pack_add(c, tx, k->repo.id, &row, NULL));
	return meta_pack_set_made(c, tx, k->repo.id, &row);
}

static enum err commit(struct ctx *c, struct compacting *k)
{
	int64_t version;
	DB_TX *tx = NULL;
	TRY(db_begin_on(c, k->run->core->db, k->repo.id, &tx));
	TRY(still_ours(c, k, tx));
	TRY(retire(c, k, tx));
	for (size_t i = 0; i < k->made_count; i++)
		TRY(add(c, k, tx, &k->made[i]));
	TRY(meta_repo_bump_version(c, tx, k->repo.id, &version));
	if (k->run->dropped)
		TRY(meta_repo_set_shed(c, tx, k->repo.id, version));
	return db_commit(c, &tx);
}

/* The blob store is asked before, so that nobody waits for it in the transaction. */
static enum err store(struct ctx *c, struct compacting *k)
{
	enum err err = publish(c, k);
	if (!err)
		err = commit(c, k);
	for (size_t i = 0; i < k->made_count; i++)
		keep_give(c, &k->made[i].keep);
	return err;
}

static bool is_made_again(const struct compacting *k, const struct pack_row *row)
{
	bool again = false;
	for (size_t i = 0; i < k->made_count; i++)
		again = again || oid_eq(&k->made[i].id, &row->id);
	return again;
}

/*
 * What lay beside a pack that came again, and has been left by its row. Whoever is about to open it
 * does without; what is not removed now is an orphan.
 */
static void remove_replaced(struct ctx *c, struct compacting *k)
{
	const struct core *core = k->run->core;
	for (size_t i = 0; i < k->row_count; i++) {
		const struct pack_row *row = &k->rows[i];
		for (size_t f = 0; f < PACK_DERIVED_FILES && is_made_again(k, row); f++) {
			if (!(row->derived & META_PACK_DERIVED[f].flag))
				continue;
			const char *suffix = meta_pack_derived_suffix(
				c, row->derived, META_PACK_DERIVED[f].suffix);
			if (blob_remove(c, core->blob,
				    meta_pack_key(c, core->instance, k->repo.id, &row->id, suffix)))
				ctx_clear(c);
		}
	}
}

static void count(struct compacting *k)
{
	struct compact_run *run = k->run;
	run->packs_after = run->packs_before = k->row_count;
	for (size_t i = 0; i < k->row_count; i++) {
		run->bytes_before += k->rows[i].bytes;
		run->packs_after -= k->source[i];
		run->bytes_after += k->source[i] ? 0 : k->rows[i].bytes;
	}
	for (size_t i = 0; i < k->made_count; i++) {
		run->packs_after++;
		run->bytes_after += k->made[i].bytes->extent.size;
	}
}

/* The one who compacts is also the first to read what came of it: so nobody waits for that. */
static enum err warm(struct ctx *c, struct compacting *k)
{
	SNAPSHOT *fresh = NULL;
	DB_TX *tx = NULL;
	struct repo now;
	TRY(db_begin(c, k->run->core->db, DB_READ, &tx));
	TRY(meta_repo_get(c, tx, k->repo.id, &now));
	return snapshot_get(c, k->run->core, tx, &now, &fresh);
}

static enum err make_full(struct ctx *c, struct compacting *k)
{
	TRY(compact_make_full(c, k));
	return compact_derive(c, k);
}

static enum err compact_held(struct ctx *c, struct compacting *k)
{
	struct compact_run *run = k->run;
	TRY(look(c, k));
	run->kind = plan(k);
	if (run->kind == COMPACT_FULL)
		TRY(make_full(c, k));
	else if (run->kind == COMPACT_ROLL)
		TRY(compact_make_roll(c, k));
	count(k);
	if (run->kind == COMPACT_NOTHING)
		return OK;
	TRY(store(c, k));
	/* It is done, whatever comes of this. */
	remove_replaced(c, k);
	if (warm(c, k))
		ctx_clear(c);
	return OK;
}

static enum err compact_in(struct ctx *c, struct compacting *k)
{
	uint8_t random[HOLDER_BYTES];
	uint64_t number;
	char *holder = arena_alloc(c->arena, 2 * sizeof random + 1);
	c->world->random(random, sizeof random);
	c->world->random(&number, sizeof number);
	k->number = (number & number_mask) << PACK_DERIVED_NUMBER;
	hex_encode(random, sizeof random, holder);
	k->lease.holder = str_of(holder);
	k->lease.name = str_of(arena_fmt(c->arena, "compact/%lld", (long long)k->repo.id));
	TRY(lease_take(c, k));
	enum err err = compact_held(c, k);
	lease_give(c, k);
	return err;
}

/* Can anything be due? Asked without a lease, because it mostly is not. */
static enum err is_due(struct ctx *c, struct compacting *k, bool *due)
{
	DB_TX *tx = NULL;
	TRY(db_begin(c, k->run->core->db, DB_READ, &tx));
	TRY(meta_pack_list(c, tx, &k->repo, PACK_LIVE, &k->rows, &k->row_count));
	k->now = db_now(tx);
	k->source = NEW_ARRAY(c->arena, bool, k->row_count);
	*due = plan(k) != COMPACT_NOTHING;
	if (!*due)
		count(k);
	return OK;
}

enum err compact_repo(struct ctx *c, struct compact_run *run, const struct repo *repo)
{
	struct arena arena, *request = c->arena;
	struct compacting k = {
		.repack = {repack_step}, .receive = {receive_step}, .run = run, .repo = *repo};
	bool due = false;
	run->kind = COMPACT_NOTHING;
	run->packs_before = run->packs_after = 0;
	run->bytes_before = run->bytes_after = run->dropped = 0;
	arena_init(&arena);
	c->arena = &arena;
	enum err err = is_due(c, &k, &due);
	if (!err && due)
		err = compact_in(c, &k);
	c->arena = request;
	for (size_t i = 0; i < MADE_MAX; i++)
		compact_made_close(&k.made[i]);
	snapshot_release(&k.snapshot);
	arena_done(&arena);
	return err_stored(c, err);
}

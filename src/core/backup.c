#include "core/backup.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/hex.h"
#include "core/keep.h"
#include "meta/pack.h"
#include "meta/repo.h"

enum {
	STEP = 1 << 20,
	PAGE = 100,
	GUARD_SECONDS = 2 * 3600,
	GUARD_RENEW_US = 600 * 1000000,
};

/* One repository of the copy. */
struct backup_repo {
	struct backup *backup;
	const struct repo *repo;
	bool gone; /* deleted from the instance since the database was copied */
};

static enum err copy_bytes(struct ctx *c, struct extent *from, struct spool *to)
{
	for (uint64_t at = 0; at < from->size;) {
		size_t len = from->size - at < STEP ? (size_t)(from->size - at) : STEP;
		const uint8_t *bytes;
		TRY(ctx_check(c));
		TRY(extent_window(c, from, at, len, &bytes));
		TRY(spool_append(c, to, bytes, len));
		at += len;
	}
	return OK;
}

/* Both a pack and its index end with the hash of all that comes before. */
static enum err check_trailer(
	struct ctx *c, struct extent *e, enum hash_algo algo, uint8_t digest[HASH_MAX])
{
	size_t size = hash_size(algo);
	const uint8_t *bytes;
	struct hash hash;
	if (e->size < size)
		return fail(c, ERR_CORRUPT, "it has only %llu bytes", (unsigned long long)e->size);
	hash_init(&hash, algo);
	for (uint64_t at = 0; at < e->size - size;) {
		uint64_t left = e->size - size - at;
		size_t len = left < STEP ? (size_t)left : STEP;
		TRY(ctx_check(c));
		TRY(extent_window(c, e, at, len, &bytes));
		hash_update(&hash, bytes, len);
		at += len;
	}
	hash_final(&hash, digest);
	TRY(extent_window(c, e, e->size - size, size, &bytes));
	if (memcmp(bytes, digest, size) != 0)
		return fail(c, ERR_CORRUPT, "its content is not what its own checksum says");
	return OK;
}

/* One file of a pack: how it is known that it is whole. */
struct pack_part {
	const char *key;
	enum hash_algo algo;
	uint64_t size;       /* 0: any */
	const uint8_t *hash; /* NULL: any */
};

static enum err check_part(struct ctx *c, const struct pack_part *part, struct extent *e)
{
	uint8_t digest[HASH_MAX];
	TRY(check_trailer(c, e, part->algo, digest));
	if (part->hash && memcmp(digest, part->hash, hash_size(part->algo)) != 0)
		return fail(c, ERR_CORRUPT, "it is another pack");
	return OK;
}

/* Nothing gets its name in the target that is not what the name says; `part` NULL: it may be any. */
static enum err fill_and_publish(struct ctx *c, struct backup *b, const char *key,
	const struct pack_part *part, struct extent *from)
{
	struct spool *to = NULL;
	TRY(blob_create(c, b->to, &to));
	enum err e = copy_bytes(c, from, to);
	if (!e && part)
		e = check_part(c, part, &to->extent);
	if (e == ERR_CORRUPT)
		fail_while(c, e, "checking the copy of \"%s\"", key);
	if (!e)
		e = blob_publish(c, b->to, to, key);
	extent_close(&to->extent);
	return e;
}

static enum err copy_blob(
	struct ctx *c, struct backup *b, const char *key, const struct pack_part *part)
{
	struct extent *from = NULL;
	TRY(blob_open(c, b->from, key, &from));
	enum err e = fill_and_publish(c, b, key, part, from);
	extent_close(from);
	return e;
}

/* Is it in the target, and whole as far as that is looked at? One that is not is removed. */
static enum err is_there(struct ctx *c, struct backup *b, const struct pack_part *part, bool *there)
{
	struct extent *e = NULL;
	enum err err = blob_open(c, b->to, part->key, &e);
	*there = !err;
	if (err == ERR_NOT_FOUND) {
		ctx_clear(c);
		return OK;
	}
	TRY(err);
	if (part->size && e->size != part->size)
		err = ERR_CORRUPT;
	else if (b->check_all)
		err = check_part(c, part, e);
	extent_close(e);
	if (err != ERR_CORRUPT)
		return err;
	ctx_clear(c);
	*there = false;
	return blob_remove(c, b->to, part->key);
}

static enum err copy_part(
	struct ctx *c, struct backup *b, const struct pack_part *part, bool *copied)
{
	bool there;
	TRY(is_there(c, b, part, &there));
	*copied = !there;
	return there ? OK : copy_blob(c, b, part->key, part);
}

/* What was made from packs is nice to have: it can be made again, and may go at any time. */
static enum err copy_derived(struct ctx *c, struct backup_repo *r, const struct pack_row *row)
{
	struct backup *b = r->backup;
	for (size_t i = 0; i < PACK_DERIVED_FILES; i++) {
		struct extent *there;
		if (!(row->derived & META_PACK_DERIVED[i].flag))
			continue;
		const char *key = meta_pack_key(c, b->instance, r->repo->id, &row->id,
			meta_pack_derived_suffix(c, row->derived, META_PACK_DERIVED[i].suffix));
		if (!blob_open(c, b->to, key, &there)) {
			extent_close(there);
			continue;
		}
		ctx_clear(c);
		enum err e = copy_blob(c, b, key, NULL);
		if (e && e != ERR_NOT_FOUND)
			return e;
		ctx_clear(c);
	}
	return OK;
}

static enum err copy_pack(struct ctx *c, struct backup_repo *r, const struct pack_row *row)
{
	struct backup *b = r->backup;
	struct pack_part pack = {.algo = r->repo->object_format}, idx = pack;
	bool copied, with_idx;
	pack.key = meta_pack_key(c, b->instance, r->repo->id, &row->id, "pack");
	pack.size = row->bytes;
	pack.hash = row->id.hash;
	idx.key = meta_pack_key(c, b->instance, r->repo->id, &row->id, "idx");
	TRY(copy_part(c, b, &pack, &copied));
	TRY(copy_part(c, b, &idx, &with_idx));
	b->packs++;
	b->bytes += row->bytes;
	b->new_packs += copied;
	b->new_bytes += copied ? row->bytes : 0;
	return OK;
}

static enum err copy_packs(struct ctx *c, struct backup_repo *r, enum pack_state state)
{
	struct pack_row *rows;
	size_t count;
	DB_TX *tx = NULL;
	TRY(db_begin(c, r->backup->database, DB_READ, &tx));
	TRY(meta_pack_list(c, tx, r->repo, state, &rows, &count));
	db_rollback(&tx);
	for (size_t i = 0; i < count; i++) {
		if (!rows[i].in_row)
			TRY(copy_pack(c, r, &rows[i]));
		TRY(copy_derived(c, r, &rows[i]));
	}
	return OK;
}

static enum err is_gone(struct ctx *c, struct backup_repo *r)
{
	struct repo now;
	DB_TX *tx = NULL;
	TRY(db_begin(c, r->backup->live, DB_READ, &tx));
	enum err e = meta_repo_get(c, tx, r->repo->id, &now);
	r->gone = e == ERR_NOT_FOUND;
	if (r->gone)
		ctx_clear(c);
	return r->gone ? OK : e;
}

static enum err drop_repo(struct ctx *c, struct backup_repo *r)
{
	DB_TX *tx = NULL;
	TRY(db_begin(c, r->backup->database, DB_WRITE, &tx));
	TRY(meta_repo_delete(c, tx, r->repo->id));
	return db_commit(c, &tx);
}

static enum err copy_repo(struct ctx *c, struct backup *b, const struct repo *repo)
{
	struct backup_repo r = {.backup = b, .repo = repo};
	enum err e = copy_packs(c, &r, PACK_LIVE);
	if (!e)
		e = copy_packs(c, &r, PACK_RETIRED);
	if (e == ERR_NOT_FOUND && b->live) {
		struct error missing = c->error;
		TRY(is_gone(c, &r));
		if (r.gone)
			return drop_repo(c, &r);
		c->error = missing;
	}
	if (e)
		return fail_while(c, e, "copying %.*s", STR_FMT(repo->name));
	b->repos++;
	return OK;
}

static enum err list_repos(
	struct ctx *c, struct backup *b, int64_t after, struct repo **out, size_t *count)
{
	DB_TX *tx = NULL;
	TRY(db_begin(c, b->database, DB_READ, &tx));
	return meta_repo_every(c, tx, after, out, count);
}

static enum err copy_page(struct ctx *c, struct backup *b, struct repo *repos, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct arena_mark mark = arena_mark(c->arena);
		if (b->progress)
			b->progress(b->arg, repos[i].name, b->done++);
		TRY(err_stored(c, copy_repo(c, b, &repos[i])));
		arena_rewind(c->arena, mark);
	}
	return OK;
}

static enum err copy_pages(struct ctx *c, struct backup *b)
{
	struct arena_mark start = arena_mark(c->arena);
	int64_t after = 0;
	for (size_t count = PAGE; count == PAGE;) {
		struct repo *repos;
		TRY(list_repos(c, b, after, &repos, &count));
		TRY(copy_page(c, b, repos, count));
		if (count)
			after = repos[count - 1].id;
		arena_rewind(c->arena, start);
	}
	return OK;
}

enum err backup_blobs(struct ctx *c, struct backup *b)
{
	struct arena arena, *own = c->arena;
	arena_init(&arena);
	c->arena = &arena;
	enum err e = copy_pages(c, b);
	c->arena = own;
	arena_done(&arena);
	return e;
}

static enum err guard_hold(struct ctx *c, struct backup_guard *guard)
{
	DB_TX *tx = NULL;
	bool taken;
	TRY(db_begin(c, guard->db, DB_WRITE, &tx));
	TRY(meta_lease_take(c, tx, &guard->lease, GUARD_SECONDS, &taken));
	guard->time = db_now(tx);
	ASSERT(taken);
	guard->renewed = c->world->monotonic();
	return db_commit(c, &tx);
}

/* Upkeep that is removing something now is waited for, and what begins later sees the guard. */
enum err backup_guard_take(struct ctx *c, struct db *db, struct backup_guard *guard)
{
	uint8_t random[16];
	char hex[2 * sizeof random];
	c->world->random(random, sizeof random);
	hex_encode(random, sizeof random, hex);
	struct str holder = str_copy(c->arena, str_from(hex, sizeof hex));
	struct str name = str_of(arena_fmt(c->arena, "backup/%.*s", STR_FMT(holder)));
	*guard = (struct backup_guard){.db = db, .lease = {name, holder}};
	TRY(guard_hold(c, guard));
	enum err err = removals_wait(c, db);
	if (err)
		backup_guard_give(c, guard);
	return err;
}

enum err backup_guard_keep(struct ctx *c, void *arg)
{
	struct backup_guard *guard = arg;
	if (c->world->monotonic() - guard->renewed < GUARD_RENEW_US)
		return OK;
	TRY_WHILE(c, guard_hold(c, guard), "telling upkeep that a backup is being made");
	return OK;
}

void backup_guard_give(struct ctx *c, struct backup_guard *guard)
{
	struct error before = c->error;
	DB_TX *tx = NULL;
	enum err e = db_begin(c, guard->db, DB_WRITE, &tx);
	if (!e)
		e = meta_lease_give(c, tx, &guard->lease);
	if (!e)
		e = db_commit(c, &tx);
	c->error = before;
}

enum err backup_guarded(struct ctx *c, struct db_tx *tx, bool *guarded)
{
	return meta_lease_any(c, tx, STR("backup/%"), guarded);
}

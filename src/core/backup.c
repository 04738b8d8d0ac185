#include "core/backup.h"

#include "base/buf.h"
#include "base/hash.h"
#include "meta/pack.h"
#include "meta/repo.h"

enum { STEP = 1 << 20, PAGE = 100 };

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

static enum err copy_blob(struct ctx *c, struct backup *b, const char *key)
{
	struct extent *from = NULL;
	struct spool *to = NULL;
	TRY(blob_open(c, b->core->blob, key, &from));
	enum err e = blob_create(c, b->blobs, &to);
	if (!e)
		e = copy_bytes(c, from, to);
	if (!e)
		e = blob_publish(c, b->blobs, to, key);
	if (to)
		extent_close(&to->extent);
	b->bytes += from->size;
	extent_close(from);
	return e;
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

static enum err check_blob(
	struct ctx *c, struct backup *b, const char *key, enum hash_algo algo, uint8_t *digest)
{
	struct extent *e = NULL;
	TRY(blob_open(c, b->blobs, key, &e));
	enum err failed = check_trailer(c, e, algo, digest);
	extent_close(e);
	if (failed)
		return fail_while(c, failed, "checking the copy of \"%s\"", key);
	return OK;
}

static enum err copy_pack(struct ctx *c, struct backup_repo *r, const struct pack_row *row)
{
	struct backup *b = r->backup;
	enum hash_algo algo = r->repo->object_format;
	uint8_t digest[HASH_MAX];
	const char *pack = meta_pack_key(c, b->core->instance, r->repo->id, &row->id, "pack");
	const char *idx = meta_pack_key(c, b->core->instance, r->repo->id, &row->id, "idx");
	TRY(copy_blob(c, b, pack));
	TRY(copy_blob(c, b, idx));
	TRY(check_blob(c, b, idx, algo, digest));
	TRY(check_blob(c, b, pack, algo, digest));
	if (memcmp(digest, row->id.hash, hash_size(algo)) != 0)
		return fail(c, ERR_CORRUPT, "\"%s\" holds another pack", pack);
	b->packs++;
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
	for (size_t i = 0; i < count; i++)
		if (!rows[i].in_row)
			TRY(copy_pack(c, r, &rows[i]));
	return OK;
}

static enum err is_gone(struct ctx *c, struct backup_repo *r)
{
	struct repo now;
	DB_TX *tx = NULL;
	TRY(db_begin(c, r->backup->core->db, DB_READ, &tx));
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
	if (e == ERR_NOT_FOUND) {
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

enum err backup_blobs(struct ctx *c, struct backup *b)
{
	int64_t after = 0;
	size_t done = 0;
	for (size_t count = PAGE; count == PAGE;) {
		struct repo *repos;
		TRY(list_repos(c, b, after, &repos, &count));
		for (size_t i = 0; i < count; i++) {
			if (b->progress)
				b->progress(b->arg, repos[i].name, done++);
			TRY(err_stored(c, copy_repo(c, b, &repos[i])));
			after = repos[i].id;
		}
	}
	return OK;
}

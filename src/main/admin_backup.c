#include "core/backup_set.h"
#include "driver/driver.h"
#include "main/admin.h"
#include "main/copy.h"
#include "main/lock.h"
#include "main/place.h"
#include "meta/migrate.h"
#include "os/file.h"

/* A backup that is being made or restored. */
struct backing {
	struct backup blobs;
	struct backup_manifest manifest;
	struct backup_guard guard;
	const char *scratch; /* the file of the backup's database, ours while we have this lock */
	int lock;
	int64_t rows;
};

/* The database first, then what it names: whatever was acknowledged before is in both. */
static enum err copy_out(struct ctx *c, struct admin *admin, struct backing *b)
{
	struct db *live = admin->core.db;
	TRY(db_sqlite_open(c, b->scratch, &b->blobs.database));
	TRY(meta_migrate(c, b->blobs.database));
	b->manifest.time = b->guard.time;
	TRY_WHILE(
		c, copy_rows(c, live, b->blobs.database, false, &b->rows), "copying the database");
	TRY(backup_set_next(c, b->blobs.to, &b->manifest));
	b->blobs.live = live;
	b->blobs.instance = admin->core.instance;
	b->blobs.progress = copy_show_repo;
	c->working = backup_guard_keep;
	c->working_arg = &b->guard;
	enum err e = backup_blobs(c, &b->blobs);
	c->working = NULL;
	copy_done();
	return e;
}

static enum err guarded_copy_out(struct ctx *c, struct admin *admin, struct backing *b)
{
	TRY(backup_guard_take(c, admin->core.db, &b->guard));
	enum err e = copy_out(c, admin, b);
	backup_guard_give(c, &b->guard);
	return e;
}

static enum err publish(struct ctx *c, struct backing *b)
{
	struct copied_file file = {b->scratch, backup_set_key(c, b->manifest.id, "db"), 0, {0}};
	db_close(b->blobs.database); /* now all of it is in the one file */
	b->blobs.database = NULL;
	TRY_WHILE(c, copy_from_file(c, b->blobs.to, &file), "storing the copied database");
	b->manifest.bytes = file.bytes;
	memcpy(b->manifest.hash, file.hash, sizeof file.hash);
	b->manifest.schema = meta_schema_version();
	b->manifest.repos = (int64_t)b->blobs.repos;
	b->manifest.packs = (int64_t)b->blobs.packs;
	b->manifest.pack_bytes = (int64_t)b->blobs.bytes;
	return backup_set_add(c, b->blobs.to, &b->manifest);
}

static enum err back_up(struct ctx *c, struct admin *admin, const char *place, struct backing *b)
{
	const char *data = admin->run->config.data;
	const char *own = drivers_blob_place(c, &admin->run->config);
	TRY(lock_copying(c, data, &b->lock));
	TRY(copy_scratch(c, data, &b->scratch));
	if (place_same(own, place))
		return fail(
			c, ERR_INVALID, "%s is where this instance itself has its packs", place);
	/* Not by way of a cache: what is read once for a backup would push out what is in use. */
	TRY(place_blobs(c, &admin->run->config, own, false, &b->blobs.from));
	TRY(place_blobs(c, &admin->run->config, place, true, &b->blobs.to));
	b->manifest.instance = str_of(admin->core.instance);
	TRY_WHILE(c, backup_set_next(c, b->blobs.to, &b->manifest), "looking into %s", place);
	TRY(guarded_copy_out(c, admin, b));
	return publish(c, b);
}

static void close_all(struct backing *b)
{
	db_close(b->blobs.database);
	if (b->scratch)
		copy_scratch_remove(b->scratch);
	blob_close(b->blobs.from);
	blob_close(b->blobs.to);
	fd_close_at_end(&b->lock);
}

enum err admin_backup(struct ctx *c, struct admin *admin)
{
	const char *place = run_argument(admin->run, "URL_OR_FOLDER");
	struct backing b = {.blobs.check_all = admin_flag(admin, "--check"), .lock = -1};
	enum err e = back_up(c, admin, place, &b);
	close_all(&b);
	TRY(e);
	print("The backup %s has %s and %s of %llu bytes beside the database.\n", b.manifest.id,
		admin_count(c, b.blobs.repos, "repository", "repositories"),
		admin_count(c, b.blobs.packs, "pack", "packs"), (unsigned long long)b.blobs.bytes);
	print("Copied and checked now: %s of %llu bytes.\n",
		admin_count(c, b.blobs.new_packs, "pack", "packs"),
		(unsigned long long)b.blobs.new_bytes);
	return OK;
}

static enum err list(struct ctx *c, struct blob *store)
{
	const char **ids;
	size_t count;
	TRY(backup_set_list(c, store, &ids, &count));
	print("%-30s  %-16s  %12s  %8s  %14s  %14s\n", "BACKUP", "MADE", "REPOSITORIES", "PACKS",
		"PACKS' BYTES", "DATABASE");
	for (size_t i = 0; i < count; i++) {
		struct backup_manifest m;
		TRY(backup_set_read(c, store, ids[i], &m));
		print("%-30s  %-16s  %12lld  %8lld  %14lld  %14lld\n", m.id, admin_time(c, m.time),
			(long long)m.repos, (long long)m.packs, (long long)m.pack_bytes,
			(long long)m.bytes);
	}
	return OK;
}

static enum err choose(struct ctx *c, struct backing *b, const char *id)
{
	const char **ids;
	size_t count;
	if (!id) {
		TRY(backup_set_list(c, b->blobs.from, &ids, &count));
		if (!count)
			return fail(c, ERR_NOT_FOUND, "there is no backup");
		id = ids[count - 1];
	}
	return backup_set_read(c, b->blobs.from, id, &b->manifest);
}

/* The database of the backup, compared with its manifest, at this program's schema. */
static enum err open_database(struct ctx *c, struct backing *b)
{
	struct copied_file file = {b->scratch, backup_set_key(c, b->manifest.id, "db"), 0, {0}};
	TRY(copy_to_file(c, b->blobs.from, &file));
	if (file.bytes != b->manifest.bytes ||
		memcmp(file.hash, b->manifest.hash, hash_size(HASH_SHA256)) != 0)
		return fail(c, ERR_DAMAGED, "\"%s\" is not what its manifest says", file.key);
	TRY(db_sqlite_open(c, b->scratch, &b->blobs.database));
	return meta_migrate(c, b->blobs.database);
}

static enum err copy_in(struct ctx *c, struct backing *b, struct db *to)
{
	TRY(meta_migrate(c, to));
	TRY(copy_need_empty(c, to));
	TRY_WHILE(c, open_database(c, b), "reading the database of %s", b->manifest.id);
	b->blobs.instance = str_dup(c->arena, b->manifest.instance);
	b->blobs.check_all = true;
	b->blobs.progress = copy_show_repo;
	enum err e = backup_blobs(c, &b->blobs);
	copy_done();
	TRY(e);
	return copy_rows(c, b->blobs.database, to, false, &b->rows);
}

static enum err restore(struct ctx *c, struct admin *admin, const char *place, struct backing *b)
{
	const struct config *config = &admin->run->config;
	FD alone = -1;
	TRY(place_blobs(c, config, place, false, &b->blobs.from));
	if (admin_flag(admin, "--list"))
		return list(c, b->blobs.from);
	TRY_WHILE(c, choose(c, b, run_argument(admin->run, "--backup")), "looking into %s", place);
	TRY(lock_copying(c, config->data, &b->lock));
	TRY(lock_alone(c, config->data, &alone));
	TRY(copy_scratch(c, config->data, &b->scratch));
	TRY(drivers_database(c, config, true, &admin->core.db));
	TRY(place_blobs(c, config, drivers_blob_place(c, config), true, &b->blobs.to));
	TRY(copy_in(c, b, admin->core.db));
	print("%s and %s of %llu bytes are restored from %s, and were checked.\n",
		admin_count(c, b->blobs.repos, "repository", "repositories"),
		admin_count(c, b->blobs.packs, "pack", "packs"), (unsigned long long)b->blobs.bytes,
		b->manifest.id);
	return OK;
}

enum err admin_restore(struct ctx *c, struct admin *admin)
{
	struct backing b = {.lock = -1};
	enum err e = restore(c, admin, run_argument(admin->run, "URL_OR_FOLDER"), &b);
	close_all(&b);
	return e;
}

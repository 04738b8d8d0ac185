#include "main/copy.h"

#include "base/buf.h"
#include "meta/instance.h"
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum { STEP = 1 << 20 };

static bool shows(void)
{
	return isatty(STDERR_FILENO);
}

void copy_show_repo(void *arg, struct str repo, size_t done)
{
	(void)arg;
	if (shows())
		fprintf(stderr, "\r\033[K%zu copied, now %.*s", done, STR_FMT(repo));
}

static void show_table(void *arg, const char *table, int64_t rows)
{
	(void)arg;
	if (shows())
		fprintf(stderr, "\r\033[K%s: %lld rows", table, (long long)rows);
}

void copy_done(void)
{
	if (shows())
		fprintf(stderr, "\r\033[K");
}

static enum err need_empty_in(struct ctx *c, struct db_tx *tx)
{
	const char *used;
	TRY(meta_tables_used(c, tx, &used));
	if (used)
		return fail(c, ERR_EXISTS,
			"the target database is not empty (its table %s has rows): name a new one",
			used);
	return OK;
}

enum err copy_need_empty(struct ctx *c, struct db *db)
{
	DB_TX *tx = NULL;
	TRY(db_begin(c, db, DB_READ, &tx));
	return need_empty_in(c, tx);
}

enum err copy_rows(struct ctx *c, struct db *from, struct db *to, bool leases, int64_t *rows)
{
	struct meta_tables tables = {.progress = show_table};
	DB_TX *reading = NULL, *writing = NULL;
	TRY(db_begin(c, to, DB_WRITE, &writing));
	TRY(need_empty_in(c, writing));
	TRY(db_begin(c, from, DB_READ, &reading));
	enum err e = meta_tables_copy(c, reading, writing, &tables);
	db_rollback(&reading); /* a server ends who is idle in a transaction */
	if (!e)
		e = meta_tables_check(c, writing, &tables);
	copy_done();
	TRY(e);
	*rows = 0;
	for (size_t i = 0; i < META_TABLES; i++)
		*rows += tables.sums[i].rows;
	if (!leases)
		TRY(meta_lease_clear(c, writing));
	return db_commit(c, &writing);
}

enum err copy_instance(struct ctx *c, struct db *db, struct str *id)
{
	DB_TX *tx = NULL;
	TRY(db_begin(c, db, DB_READ, &tx));
	enum err e = meta_instance_get(c, tx, STR("id"), id);
	if (e == ERR_NOT_FOUND)
		return fail(c, e, "there is no instance in that database yet");
	TRY(e);
	*id = str_copy(c->arena, *id);
	return OK;
}

void copy_scratch_remove(const char *path)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		char name[4096];
		fmt_into(name, sizeof name, "%s%s", path, suffixes[i]);
		unlink(name);
	}
}

/* Whoever was killed has left one; the lock says that nobody uses it. */
enum err copy_scratch(struct ctx *c, const char *data, const char **path)
{
	*path = arena_fmt(c->arena, "%s/copying.db", data);
	if (strlen(*path) > 4000)
		return fail(c, ERR_INVALID, "the name of NIMBUS_DATA is too long");
	copy_scratch_remove(*path);
	return OK;
}

static enum err append_file(
	struct ctx *c, struct copied_file *file, struct spool *to, uint8_t *bytes)
{
	struct hash hash;
	FD fd = open(file->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(c, "open", file->path);
	hash_init(&hash, HASH_SHA256);
	for (;;) {
		ssize_t got = read(fd, bytes, STEP);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_errno(c, "read", file->path);
		if (got == 0)
			break;
		TRY(ctx_check(c));
		TRY(spool_append(c, to, bytes, (size_t)got));
		hash_update(&hash, bytes, (size_t)got);
		file->bytes += got;
	}
	hash_final(&hash, file->hash);
	return OK;
}

enum err copy_from_file(struct ctx *c, struct blob *to, struct copied_file *file)
{
	struct spool *spool = NULL;
	uint8_t *bytes = arena_raw(c->arena, STEP);
	file->bytes = 0;
	TRY(blob_create(c, to, &spool));
	enum err e = append_file(c, file, spool, bytes);
	if (!e)
		e = blob_publish(c, to, spool, file->key);
	extent_close(&spool->extent);
	return e;
}

static enum err write_file(struct ctx *c, struct extent *from, struct copied_file *file)
{
	struct hash hash;
	FD fd = open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_errno(c, "create", file->path);
	hash_init(&hash, HASH_SHA256);
	for (uint64_t at = 0; at < from->size;) {
		size_t len = from->size - at < STEP ? (size_t)(from->size - at) : STEP;
		const uint8_t *bytes;
		TRY(ctx_check(c));
		TRY(extent_window(c, from, at, len, &bytes));
		TRY(fd_write_all(c, fd, bytes, len));
		hash_update(&hash, bytes, len);
		at += len;
	}
	hash_final(&hash, file->hash);
	file->bytes = (int64_t)from->size;
	return OK;
}

enum err copy_to_file(struct ctx *c, struct blob *from, struct copied_file *file)
{
	struct extent *extent = NULL;
	TRY(blob_open(c, from, file->key, &extent));
	enum err e = write_file(c, extent, file);
	extent_close(extent);
	return e;
}

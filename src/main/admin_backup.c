#include "core/backup.h"
#include "driver/driver.h"
#include "main/admin.h"
#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static enum err need_empty(struct ctx *c, const char *path)
{
	DIR *folder = opendir(path);
	if (!folder && errno == ENOENT)
		return OK;
	if (!folder)
		return fail_errno(c, "open", path);
	size_t entries = 0;
	while (readdir(folder))
		entries++;
	closedir(folder);
	if (entries > 2)
		return fail(c, ERR_EXISTS, "%s is not empty: name a new folder", path);
	return OK;
}

static void show_progress(void *arg, struct str repo, size_t done)
{
	if (*(const bool *)arg)
		fprintf(stderr, "\r\033[K%zu copied, now %.*s", done, STR_FMT(repo));
}

static enum err copy_all(struct ctx *c, struct admin *admin, const char *folder, struct backup *b)
{
	const char *database = arena_fmt(c->arena, "%s/nimbus.db", folder);
	bool terminal = isatty(STDERR_FILENO);
	struct db *live = admin->core.db;
	TRY(need_empty(c, folder));
	TRY(folder_make(c, folder));
	if (!live->ops->backup)
		return fail(c, ERR_UNSUPPORTED, "this database is backed up by its own tools");
	TRY_WHILE(c, live->ops->backup(c, live, database), "copying the database");
	TRY(db_sqlite_open(c, database, &b->database));
	TRY(blob_local_open(c, arena_fmt(c->arena, "%s/blob", folder), 0, &b->blobs));
	b->progress = show_progress;
	b->arg = &terminal;
	enum err e = backup_blobs(c, b);
	if (terminal)
		fprintf(stderr, "\r\033[K");
	return e;
}

enum err admin_backup(struct ctx *c, struct admin *admin)
{
	const char *folder = run_argument(admin->run, "FOLDER");
	struct backup b = {.core = &admin->core};
	enum err e = copy_all(c, admin, folder, &b);
	blob_close(b.blobs);
	if (b.database)
		b.database->ops->close(b.database);
	TRY(e);
	TRY(folder_sync(c, folder));
	print("%s and %s of %llu bytes beside the database are in %s, and were checked.\n",
		admin_count(c, b.repos, "repository", "repositories"),
		admin_count(c, b.packs, "pack", "packs"), (unsigned long long)b.bytes, folder);
	return OK;
}

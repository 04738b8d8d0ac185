/* What backup, restore and move share: whole databases from one place to another, and how far it is. */
#ifndef MAIN_COPY_H
#define MAIN_COPY_H

#include "base/hash.h"
#include "core/backup.h"
#include "meta/tables.h"

/* ERR_EXISTS when a table has rows. */
enum err copy_need_empty(struct ctx *c, struct db *db) MUST;

/* Copies all rows into `to`, which has this program's schema and no row, in one transaction that sees
 * one moment of `from`; compares them. Without `leases` those are left out. */
enum err copy_rows(struct ctx *c, struct db *from, struct db *to, bool leases, int64_t *rows) MUST;

/* The instance's id; ERR_NOT_FOUND where there is none. */
enum err copy_instance(struct ctx *c, struct db *db, struct str *id) MUST;

/* For backup->progress; shows it where there is a terminal. copy_done clears that line. */
void copy_show_repo(void *arg, struct str repo, size_t done);
void copy_done(void);

/* The file of a database only for the time of a copy; there is none yet. Under lock_copying. */
enum err copy_scratch(struct ctx *c, const char *data, const char **path) MUST;
void copy_scratch_remove(const char *path);

/* A file becomes the blob `key`, or a blob a file; what it was, in bytes and by its SHA-256. */
struct copied_file {
	const char *path, *key;
	int64_t bytes;
	uint8_t hash[HASH_MAX];
};
enum err copy_from_file(struct ctx *c, struct blob *to, struct copied_file *file) MUST;
enum err copy_to_file(struct ctx *c, struct blob *from, struct copied_file *file) MUST;

#endif

/* What the two formats of git/archive.c share. */
#ifndef GIT_ARCHIVE_PARTS_H
#define GIT_ARCHIVE_PARTS_H

#include "base/buf.h"
#include "git/archive.h"

struct archive {
	struct odb_reader *reader;
	const struct archive_query *query;
	struct sink *to;
	uint64_t written;
	struct arena lasting; /* what lives until the end */
	struct buf list;      /* zip: its directory of files */
	uint64_t files;
	uint32_t dos_time;
};

/* One file, folder (its path ends in '/') or link; a submodule is an empty folder. */
struct archive_entry {
	struct str path;
	uint32_t mode;
	struct oid id;
};

enum err archive_put(struct ctx *c, struct archive *a, const void *bytes, size_t len) MUST;

enum err tar_begin(struct ctx *c, struct archive *a) MUST;
enum err tar_entry(struct ctx *c, struct archive *a, const struct archive_entry *e) MUST;
enum err tar_end(struct ctx *c, struct archive *a) MUST;

void zip_begin(struct archive *a);
enum err zip_entry(struct ctx *c, struct archive *a, const struct archive_entry *e) MUST;
enum err zip_end(struct ctx *c, struct archive *a) MUST;

static inline bool archive_is_folder(const struct archive_entry *e)
{
	return e->path.len && e->path.at[e->path.len - 1] == '/';
}

static inline bool archive_is_link(const struct archive_entry *e)
{
	return (e->mode & 0170000) == MODE_SYMLINK;
}

#endif

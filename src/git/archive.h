/*
 * A tree as a tar or a zip file, streamed while it is read: the files, modes and links that
 * `git archive` writes. Memory: one object at a time, and for zip its list of names.
 */
#ifndef GIT_ARCHIVE_H
#define GIT_ARCHIVE_H

#include "git/odb.h"

enum archive_format { ARCHIVE_TAR, ARCHIVE_ZIP };

struct archive_query {
	enum archive_format format;
	struct oid tree;
	struct oid commit; /* noted in the archive; algo 0: none */
	int64_t time;      /* of every file, seconds since 1970 */
	struct str prefix; /* before every path: "name-1.0/" or "" */
};

enum { ARCHIVE_DEPTH_MAX = 512, ARCHIVE_FILES_MAX = 2000000, ARCHIVE_PATH_MAX = 4096 };

/*
 * ERR_TOO_BIG past the caps above, or for a file over reader->object_max that must be read whole (a
 * delta). What was written until then is no archive.
 */
enum err archive_write(struct ctx *c, struct odb_reader *r, const struct archive_query *query,
	struct sink *to) MUST;

#endif

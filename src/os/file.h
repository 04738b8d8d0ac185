/*
 * Files and folders, whole: small ones read into memory, and writes that a crash leaves either done
 * or not.
 */
#ifndef OS_FILE_H
#define OS_FILE_H

#include "base/ctx.h"
#include "base/str.h"

#include <unistd.h>

static inline void fd_close_at_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* A descriptor that is closed at the end of its block: `FD fd = open(…);`; set it to -1 to keep it.
 */
#define FD __attribute__((cleanup(fd_close_at_end))) int

/* The whole file, NUL-terminated besides. ERR_NOT_FOUND; ERR_TOO_BIG over `max` bytes. */
enum err file_read(struct ctx *c, const char *path, size_t max, struct str *out) MUST;

/* Writes all of it at the descriptor's place, however many calls it takes. */
enum err fd_write_all(struct ctx *c, int fd, const void *bytes, size_t len) MUST;

/* Reads `len` bytes that the file has at `at`. ERR_DAMAGED where it ends before. */
enum err fd_read_all(struct ctx *c, int fd, uint64_t at, void *into, size_t len) MUST;

/* Replaces the file by one with these bytes, durably and at once for every reader. */
enum err file_write(struct ctx *c, const char *path, struct str bytes, int mode) MUST;

/* The same for a file that is not there yet: ERR_EXISTS where it is, or another was faster. */
enum err file_make(struct ctx *c, const char *path, struct str bytes, int mode) MUST;

/* Makes the folder and those above it (mode 0700) where they are missing. */
enum err folder_make(struct ctx *c, const char *path) MUST;

/* Makes durable which names are in the folder: after create, rename, unlink. */
enum err folder_sync(struct ctx *c, const char *path) MUST;

/* ERR_NOT_FOUND for ENOENT, DENIED for EACCES …: sets "cannot WHAT PATH: reason" from errno. */
enum err fail_errno(struct ctx *c, const char *what, const char *path);

#endif

#include "os/file.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum err fail_errno(struct ctx *c, const char *what, const char *path)
{
	int error = errno;
	enum err kind = ERR_IO;
	if (error == ENOENT || error == ENOTDIR)
		kind = ERR_NOT_FOUND;
	else if (error == EACCES || error == EPERM || error == EROFS)
		kind = ERR_DENIED;
	else if (error == EEXIST)
		kind = ERR_EXISTS;
	return fail(c, kind, "cannot %s %s: %s", what, path, strerrordesc_np(error));
}

enum err file_read(struct ctx *c, const char *path, size_t max, struct str *out)
{
	FD fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(c, "open", path);
	struct buf bytes = {.arena = c->arena};
	for (;;) {
		buf_reserve(&bytes, 4096);
		ssize_t got = read(fd, bytes.at + bytes.len, bytes.cap - bytes.len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_errno(c, "read", path);
		if (got == 0)
			break;
		bytes.len += (size_t)got;
		if (bytes.len > max)
			return fail(c, ERR_TOO_BIG, "the file %s is over %zu bytes", path, max);
	}
	*out = str_from(buf_text(&bytes), bytes.len);
	return OK;
}

enum err fd_write_all(struct ctx *c, int fd, const void *bytes, size_t len)
{
	const char *at = bytes;
	while (len) {
		ssize_t put = write(fd, at, len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return fail_errno(c, "write", "the file");
		at += put;
		len -= (size_t)put;
	}
	return OK;
}

enum err fd_read_all(struct ctx *c, int fd, uint64_t at, void *into, size_t len)
{
	char *to = into;
	while (len) {
		ssize_t got = pread(fd, to, len, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_errno(c, "read", "the file");
		if (got == 0)
			return fail(c, ERR_DAMAGED, "a stored file is shorter than it was");
		to += got;
		at += (uint64_t)got;
		len -= (size_t)got;
	}
	return OK;
}

/* The folder that `path` is in. */
static const char *folder_of(struct ctx *c, const char *path)
{
	struct str all = str_of(path);
	size_t slash = str_find_last(all, '/');
	if (slash == all.len)
		return ".";
	return slash == 0 ? "/" : str_dup(c->arena, str_until(all, slash));
}

static enum err write_beside(struct ctx *c, const char *path, struct str bytes, int mode)
{
	FD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
	if (fd < 0)
		return fail_errno(c, "create", path);
	TRY_WHILE(c, fd_write_all(c, fd, bytes.at, bytes.len), "writing %s", path);
	if (fsync(fd) != 0)
		return fail_errno(c, "sync", path);
	return OK;
}

static const char *name_beside(struct ctx *c, const char *path)
{
	uint64_t random;
	c->world->random(&random, sizeof random);
	return arena_fmt(c->arena, "%s.%016llx.new", path, (unsigned long long)random);
}

enum err file_write(struct ctx *c, const char *path, struct str bytes, int mode)
{
	const char *beside = name_beside(c, path);
	enum err wrong = write_beside(c, beside, bytes, mode);
	if (!wrong && rename(beside, path) != 0)
		wrong = fail_errno(c, "replace", path);
	if (wrong) {
		unlink(beside);
		return wrong;
	}
	return folder_sync(c, folder_of(c, path));
}

enum err file_make(struct ctx *c, const char *path, struct str bytes, int mode)
{
	const char *beside = name_beside(c, path);
	enum err wrong = write_beside(c, beside, bytes, mode);
	if (!wrong && link(beside, path) != 0)
		wrong = fail_errno(c, "make", path);
	unlink(beside);
	return wrong ? wrong : folder_sync(c, folder_of(c, path));
}

enum err folder_make(struct ctx *c, const char *path)
{
	char *whole = arena_strdup(c->arena, path);
	for (char *at = whole + 1; whole[0]; at++) {
		char end = *at;
		if (end && end != '/')
			continue;
		*at = 0;
		if (mkdir(whole, 0700) != 0 && errno != EEXIST)
			return fail_errno(c, "make the folder", whole);
		*at = end;
		if (!end)
			break;
	}
	struct stat info;
	if (stat(path, &info) != 0)
		return fail_errno(c, "make the folder", path);
	if (!S_ISDIR(info.st_mode))
		return fail(c, ERR_EXISTS, "%s is there and is no folder", path);
	return OK;
}

enum err folder_sync(struct ctx *c, const char *path)
{
	FD fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(c, "open", path);
	if (fsync(fd) != 0)
		return fail_errno(c, "sync", path);
	return OK;
}

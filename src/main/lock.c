#include "main/lock.h"

#include "base/buf.h"
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

static enum err take(struct ctx *c, const char *path, int how, const char *held, int *out)
{
	FD fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_errno(c, "open", path);
	if (flock(fd, how | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? fail(c, ERR_CONFLICT, "%s", held)
					    : fail_errno(c, "lock", path);
	*out = fd;
	fd = -1;
	return OK;
}

static const char *serving(struct ctx *c, const char *data)
{
	return arena_fmt(c->arena, "%s/serving", data);
}

enum err lock_serving(struct ctx *c, const char *data, int *fd)
{
	TRY(folder_make(c, data));
	return take(c, serving(c, data), LOCK_SH,
		"this instance is just being moved or restored: start its server after that", fd);
}

enum err lock_alone(struct ctx *c, const char *data, int *fd)
{
	return take(c, serving(c, data), LOCK_EX,
		"a server runs on this instance: stop it first, and do not start it again before "
		"this is done",
		fd);
}

enum err lock_copying(struct ctx *c, const char *data, int *fd)
{
	TRY(folder_make(c, data));
	return take(c, arena_fmt(c->arena, "%s/copying", data), LOCK_EX,
		"another backup or restore works in NIMBUS_DATA just now", fd);
}

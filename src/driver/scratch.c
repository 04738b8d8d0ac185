#include "driver/scratch.h"

#include "base/buf.h"
#include "base/hex.h"
#include "base/host.h"
#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { NAME_BYTES = 8, TRIES = 10, DESCRIPTORS = 8 };

static const char lock_suffix[] = ".lock";

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st, (void)kind, (void)where;
	(void)remove(path);
	return 0;
}

static void remove_all(const char *path)
{
	nftw(path, remove_entry, DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
}

static char *keep(const char *text)
{
	size_t size = strlen(text) + 1;
	return memcpy(host_alloc(size), text, size);
}

/* The lock, held; -1 where somebody else has it, or has tidied it away just now. */
static int lock_file(const char *path, int flags)
{
	struct stat st;
	FD fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &st) != 0 || st.st_nlink == 0)
		return -1;
	int held = fd;
	fd = -1;
	return held;
}

enum err scratch_open(struct ctx *c, const char *folder, struct scratch *out)
{
	*out = (struct scratch){.lock = -1};
	TRY(folder_make(c, folder));
	for (int tries = 0; out->lock < 0; tries++) {
		uint8_t random[NAME_BYTES];
		char name[2 * NAME_BYTES + 1];
		c->world->random(random, sizeof random);
		hex_encode(random, sizeof random, name);
		name[sizeof name - 1] = 0;
		const char *path = arena_fmt(c->arena, "%s/%s", folder, name);
		const char *lock = arena_fmt(c->arena, "%s%s", path, lock_suffix);
		if (tries == TRIES)
			return fail_errno(c, "make", lock);
		out->lock = lock_file(lock, O_CREAT | O_EXCL);
		if (out->lock >= 0) {
			out->path = keep(path);
			out->lock_path = keep(lock);
		}
	}
	return folder_make(c, out->path);
}

void scratch_close(struct scratch *s)
{
	if (!s->path)
		return;
	remove_all(s->path);
	unlink(s->lock_path);
	close(s->lock);
	host_free(s->path, strlen(s->path) + 1);
	host_free(s->lock_path, strlen(s->lock_path) + 1);
	*s = (struct scratch){.lock = -1};
}

static void dir_close_at_end(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

enum err scratch_tidy(struct ctx *c, const char *folder)
{
	__attribute__((cleanup(dir_close_at_end))) DIR *dir = opendir(folder);
	if (!dir)
		return errno == ENOENT ? OK : fail_errno(c, "open", folder);
	for (struct dirent *entry; (entry = readdir(dir));) {
		struct str name = str_of(entry->d_name);
		if (!str_skip_end(&name, STR(".lock")))
			continue;
		const char *lock = arena_fmt(c->arena, "%s/%s", folder, entry->d_name);
		FD fd = lock_file(lock, 0);
		if (fd < 0)
			continue;
		remove_all(arena_fmt(c->arena, "%s/%.*s", folder, STR_FMT(name)));
		unlink(lock);
	}
	return OK;
}

/* The folder of a cache, and whether its disk works: no request fails because it does not. */
#include "driver/blob_cached_parts.h"

#include "base/hex.h"
#include "base/vec.h"
#include "os/file.h"
#include "os/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { PAUSE_FIRST = 500000, PAUSE_MAX = 60000000, BLOCK = 512 };

struct found {
	uint8_t name[CACHED_NAME];
	struct timespec used;
	uint64_t bytes;
};

typedef VEC_OF(struct found) founds;

static void dir_close_at_end(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int by_use(const void *a, const void *b)
{
	const struct timespec *one = &((const struct found *)a)->used;
	const struct timespec *other = &((const struct found *)b)->used;
	if (one->tv_sec != other->tv_sec)
		return one->tv_sec < other->tv_sec ? -1 : 1;
	return (one->tv_nsec > other->tv_nsec) - (one->tv_nsec < other->tv_nsec);
}

/* What a killed process was writing. A file that is being written is locked. */
static void tidy(int folder, const char *name)
{
	FD fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlinkat(folder, name, 0);
}

/* Names, times and sizes alone: no file is read. What is not ours stays as it is. */
static enum err scan(struct ctx *c, int folder, founds *out)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	__attribute__((cleanup(dir_close_at_end))) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return fail(c, ERR_IO, "cannot read the folder of the cache: %s", strerror(errno));
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		struct str name = str_of(entry->d_name);
		struct stat st;
		uint8_t bytes[CACHED_NAME];
		if (str_skip(&name, STR("tmp.")) && name.len == 2 * sizeof bytes)
			tidy(folder, entry->d_name);
		else if (name.len == 2 * sizeof bytes && hex_decode(name.at, sizeof bytes, bytes) &&
			 fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			 S_ISREG(st.st_mode)) {
			struct found *f = vec_push(out);
			memcpy(f->name, bytes, sizeof bytes);
			f->used = st.st_mtim;
			f->bytes = (uint64_t)st.st_blocks * BLOCK;
		}
	}
	return OK;
}

enum err cached_folder_open(struct ctx *c, struct cached *s)
{
	TRY(folder_make(c, s->path));
	FD folder = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return fail_errno(c, "open the folder", s->path);
	founds all = {.arena = c->arena};
	TRY(scan(c, folder, &all));
	if (all.len)
		qsort(all.at, all.len, sizeof *all.at, by_use);
	host_lock(&s->lock);
	for (size_t i = 0; i < all.len; i++) {
		if (cached_index_find(s, all.at[i].name))
			continue;
		struct cached_node *node = cached_index_add(s, all.at[i].name);
		cached_index_set(s, node, all.at[i].bytes ? all.at[i].bytes : BLOCK);
	}
	host_unlock(&s->lock);
	atomic_store(&s->folder, folder);
	folder = -1;
	cached_index_evict(s);
	return OK;
}

/* Once more, for a folder that could not be opened at the start. */
static bool folder_again(struct cached *s)
{
	struct arena arena;
	struct ctx c;
	WITH_LOCK(&s->opening);
	if (atomic_load(&s->folder) >= 0)
		return true;
	arena_init(&arena);
	ctx_init(&c, &arena, s->world);
	bool open = cached_folder_open(&c, s) == OK;
	if (!open)
		cached_disk_failed(s, "open the folder");
	arena_done(&arena);
	return open;
}

bool cached_disk_usable(struct cached *s)
{
	host_lock(&s->lock);
	bool usable = !s->retry_at || s->world->monotonic() >= s->retry_at;
	host_unlock(&s->lock);
	return usable && (atomic_load(&s->folder) >= 0 || folder_again(s));
}

static void tell(enum log_level level, const char *message, const struct cached *s, const char *why)
{
	struct log_line line;
	if (!log_begin(&line, level, message))
		return;
	log_cstr(&line, "folder", s->path);
	log_cstr(&line, "why", why);
	log_end(&line);
}

void cached_disk_failed(struct cached *s, const char *doing)
{
	int why = errno;
	bool full = why == ENOSPC || why == EDQUOT;
	int64_t now = s->world->monotonic();
	host_lock(&s->lock);
	bool first = s->retry_at == 0;
	/* Of several that tried at the same time one counts. */
	if (first || now >= s->retry_at) {
		int64_t longer = s->pause * 2 < PAUSE_MAX ? s->pause * 2 : PAUSE_MAX;
		s->pause = first ? PAUSE_FIRST : longer;
		s->retry_at = now + s->pause;
	}
	s->squeezed |= full;
	host_unlock(&s->lock);
	if (first) {
		char text[200];
		fmt_into(text, sizeof text, "cannot %s: %s", doing, strerrordesc_np(why));
		tell(LOG_LEVEL_WARN, "the disk of the cache fails: served from memory", s, text);
	}
	/* Whatever else fills the disk, the cache gives way to it. */
	if (full)
		cached_index_evict(s);
}

void cached_disk_worked(struct cached *s)
{
	host_lock(&s->lock);
	bool again = s->retry_at != 0;
	s->retry_at = 0;
	host_unlock(&s->lock);
	if (again)
		tell(LOG_LEVEL_INFO, "the disk of the cache works again", s, NULL);
}

void cached_damaged(struct cached *s, const char *what, const char *key, bool told)
{
	struct log_line line;
	atomic_fetch_add(&s->damaged, 1);
	if (told || !log_begin(&line, LOG_LEVEL_WARN, "the cache is damaged: it is fetched anew"))
		return;
	log_cstr(&line, "what", what);
	log_cstr(&line, "blob", key);
	log_cstr(&line, "folder", s->path);
	log_end(&line);
}

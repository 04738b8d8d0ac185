/*
 * Blobs as files under one folder. What is being written lies in tmp/ under a random name and
 * locked; publishing gives it its name with link(2), which never replaces what is there.
 */
#include "driver/blob_key.h"
#include "driver/driver.h"
#include "driver/mapped.h"

#include "base/buf.h"
#include "base/hex.h"
#include "base/host.h"
#include "base/vec.h"
#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

enum {
	BUFFER = 128 << 10,   /* of a spool: appends may be tiny */
	WRITEBACK = 16 << 20, /* how much piles up before the kernel is told to begin writing */
	FIRST_MAP = 64 << 20, /* of a spool; grown by MAP_GROWTH */
	MAP_GROWTH = 8,
	MAPS_MAX = 16,
	RESIDENT_DEFAULT = 48 << 20,
};

struct local {
	struct blob blob;
	int root, tmp; /* folders */
	struct resident *resident;
};

struct local_extent {
	struct extent extent;
	struct local *store;
	struct mapping *map; /* NULL: empty */
	atomic_int fd;       /* -1: nobody has asked for it */
	char key[];
};

struct local_spool {
	struct spool spool;
	struct local *store;
	int fd;
	char name[33];    /* in tmp/ */
	uint64_t flushed; /* bytes in the file; the rest of extent.size is in the buffer */
	uint64_t begun;   /* bytes that the kernel was told to write */
	size_t map_count;
	struct mapping *maps[MAPS_MAX]; /* each longer than the one before; all stay till the end */
	char buffer[BUFFER];
};

static enum err io_fail(struct ctx *c, const char *doing, const char *name)
{
	int why = errno;
	if (why == ENOSPC || why == EDQUOT)
		return fail(c, ERR_IO, "the disk is full: \"%s\" cannot be stored", name);
	return fail(c, ERR_IO, "%s \"%s\": %s", doing, name, strerror(why));
}

static enum err check_range(struct ctx *c, const struct extent *e, uint64_t at, size_t len)
{
	if (at > e->size || len > e->size - at)
		return fail(c, ERR_CORRUPT,
			"bytes %llu + %zu are past the end of a blob of %llu bytes",
			(unsigned long long)at, len, (unsigned long long)e->size);
	return OK;
}

static enum err extent_window_local(
	struct ctx *c, struct extent *self, uint64_t at, size_t len, const uint8_t **out)
{
	struct local_extent *e = (struct local_extent *)self;
	TRY(check_range(c, self, at, len));
	*out = e->map ? mapping_at(e->map, (size_t)at, len) : (const uint8_t *)"";
	return OK;
}

/* Most blobs are never sent as they are, so that their files need not stay open. One that was
 * removed meanwhile is still mapped. */
static enum err extent_file_local(
	struct ctx *c, struct extent *self, uint64_t at, size_t len, struct extent_file *out)
{
	struct local_extent *e = (struct local_extent *)self;
	int fd = atomic_load(&e->fd), none = -1;
	TRY(check_range(c, self, at, len));
	if (fd < 0)
		fd = openat(e->store->root, e->key, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	else
		none = fd;
	if (fd != none && !atomic_compare_exchange_strong(&e->fd, &none, fd)) {
		close(fd);
		fd = none;
	}
	*out = (struct extent_file){fd, at};
	return OK;
}

static size_t extent_bytes_local(const char *key)
{
	return sizeof(struct local_extent) + strlen(key) + 1;
}

static void extent_close_local(struct extent *self)
{
	struct local_extent *e = (struct local_extent *)self;
	int fd = atomic_load(&e->fd);
	mapping_close(e->map);
	if (fd >= 0)
		close(fd);
	host_free(e, extent_bytes_local(e->key));
}

static enum err local_open(struct ctx *c, struct blob *self, const char *key, struct extent **out)
{
	struct local *store = (struct local *)self;
	TRY(blob_key_check(c, key));
	FD fd = openat(store->root, key, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return fail(c, ERR_NOT_FOUND, "there is no blob \"%s\"", key);
	if (fd < 0)
		return io_fail(c, "cannot open the blob", key);
	struct stat st;
	if (fstat(fd, &st) != 0)
		return io_fail(c, "cannot open the blob", key);
	if (!S_ISREG(st.st_mode))
		return fail(c, ERR_NOT_FOUND, "there is no blob \"%s\"", key);
	struct mapping *map = NULL;
	if (st.st_size)
		TRY_WHILE(c, mapping_open(c, store->resident, fd, (size_t)st.st_size, &map),
			"opening the blob \"%s\"", key);
	struct local_extent *e = host_alloc(extent_bytes_local(key));
	*e = (struct local_extent){{.size = (uint64_t)st.st_size,
					   .window = extent_window_local,
					   .close = extent_close_local,
					   .file = extent_file_local},
		store, map, -1};
	memcpy(e->key, key, strlen(key) + 1);
	*out = &e->extent;
	return OK;
}

static enum err spool_flush(struct ctx *c, struct local_spool *s)
{
	size_t held = (size_t)(s->spool.extent.size - s->flushed);
	if (held)
		TRY(fd_write_all(c, s->fd, s->buffer, held));
	s->flushed += held;
	/* Spreads the writing out, so that publishing has little left to wait for. */
	if (s->flushed - s->begun >= WRITEBACK) {
		sync_file_range(s->fd, (off_t)s->begun, (off_t)(s->flushed - s->begun),
			SYNC_FILE_RANGE_WRITE);
		s->begun = s->flushed;
	}
	return OK;
}

static enum err spool_append_local(struct ctx *c, struct spool *self, const void *bytes, size_t len)
{
	struct local_spool *s = (struct local_spool *)self;
	const char *at = bytes;
	while (len) {
		size_t held = (size_t)(self->extent.size - s->flushed);
		size_t part = len < BUFFER - held ? len : BUFFER - held;
		memcpy(s->buffer + held, at, part);
		self->extent.size += part;
		at += part;
		len -= part;
		if (held + part == BUFFER)
			TRY_WHILE(c, spool_flush(c, s), "storing what arrives");
	}
	return OK;
}

static enum err spool_map(struct ctx *c, struct local_spool *s, uint64_t end, struct mapping **out)
{
	struct mapping *last = s->map_count ? s->maps[s->map_count - 1] : NULL;
	if (!last || mapping_len(last) < end) {
		size_t len = last ? mapping_len(last) : FIRST_MAP / MAP_GROWTH;
		do {
			if (len > SIZE_MAX / 2 / MAP_GROWTH || s->map_count == MAPS_MAX)
				return fail(c, ERR_TOO_BIG, "a blob has more than %zu bytes", len);
			len *= MAP_GROWTH;
		} while (len < end);
		TRY(mapping_open(c, s->store->resident, s->fd, len, &last));
		s->maps[s->map_count++] = last;
	}
	*out = last;
	return OK;
}

static enum err spool_window_local(
	struct ctx *c, struct extent *self, uint64_t at, size_t len, const uint8_t **out)
{
	struct local_spool *s = (struct local_spool *)self;
	TRY(check_range(c, self, at, len));
	*out = (const uint8_t *)"";
	if (len == 0)
		return OK;
	if (at + len > s->flushed)
		TRY(spool_flush(c, s));
	struct mapping *map = NULL;
	TRY(spool_map(c, s, at + len, &map));
	*out = mapping_at(map, (size_t)at, len);
	return OK;
}

static void spool_close_local(struct extent *self)
{
	struct local_spool *s = (struct local_spool *)self;
	for (size_t i = 0; i < s->map_count; i++)
		mapping_close(s->maps[i]);
	unlinkat(s->store->tmp, s->name, 0);
	close(s->fd);
	host_free(s, sizeof *s);
}

/* A new file in tmp/, locked so that nobody takes it for one that was left behind. */
static enum err open_temporary(struct ctx *c, struct local *store, char name[33], int *out)
{
	for (int tries = 0; tries < 10; tries++) {
		uint8_t random[16];
		c->world->random(random, sizeof random);
		hex_encode(random, sizeof random, name);
		name[32] = 0;
		FD fd = openat(store->tmp, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0)
			return io_fail(c, "cannot make the temporary file", name);
		struct stat st;
		if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &st) != 0 || st.st_nlink == 0)
			continue; /* another process that starts just now tidied it away */
		*out = fd;
		fd = -1;
		return OK;
	}
	return fail(c, ERR_IO, "no temporary file can be kept: is another program tidying tmp/?");
}

static enum err local_create(struct ctx *c, struct blob *self, struct spool **out)
{
	struct local *store = (struct local *)self;
	char name[33];
	int fd = -1;
	TRY(open_temporary(c, store, name, &fd));
	struct local_spool *s = host_alloc(sizeof *s);
	memset(s, 0, offsetof(struct local_spool, buffer));
	s->spool.extent.window = spool_window_local;
	s->spool.extent.close = spool_close_local;
	s->spool.append = spool_append_local;
	s->store = store;
	s->fd = fd;
	memcpy(s->name, name, sizeof name);
	*out = &s->spool;
	return OK;
}

/* Opens the folder of a key, made where it is missing, each new name in it durable. */
static enum err folder_of_key(struct ctx *c, struct local *store, const char *key, int *out)
{
	FD at = fcntl(store->root, F_DUPFD_CLOEXEC, 0);
	struct str rest = str_of(key);
	while (at >= 0 && memchr(rest.at, '/', rest.len)) {
		const char *name = str_dup(c->arena, str_cut(&rest, '/'));
		if (mkdirat(at, name, 0700) == 0) {
			if (fsync(at) != 0)
				return io_fail(c, "cannot store the folder", name);
		} else if (errno != EEXIST) {
			return io_fail(c, "cannot make the folder", name);
		}
		int below = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		close(at);
		at = below;
	}
	if (at < 0)
		return io_fail(c, "cannot open the folder of", key);
	*out = at;
	at = -1;
	return OK;
}

/* Waits for the disk a piece at a time: whoever waits for us is to hear of it. */
static enum err spool_sync(struct ctx *c, struct local_spool *s, const char *key)
{
	enum {
		ALL_OF_IT = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
			    SYNC_FILE_RANGE_WAIT_AFTER
	};
	TRY(spool_flush(c, s));
	for (uint64_t at = 0; at < s->flushed; at += WRITEBACK) {
		/* An error that is told here is not told again by fdatasync. */
		if (sync_file_range(s->fd, (off_t)at, WRITEBACK, ALL_OF_IT) != 0 && errno != ENOSYS)
			return io_fail(c, "cannot store the blob", key);
		TRY(ctx_check(c));
	}
	return fdatasync(s->fd) == 0 ? OK : io_fail(c, "cannot store the blob", key);
}

static enum err local_publish(
	struct ctx *c, struct blob *self, struct spool *spool, const char *key)
{
	struct local *store = (struct local *)self;
	struct local_spool *s = (struct local_spool *)spool;
	ASSERT(s->store == store);
	TRY(blob_key_check(c, key));
	TRY(spool_sync(c, s, key));
	const char *slash = strrchr(key, '/');
	const char *name = slash ? slash + 1 : key;
	/* The folder may be tidied away between its making and its use. */
	for (int tries = 0;; tries++) {
		FD folder = -1;
		enum err kind = folder_of_key(c, store, key, &folder);
		if (kind && (errno != ENOENT || tries == 3))
			return kind;
		if (kind)
			continue;
		bool linked = linkat(store->tmp, s->name, folder, name, 0) == 0;
		if (!linked && errno == ENOENT && tries < 3)
			continue;
		if (!linked && errno != EEXIST)
			return io_fail(c, "cannot name the blob", key);
		/* Also for one that was there: whoever made it may have been killed before this. */
		return fsync(folder) == 0 ? OK : io_fail(c, "cannot store the name of", key);
	}
}

static enum err local_remove(struct ctx *c, struct blob *self, const char *key)
{
	struct local *store = (struct local *)self;
	TRY(blob_key_check(c, key));
	if (unlinkat(store->root, key, 0) != 0 && errno != ENOENT && errno != ENOTDIR)
		return io_fail(c, "cannot remove the blob", key);
	/* Folders that are empty now go too; the first that is not stops it. */
	char *path = arena_strdup(c->arena, key);
	for (char *slash; (slash = strrchr(path, '/'));) {
		*slash = 0;
		if (unlinkat(store->root, path, AT_REMOVEDIR) != 0)
			break;
	}
	return OK;
}

static void dir_close_at_end(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

typedef enum err entry_visit(
	struct ctx *c, void *arg, const char *path, const struct stat *st, bool *folder);

/* Visits what is in the folder `path` under root ("": root itself). */
static enum err folder_each(
	struct ctx *c, struct local *store, const char *path, entry_visit *visit, void *arg)
{
	int fd = openat(store->root, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? OK : io_fail(c, "cannot open", path);
	__attribute__((cleanup(dir_close_at_end))) DIR *dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return io_fail(c, "cannot read the folder", path);
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		struct stat st;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue; /* removed meanwhile */
		const char *full = *path ? arena_fmt(c->arena, "%s/%s", path, entry->d_name)
					 : arena_strdup(c->arena, entry->d_name);
		bool folder = S_ISDIR(st.st_mode);
		TRY(visit(c, arg, full, &st, &folder));
	}
	return OK;
}

struct listing {
	const char *prefix;
	blob_visit *visit;
	void *arg;
	VEC_OF(const char *) folders; /* still to be visited */
};

static enum err list_entry(
	struct ctx *c, void *arg, const char *path, const struct stat *st, bool *folder)
{
	struct listing *l = arg;
	struct str name = str_of(path), prefix = str_of(l->prefix);
	if (strcmp(path, "tmp") == 0)
		return OK;
	if (*folder) {
		/* What is above the prefix, and what is below it. */
		if (str_starts(name, prefix) || str_starts(prefix, name))
			*vec_push(&l->folders) = path;
		return OK;
	}
	if (!S_ISREG(st->st_mode) || !str_starts(name, prefix))
		return OK;
	struct blob_entry entry = {
		name, (uint64_t)st->st_size, c->world->clock() / 1000000 - st->st_mtim.tv_sec};
	return l->visit(c, l->arg, &entry);
}

static enum err local_list(
	struct ctx *c, struct blob *self, const char *prefix, blob_visit *visit, void *arg)
{
	struct listing l = {prefix, visit, arg, {.arena = c->arena}};
	*vec_push(&l.folders) = "";
	while (l.folders.len) {
		const char *path = l.folders.at[--l.folders.len];
		TRY(folder_each(c, (struct local *)self, path, list_entry, &l));
	}
	return OK;
}

/* Removes what a killed process left in tmp/. A file that is in use is locked. */
static enum err tidy_entry(
	struct ctx *c, void *arg, const char *path, const struct stat *st, bool *folder)
{
	struct local *store = arg;
	(void)c, (void)st, (void)folder;
	FD fd = openat(store->root, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlinkat(store->root, path, 0);
	return OK;
}

static void local_close(struct blob *self)
{
	struct local *store = (struct local *)self;
	if (store->tmp >= 0)
		close(store->tmp);
	if (store->root >= 0)
		close(store->root);
	resident_close(store->resident);
	free(store);
}

static const struct blob_ops local_ops = {
	.open = local_open,
	.create = local_create,
	.publish = local_publish,
	.remove = local_remove,
	.list = local_list,
	.close = local_close,
};

static enum err open_folders(struct ctx *c, struct local *store, const char *root)
{
	TRY(folder_make(c, root));
	store->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->root < 0)
		return io_fail(c, "cannot open the folder", root);
	if (mkdirat(store->root, "tmp", 0700) != 0 && errno != EEXIST)
		return io_fail(c, "cannot make tmp in the folder", root);
	store->tmp = openat(store->root, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->tmp < 0)
		return io_fail(c, "cannot open tmp in the folder", root);
	return folder_each(c, store, "tmp", tidy_entry, store);
}

enum err blob_local_open(struct ctx *c, const char *root, uint64_t resident_max, struct blob **out)
{
	struct local *store = calloc(1, sizeof *store);
	if (!store)
		host_panic("out of memory");
	*store = (struct local){{&local_ops}, -1, -1, NULL};
	store->resident = resident_open(resident_max ? resident_max : RESIDENT_DEFAULT);
	enum err kind = open_folders(c, store, root);
	if (kind) {
		local_close(&store->blob);
		return kind;
	}
	*out = &store->blob;
	return OK;
}

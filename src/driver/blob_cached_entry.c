/*
 * One blob's file: its bytes, sparse where chunks are missing, then from the next 4 KiB on the
 * record: 8 bytes for each chunk, then the header. As long as it will ever be from the beginning.
 *
 *	chunk    crc32 of its bytes, crc32 of (that, the file's name, its number); zero: it is missing
 *	header   "nimchunk", the blob's size, crc32 of (the file's name, these), zero
 *
 * All big-endian. A chunk's bytes are written before its place in the record, so whatever moment a
 * process is killed at, what counts as present is there. A machine that loses power may have written
 * them in another order: then the sum of the chunk does not fit. So nothing is ever synced.
 *
 * CRC-32 is the checksum because libdeflate, which is linked already, does it at the speed of
 * memory (carry-less multiplication), and because this guards against disks, not against people:
 * whoever can write here could write a sum too. SHA-256 of OpenSSL takes some ten times as long.
 */
#include "driver/blob_cached_parts.h"

#include "base/buf.h"
#include "base/hex.h"
#include "base/zip.h"
#include "os/file.h"
#include "os/world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { PAGE = 4096, SLOT = 8, HEADER = 24, TRIES = 3 };

static const char magic[] = "nimchunk";

void cached_file_name(const uint8_t name[CACHED_NAME], char text[CACHED_FILE_NAME])
{
	hex_encode(name, CACHED_NAME, text);
	text[CACHED_FILE_NAME - 1] = 0;
}

uint64_t cached_rounded(uint64_t bytes)
{
	return (bytes + PAGE - 1) / PAGE * PAGE;
}

uint64_t cached_record_bytes(uint64_t size)
{
	return (uint64_t)cached_chunk_count(size) * SLOT + HEADER;
}

static uint64_t record_at(uint64_t size)
{
	return cached_rounded(size);
}

static uint64_t header_at(uint64_t size)
{
	return record_at(size) + (uint64_t)cached_chunk_count(size) * SLOT;
}

static bool write_at(int fd, const void *bytes, size_t len, uint64_t at)
{
	const char *from = bytes;
	while (len) {
		ssize_t put = pwrite(fd, from, len, (off_t)at);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		from += put;
		at += (uint64_t)put;
		len -= (size_t)put;
	}
	return true;
}

static bool read_at(int fd, void *bytes, size_t len, uint64_t at)
{
	char *to = bytes;
	while (len) {
		ssize_t got = pread(fd, to, len, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		to += got;
		at += (uint64_t)got;
		len -= (size_t)got;
	}
	return true;
}

int cached_lock(int folder, const char *name, int flags)
{
	struct stat st;
	FD fd = openat(folder, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) != 0 || fstat(fd, &st) != 0)
		return -1;
	if (st.st_nlink == 0 || !S_ISREG(st.st_mode)) {
		errno = ENOENT; /* another process took it away meanwhile */
		return -1;
	}
	int held = fd;
	fd = -1;
	return held;
}

static void make_header(const struct cached_entry *e, uint8_t header[HEADER])
{
	memset(header, 0, HEADER);
	memcpy(header, magic, 8);
	put_be64(header + 8, e->size);
	put_be32(header + 16, zip_crc32(zip_crc32(0, e->name, CACHED_NAME), header, 16));
}

/* The size of the blob from the length of its file, which ends with the header. */
static bool read_header(struct cached_entry *e, uint64_t max)
{
	struct stat st;
	uint8_t header[HEADER], expected[HEADER];
	if (fstat(e->fd, &st) != 0 || st.st_size < HEADER ||
		!read_at(e->fd, header, HEADER, (uint64_t)st.st_size - HEADER))
		return false;
	e->size = get_be64(header + 8);
	if (e->size > max || header_at(e->size) + HEADER != (uint64_t)st.st_size)
		return false;
	make_header(e, expected);
	e->count = cached_chunk_count(e->size);
	return memcmp(header, expected, HEADER) == 0;
}

bool cached_entry_open(struct cached *s, struct cached_entry *e)
{
	char name[CACHED_FILE_NAME];
	int folder = atomic_load(&s->folder);
	cached_file_name(e->name, name);
	e->fd = cached_lock(folder, name, O_RDWR);
	/* Of a disk that cannot be written any more everything can be read that is there. */
	e->read_only = e->fd < 0 && (errno == EROFS || errno == EACCES);
	if (e->read_only)
		e->fd = cached_lock(folder, name, O_RDONLY);
	if (e->fd < 0)
		return false;
	if (read_header(e, s->max_bytes)) {
		futimens(e->fd, NULL); /* the order of use, for the next start */
		return true;
	}
	cached_entry_close(e);
	errno = 0;
	return false;
}

static void make_slot(const struct cached_entry *e, size_t chunk, uint32_t sum, uint8_t slot[SLOT])
{
	uint8_t number[8];
	put_be64(number, chunk);
	put_be32(slot, sum);
	uint32_t check = zip_crc32(zip_crc32(0, slot, 4), e->name, CACHED_NAME);
	put_be32(slot + 4, zip_crc32(check, number, sizeof number));
}

bool cached_entry_load(const struct cached_entry *e, atomic_uchar *states, uint32_t *sums)
{
	static const uint8_t missing[SLOT];
	size_t len = e->count * SLOT;
	uint8_t *record = host_alloc(len), slot[SLOT];
	bool good = read_at(e->fd, record, len, record_at(e->size));
	for (size_t i = 0; good && i < e->count; i++) {
		const uint8_t *at = record + i * SLOT;
		if (memcmp(at, missing, SLOT) == 0)
			continue;
		sums[i] = get_be32(at);
		make_slot(e, i, sums[i], slot);
		good = memcmp(at, slot, SLOT) == 0;
		atomic_store_explicit(&states[i], CACHED_STORED, memory_order_relaxed);
	}
	host_free(record, len);
	return good;
}

static bool prepare(struct cached_entry *e)
{
	uint8_t header[HEADER];
	make_header(e, header);
	uint64_t at = header_at(e->size);
	return ftruncate(e->fd, (off_t)(at + HEADER)) == 0 && write_at(e->fd, header, HEADER, at);
}

static void temporary_name(char temporary[CACHED_TEMPORARY])
{
	uint8_t random[CACHED_NAME];
	os_world()->random(random, sizeof random);
	memcpy(temporary, "tmp.", 4);
	cached_file_name(random, temporary + 4);
}

bool cached_entry_create(struct cached *s, struct cached_entry *e, char temporary[CACHED_TEMPORARY])
{
	int folder = atomic_load(&s->folder);
	e->count = cached_chunk_count(e->size);
	e->fd = -1;
	/* Between its making and its locking another process that starts may tidy it away. */
	for (int tries = 0; e->fd < 0 && tries < TRIES; tries++) {
		temporary_name(temporary);
		e->fd = cached_lock(folder, temporary, O_RDWR | O_CREAT | O_EXCL);
		if (e->fd < 0 && errno != ENOENT && errno != EWOULDBLOCK)
			return false;
	}
	if (e->fd < 0)
		return false;
	if (prepare(e))
		return true;
	int why = errno;
	unlinkat(folder, temporary, 0);
	cached_entry_close(e);
	errno = why;
	return false;
}

bool cached_entry_name(struct cached *s, struct cached_entry *e, const char *temporary)
{
	char name[CACHED_FILE_NAME];
	int folder = atomic_load(&s->folder);
	cached_file_name(e->name, name);
	if (renameat(folder, temporary, folder, name) == 0)
		return true;
	int why = errno;
	unlinkat(folder, temporary, 0);
	cached_entry_close(e);
	errno = why;
	return false;
}

bool cached_entry_write(
	struct cached_entry *e, size_t first, size_t n, const uint8_t *bytes, uint32_t *sums)
{
	uint8_t slots[CACHED_RUN_MAX * SLOT];
	ASSERT(n <= CACHED_RUN_MAX);
	for (size_t i = 0; i < n; i++) {
		size_t len = cached_run_bytes(e->size, first + i, 1);
		sums[first + i] = zip_crc32(0, bytes + i * CACHED_CHUNK, len);
		make_slot(e, first + i, sums[first + i], slots + i * SLOT);
	}
	uint64_t at = (uint64_t)first * CACHED_CHUNK;
	size_t len = cached_run_bytes(e->size, first, n);
	if (write_at(e->fd, bytes, len, at) &&
		write_at(e->fd, slots, n * SLOT, record_at(e->size) + first * SLOT))
		return true;
	/* What was written is of no use to anybody. */
	int why = errno;
	fallocate(e->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)len);
	errno = why;
	return false;
}

bool cached_entry_read(const struct cached_entry *e, size_t chunk, uint32_t sum, uint8_t *to)
{
	/* Not by the mapping: a disk that cannot read would end the process there. */
	size_t len = cached_run_bytes(e->size, chunk, 1);
	return read_at(e->fd, to, len, (uint64_t)chunk * CACHED_CHUNK) &&
	       zip_crc32(0, to, len) == sum;
}

void cached_entry_close(struct cached_entry *e)
{
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
}

bool cached_entry_unlink(struct cached *s, const uint8_t name[CACHED_NAME], bool used_too)
{
	char text[CACHED_FILE_NAME];
	int folder = atomic_load(&s->folder);
	cached_file_name(name, text);
	FD fd = -1;
	if (!used_too) {
		fd = openat(folder, text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0)
			return false;
	}
	return unlinkat(folder, text, 0) == 0 || errno == ENOENT;
}

bool cached_entry_hide(
	struct cached *s, const uint8_t name[CACHED_NAME], char temporary[CACHED_TEMPORARY])
{
	char text[CACHED_FILE_NAME];
	int folder = atomic_load(&s->folder);
	cached_file_name(name, text);
	temporary_name(temporary);
	if (renameat(folder, text, folder, temporary) == 0)
		return true;
	temporary[0] = 0;
	return errno == ENOENT || unlinkat(folder, text, 0) == 0;
}

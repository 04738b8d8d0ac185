/*
 * The parts of the driver blob_cached, which see each other through this header alone.
 *
 *	blob_cached.c         the port's operations: opening, publishing, removing
 *	blob_cached_fill.c    windows of an open blob: who fetches which chunks, and who waits
 *	blob_cached_index.c   what lies in the folder, what was used last, what goes
 *	blob_cached_entry.c   the file of one blob: its chunks and their record
 *	blob_cached_disk.c    whether the disk can be used at present; the folder and its tidying
 *
 * No request fails because of the disk: what only the disk has a say in returns bool (false: errno
 * says why) and takes no context.
 *
 * Locks: that of an open blob is never held together with that of the store.
 */
#ifndef DRIVER_BLOB_CACHED_PARTS_H
#define DRIVER_BLOB_CACHED_PARTS_H

#include "driver/blob_key.h"
#include "driver/driver.h"
#include "driver/mapped.h"

#include "base/host.h"

#include <stdatomic.h>

enum {
	CACHED_CHUNK = 32 << 10,
	CACHED_FIRST = 8,     /* chunks that come with the size of a blob that is new here */
	CACHED_RUN_MAX = 256, /* chunks that one journey brings */
	CACHED_NAME = 16,     /* bytes of the hash of a key, which names the file */
	CACHED_FILE_NAME = 2 * CACHED_NAME + 1,
	CACHED_TEMPORARY = 4 + CACHED_FILE_NAME,
	CACHED_STREAMS = 4, /* readers of one blob that are told apart */
};

/* What is known of a chunk; 0: it is missing. */
enum {
	CACHED_ON_DISK = 1,   /* and right: it may be read through the mapping */
	CACHED_IN_MEMORY = 2, /* of which a window may need it, with its neighbours */
	CACHED_STORED = 4,    /* the record says so; nobody has looked yet */
	CACHED_BUSY = 8,      /* somebody changes it: wait */
};

/* The file of one blob: its bytes, with holes where chunks are missing; after them the record. */
struct cached_entry {
	uint8_t name[CACHED_NAME];
	int fd;         /* -1: there is none */
	bool read_only; /* when it was opened, the disk was */
	uint64_t size;
	size_t count; /* chunks */
};

struct cached_file;

/* What is known of a blob that lies in the folder, or is about to. Under the store's lock. */
struct cached_node {
	struct cached_node *chain, *older, *newer;
	uint8_t name[CACHED_NAME];
	uint64_t bytes;           /* on disk; 0: there is no file */
	unsigned references;      /* open extents */
	bool busy;                /* somebody opens, closes, writes or removes the file */
	bool gone;                /* removed while open: in no list any more */
	bool stale;               /* removed, but the disk did not let its file go */
	struct cached_file *file; /* while it is open */
};

struct cached {
	struct blob blob;
	struct blob_ops ops;
	struct blob *inner;
	struct resident *resident;
	const struct world *world; /* by its clock a disk that failed is tried again */
	char *path;
	uint64_t max_bytes;
	atomic_int folder; /* -1: it could not be opened yet */
	atomic_ullong hits, misses, fetched, evictions, damaged;
	struct host_lock opening; /* of the folder, anew */

	struct host_lock lock; /* of all that follows */
	struct cached_node **buckets;
	size_t bucket_count, node_count;
	struct cached_node ends; /* of the list: its `newer` is the oldest */
	uint64_t bytes;
	bool evicting, squeezed; /* squeezed: the disk was full before the cache was */
	int64_t retry_at;        /* when to try the disk again; 0: it works */
	int64_t pause;
};

/* A reader that goes from front to back. */
struct cached_stream {
	size_t next; /* the chunk after those that it had fetched */
	size_t run;  /* how many these were */
};

/* A blob that is open, shared by its extents. */
struct cached_file {
	struct cached *store;
	struct cached_node *node;
	char key[BLOB_KEY_MAX + 1];

	struct host_lock lock; /* of all that follows; states are also read without */
	struct cached_entry entry;
	struct mapping *map;  /* of the file; set before a chunk counts as on disk */
	uint8_t *memory;      /* as long as the blob, for what the disk did not take */
	struct extent *inner; /* where the inner driver cannot fetch; opened when needed */
	struct cached_stream streams[CACHED_STREAMS];
	unsigned stream_turn;
	bool damage_told;
	uint32_t *sums; /* of the chunks that are stored */
	atomic_uchar states[];
};

/* ---- blob_cached_entry.c */

void cached_file_name(const uint8_t name[CACHED_NAME], char text[CACHED_FILE_NAME]);
/* Bytes of disk that so many bytes of data take. */
uint64_t cached_rounded(uint64_t bytes);
uint64_t cached_record_bytes(uint64_t size);
/* A file that no eviction takes away while it is open, of any process. */
int cached_lock(int folder, const char *name, int flags);

/* Opens the file of e->name; false with errno 0: what lies there is no entry. */
bool cached_entry_open(struct cached *s, struct cached_entry *e);
/* Which chunks are stored, and their sums; false: the record is damaged. */
bool cached_entry_load(const struct cached_entry *e, atomic_uchar *states, uint32_t *sums);
/* A new file with no chunk for e->size bytes, under a temporary name; then its own name. */
bool cached_entry_create(
	struct cached *s, struct cached_entry *e, char temporary[CACHED_TEMPORARY]);
bool cached_entry_name(struct cached *s, struct cached_entry *e, const char *temporary);
/* Stores `n` chunks from `first` on; they count as present only when they are written. */
bool cached_entry_write(
	struct cached_entry *e, size_t first, size_t n, const uint8_t *bytes, uint32_t *sums);
/* Reads a chunk; false: it cannot be read, or is not what was written. */
bool cached_entry_read(const struct cached_entry *e, size_t chunk, uint32_t sum, uint8_t *to);
void cached_entry_close(struct cached_entry *e);
/* Removes the file; false: another process has it open, or the disk does not allow it. */
bool cached_entry_unlink(struct cached *s, const uint8_t name[CACHED_NAME], bool used_too);
/* Gives it a temporary name, to be unlinked; "" where there is nothing left to do. */
bool cached_entry_hide(
	struct cached *s, const uint8_t name[CACHED_NAME], char temporary[CACHED_TEMPORARY]);

static inline size_t cached_chunk_count(uint64_t size)
{
	return (size_t)((size + CACHED_CHUNK - 1) / CACHED_CHUNK);
}

/* Bytes of `n` chunks from `first` on: the blob's last is shorter. */
static inline size_t cached_run_bytes(uint64_t size, size_t first, size_t n)
{
	uint64_t at = (uint64_t)first * CACHED_CHUNK, len = (uint64_t)n * CACHED_CHUNK;
	return (size_t)(len < size - at ? len : size - at);
}

/* ---- blob_cached_disk.c */

/* Opens the folder, tells the index what is in it, and removes what was left behind. */
enum err cached_folder_open(struct ctx *c, struct cached *s) MUST;
/* May the disk be used? After a failure not for a while. Opens the folder where that failed. */
bool cached_disk_usable(struct cached *s);
/* Of errno; logged when it is the first in a row. */
void cached_disk_failed(struct cached *s, const char *doing);
void cached_disk_worked(struct cached *s);
void cached_damaged(struct cached *s, const char *what, const char *key, bool told);

/* ---- blob_cached_index.c; where not said otherwise, under the store's lock */

struct cached_node *cached_index_find(struct cached *s, const uint8_t name[CACHED_NAME]);
/* A new one, used last of all. */
struct cached_node *cached_index_add(struct cached *s, const uint8_t name[CACHED_NAME]);
void cached_index_used(struct cached *s, struct cached_node *node);
/* Takes it out; frees it when nobody has it open. */
void cached_index_remove(struct cached *s, struct cached_node *node);
void cached_index_set(struct cached *s, struct cached_node *node, uint64_t bytes);
/* Without the lock: `more` bytes were stored. */
void cached_index_grow(struct cached *s, struct cached_node *node, uint64_t more);
/* Without the lock: when there is too much, what was used least recently goes. */
void cached_index_evict(struct cached *s);
void cached_index_done(struct cached *s);
/* Sleeps until woken, at most a little; the error when the context is over. Keeps the lock. */
enum err cached_wait(struct ctx *c, struct host_lock *lock) MUST;

/* ---- blob_cached_fill.c */

struct cached_file *cached_file_make(
	struct cached *s, struct cached_node *node, const char *key, uint64_t size);
/* Takes what lies on disk into use; false: the entry is no good. The descriptor becomes the file's. */
bool cached_file_adopt(struct ctx *c, struct cached_file *f, const struct cached_entry *e);
void cached_file_free(struct cached_file *f);
/* Stores the first chunks, which were fetched before anybody else knows of the blob. */
enum err cached_file_store(struct ctx *c, struct cached_file *f, size_t n, const uint8_t *bytes)
	MUST;
enum err cached_file_window(
	struct ctx *c, struct cached_file *f, uint64_t at, size_t len, const uint8_t **out) MUST;
/* As extent_file. */
enum err cached_file_place(struct ctx *c, struct cached_file *f, uint64_t at, size_t len,
	struct extent_file *out) MUST;
/* Makes sure that nothing is missing. */
enum err cached_file_complete(struct ctx *c, struct cached_file *f) MUST;

#endif

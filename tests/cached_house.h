/*
 * For the tests of driver/blob_cached: a store that lies far away and counts the journeys to it, a
 * cache over it, and blobs whose bytes are known.
 */
#ifndef TESTS_CACHED_HOUSE_H
#define TESTS_CACHED_HOUSE_H

#include "contract/contract.h"

#include "base/hash.h"
#include "base/hex.h"
#include "driver/driver.h"
#include "os/file.h"
#include "os/log.h"
#include "os/thread.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	KIB = 1 << 10,
	MIB = 1 << 20,
	CHUNK = 32 * KIB,
	FIRST = 256 * KIB, /* what comes when a blob is opened */
	POOL = 26 * MIB,
	SHIFT = 4099, /* between the bytes of one blob and those of the next */
	MAX = 64 * MIB,
	RESIDENT = 4 * MIB,
};

/* ---- a store that lies far away */

struct far {
	struct blob blob;
	struct blob_ops ops;
	struct blob *inner;
	atomic_int journeys, opens;
	atomic_int failing; /* which journey from now on fails; 0: none */
	atomic_bool shut;   /* nothing arrives meanwhile */
	atomic_int delay;   /* microseconds */
};

static inline enum err far_fetch(
	struct ctx *c, struct blob *self, const char *key, struct blob_part *part)
{
	struct far *far = (struct far *)self;
	atomic_fetch_add(&far->journeys, 1);
	if (atomic_load(&far->failing) && atomic_fetch_sub(&far->failing, 1) == 1)
		return fail(c, ERR_UNAVAILABLE, "far away, and asleep");
	if (atomic_load(&far->delay))
		usleep((useconds_t)atomic_load(&far->delay));
	while (atomic_load(&far->shut)) {
		TRY(ctx_check(c));
		usleep(1000);
	}
	return blob_fetch(c, far->inner, key, part);
}

static inline enum err far_open(
	struct ctx *c, struct blob *self, const char *key, struct extent **out)
{
	struct far *far = (struct far *)self;
	atomic_fetch_add(&far->opens, 1);
	return blob_open(c, far->inner, key, out);
}

static inline enum err far_create(struct ctx *c, struct blob *self, struct spool **out)
{
	return blob_create(c, ((struct far *)self)->inner, out);
}

static inline enum err far_publish(
	struct ctx *c, struct blob *self, struct spool *spool, const char *key)
{
	return blob_publish(c, ((struct far *)self)->inner, spool, key);
}

static inline enum err far_remove(struct ctx *c, struct blob *self, const char *key)
{
	return blob_remove(c, ((struct far *)self)->inner, key);
}

static inline enum err far_presign(
	struct ctx *c, struct blob *self, const struct blob_grant *grant, struct blob_address *out)
{
	(void)self;
	out->url = str_of(
		arena_fmt(c->arena, "https://far/%s?%lld", grant->key, (long long)grant->seconds));
	return OK;
}

/* ---- the fixture */

struct house {
	struct unit unit; /* first, so that *state is the ctx */
	struct world world;
	struct far far;
	struct blob *blob;
	char *folder;
};

static uint8_t pool[POOL];
static int log_fd;
static int64_t house_time; /* microseconds, which pass for the cache when a test says so */

static inline int64_t house_monotonic(void)
{
	return house_time;
}

static inline struct house *house_of(struct ctx *c)
{
	return (struct house *)c;
}

static inline void house_open(struct house *h, uint64_t max)
{
	assert_ok(&h->unit.ctx,
		blob_cached_open(&h->unit.ctx, &h->far.blob, h->folder, max, RESIDENT, &h->blob));
}

static inline void house_reopen(struct house *h, uint64_t max)
{
	blob_close(h->blob);
	house_open(h, max);
	atomic_store(&h->far.journeys, 0);
	atomic_store(&h->far.opens, 0);
}

static inline int setup(void **state)
{
	struct house *h = calloc(1, sizeof *h);
	h->world = *os_world();
	h->world.monotonic = house_monotonic;
	arena_init(&h->unit.arena);
	ctx_init(&h->unit.ctx, &h->unit.arena, &h->world);
	h->far.inner = blob_memory_open();
	h->far.ops = (struct blob_ops){.open = far_open,
		.create = far_create,
		.publish = far_publish,
		.remove = far_remove,
		.fetch = far_fetch,
		.presign = far_presign};
	h->far.blob.ops = &h->far.ops;
	h->folder = contract_folder();
	assert_int_equal(ftruncate(log_fd, 0), 0);
	assert_int_equal(lseek(log_fd, 0, SEEK_SET), 0);
	house_open(h, MAX);
	*state = h;
	return 0;
}

static inline int teardown(void **state)
{
	struct house *h = *state;
	blob_close(h->blob);
	blob_close(h->far.inner);
	contract_remove_folder(h->folder);
	arena_done(&h->unit.arena);
	free(h);
	return 0;
}

/* How many lines of the log have this text. */
static inline int logged(const char *text)
{
	static char all[64 * KIB];
	ssize_t len = pread(log_fd, all, sizeof all - 1, 0);
	int count = 0;
	assert_true(len >= 0);
	all[len] = 0;
	for (const char *at = all; (at = strstr(at, text)); at++)
		count++;
	return count;
}

static inline const uint8_t *bytes_of(int number)
{
	return pool + number * SHIFT;
}

static inline const char *key_of(struct ctx *c, int number)
{
	return arena_fmt(c->arena, "i1/7/pack/%d.pack", number);
}

/* Publishes blob `number`. */
static inline void put(struct ctx *c, struct blob *blob, int number, size_t size)
{
	struct spool *spool;
	assert_ok(c, blob_create(c, blob, &spool));
	assert_ok(c, spool_append(c, spool, bytes_of(number), size));
	assert_ok(c, blob_publish(c, blob, spool, key_of(c, number)));
	extent_close(&spool->extent);
}

static inline void put_far(struct ctx *c, int number, size_t size)
{
	put(c, house_of(c)->far.inner, number, size);
}

static inline struct extent *open_number(struct ctx *c, int number)
{
	struct extent *e = NULL;
	assert_ok(c, blob_open(c, house_of(c)->blob, key_of(c, number), &e));
	return e;
}

static inline void same(struct ctx *c, struct extent *e, int number, uint64_t at, size_t len)
{
	const uint8_t *got;
	assert_ok(c, extent_window(c, e, at, len, &got));
	assert_memory_equal(got, bytes_of(number) + at, len);
}

/* Reads all of an extent from front to back. */
static inline void same_all(struct ctx *c, struct extent *e, int number)
{
	enum { STEP = 50001 };
	for (uint64_t at = 0; at < e->size; at += STEP)
		same(c, e, number, at, e->size - at < STEP ? (size_t)(e->size - at) : STEP);
}

/* Opens and reads all of it; how many journeys that took. */
static inline int read_number(struct ctx *c, int number)
{
	struct house *h = house_of(c);
	int before = atomic_load(&h->far.journeys) + atomic_load(&h->far.opens);
	struct extent *e = open_number(c, number);
	same_all(c, e, number);
	extent_close(e);
	return atomic_load(&h->far.journeys) + atomic_load(&h->far.opens) - before;
}

static inline struct blob_cached_stats stats_of(struct ctx *c)
{
	struct blob_cached_stats stats;
	blob_cached_stats(house_of(c)->blob, &stats);
	return stats;
}

/* The path of a blob's file. */
static inline const char *file_of(struct ctx *c, int number)
{
	uint8_t digest[HASH_MAX];
	char name[33] = {0};
	const char *key = key_of(c, number);
	hash_once(HASH_SHA256, key, strlen(key), digest);
	hex_encode(digest, 16, name);
	return arena_fmt(c->arena, "%s/%s", house_of(c)->folder, name);
}

static inline bool has_file(struct ctx *c, int number)
{
	return access(file_of(c, number), F_OK) == 0;
}

/* Bytes on disk of all files in the folder, and how many there are. */
static inline uint64_t usage(struct ctx *c, int *count)
{
	uint64_t sum = 0;
	DIR *dir = opendir(house_of(c)->folder);
	assert_non_null(dir);
	*count = 0;
	for (struct dirent *entry; (entry = readdir(dir));) {
		struct stat st;
		if (entry->d_name[0] != '.' && fstatat(dirfd(dir), entry->d_name, &st, 0) == 0) {
			sum += (uint64_t)st.st_blocks * 512;
			++*count;
		}
	}
	closedir(dir);
	return sum;
}

/* Inverts a byte of a blob's file; from its end, when `at` is negative. */
static inline void damage(struct ctx *c, int number, off_t at)
{
	uint8_t byte;
	int fd = open(file_of(c, number), O_RDWR);
	assert_true(fd >= 0);
	off_t from = lseek(fd, at, at < 0 ? SEEK_END : SEEK_SET);
	assert_int_equal(pread(fd, &byte, 1, from), 1);
	byte ^= 0xff;
	assert_int_equal(pwrite(fd, &byte, 1, from), 1);
	close(fd);
}

/* ---- a thread that reads a blob */

struct reader {
	struct thread thread;
	struct house *house;
	struct arena arena;
	struct ctx ctx;
	const char *key;
	int number;
	bool random; /* here and there, instead of from front to back */
	enum err kind;
	bool wrong;
};

static inline void read_window(struct reader *r, struct extent *e, uint64_t at, size_t len)
{
	const uint8_t *got;
	len = e->size - at < len ? (size_t)(e->size - at) : len;
	r->kind = extent_window(&r->ctx, e, at, len, &got);
	if (!r->kind && memcmp(got, bytes_of(r->number) + at, len) != 0)
		r->wrong = true;
}

static inline void read_blob(void *arg)
{
	enum { STEP = 100003, WINDOWS = 60 };
	struct reader *r = arg;
	struct extent *e = NULL;
	uint64_t x = (uint64_t)(uintptr_t)r | 1;
	r->kind = blob_open(&r->ctx, r->house->blob, r->key, &e);
	for (uint64_t at = 0; !r->kind && !r->random && at < e->size; at += STEP)
		read_window(r, e, at, STEP);
	for (int i = 0; !r->kind && r->random && i < WINDOWS; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		read_window(r, e, x % e->size, STEP);
	}
	extent_close(e);
}

static inline void prepare(struct ctx *c, struct reader *r, int number, bool random)
{
	*r = (struct reader){.house = house_of(c), .number = number, .random = random};
	arena_init(&r->arena);
	ctx_init(&r->ctx, &r->arena, os_world());
	r->key = key_of(c, number);
}

static inline void launch(struct ctx *c, struct reader *r)
{
	assert_ok(c, thread_start(c, "reader", read_blob, r, &r->thread));
}

static inline void finish(struct reader *r, enum err expected)
{
	thread_join(&r->thread);
	assert_int_equal(r->kind, expected);
	assert_false(r->wrong);
	arena_done(&r->arena);
}

/* Runs the tests, with the log in a file of its own. */
static inline int run_in_house(const struct CMUnitTest *tests, size_t count)
{
	uint64_t x = 1;
	for (size_t i = 0; i < POOL; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		pool[i] = (uint8_t)x;
	}
	log_fd = memfd_create("log", MFD_CLOEXEC);
	assert_true(log_fd >= 0);
	log_init(LOG_LEVEL_INFO, log_fd);
	return _cmocka_run_group_tests("blob_cached", tests, count, NULL, NULL);
}

#define HOUSE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif

#include "contract/contract.h"

#include "contract/s3.h"
#include "driver/driver.h"
#include "os/thread.h"

#include <unistd.h>

struct world_of_blobs;

struct driver {
	const char *name;
	void (*open)(struct world_of_blobs *w);
	const char *needs;
};

/* First the unit, so that *state is the ctx. */
struct world_of_blobs {
	struct unit unit;
	const struct driver *driver;
	struct blob *blob, *inner, *innermost;
	char *folder;
};

static void open_memory(struct world_of_blobs *w)
{
	w->blob = blob_memory_open();
}

static void open_local(struct world_of_blobs *w)
{
	w->folder = contract_folder();
	assert_ok(&w->unit.ctx, blob_local_open(&w->unit.ctx, w->folder, 4 << 20, &w->blob));
}

static void open_faulty(struct world_of_blobs *w)
{
	w->inner = blob_memory_open();
	w->blob = blob_faulty_open(w->inner);
}

static void open_cached_over(struct world_of_blobs *w, struct blob *inner)
{
	enum { MAX = 64 << 20, RESIDENT = 4 << 20 };
	w->inner = inner;
	w->folder = contract_folder();
	assert_ok(&w->unit.ctx,
		blob_cached_open(&w->unit.ctx, inner, w->folder, MAX, RESIDENT, &w->blob));
}

/* Reads by fetching. */
static void open_cached(struct world_of_blobs *w)
{
	open_cached_over(w, blob_memory_open());
}

/* Reads by extents. */
static void open_cached_over_faulty(struct world_of_blobs *w)
{
	w->innermost = blob_memory_open();
	open_cached_over(w, blob_faulty_open(w->innermost));
}

static void open_s3(struct world_of_blobs *w)
{
	w->folder = contract_folder();
	/* A store must not trip over what the operator puts before all keys. */
	const struct blob_s3_options options =
		s3_options(&w->unit.ctx, w->folder, "t%20%2B=*~@:,;(!')&$%C3%A4/");
	assert_ok(&w->unit.ctx, blob_s3_open(&w->unit.ctx, &options, &w->blob));
}

static const struct driver drivers[] = {
	{"memory", open_memory, NULL},
	{"local", open_local, NULL},
	{"faulty", open_faulty, NULL},
	{"cached", open_cached, NULL},
	{"cached over faulty", open_cached_over_faulty, NULL},
	{"s3", open_s3, "NIMBUS_TEST_S3"},
};

static const char *name_of(const void *driver)
{
	return ((const struct driver *)driver)->name;
}

static const char *needs(const void *driver)
{
	return ((const struct driver *)driver)->needs;
}

static int setup(void **state)
{
	const struct driver *driver = *state;
	struct world_of_blobs *w = calloc(1, sizeof *w);
	arena_init(&w->unit.arena);
	ctx_init(&w->unit.ctx, &w->unit.arena, os_world());
	w->driver = driver;
	driver->open(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world_of_blobs *w = *state;
	blob_close(w->blob);
	blob_close(w->inner);
	blob_close(w->innermost);
	if (w->folder)
		contract_remove_folder(w->folder);
	arena_done(&w->unit.arena);
	free(w);
	return 0;
}

static struct blob *blob_of(struct ctx *c)
{
	return ((struct world_of_blobs *)c)->blob;
}

/* `size` bytes that are not all the same, from a number. */
static char *pattern(struct ctx *c, size_t size, unsigned seed)
{
	char *bytes = arena_raw(c->arena, size + 1);
	uint64_t x = seed * 0x9e3779b97f4a7c15u + 1;
	for (size_t i = 0; i < size; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		bytes[i] = (char)x;
	}
	return bytes;
}

static void put(struct ctx *c, const char *key, const char *bytes, size_t size)
{
	struct spool *spool;
	assert_ok(c, blob_create(c, blob_of(c), &spool));
	assert_ok(c, spool_append(c, spool, bytes, size));
	assert_ok(c, blob_publish(c, blob_of(c), spool, key));
	extent_close(&spool->extent);
}

static void same(struct ctx *c, struct extent *e, uint64_t at, const char *bytes, size_t len)
{
	const uint8_t *got;
	assert_ok(c, extent_window(c, e, at, len, &got));
	assert_non_null(got);
	assert_memory_equal(got, bytes, len);
}

static void what_was_published_reads_back(void **state)
{
	struct ctx *c = *state;
	static const size_t sizes[] = {0, 1, 4096, (1 << 20) + 1, 9 << 20};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char *bytes = pattern(c, sizes[i], (unsigned)i);
		const char *key = arena_fmt(c->arena, "i1/7/pack/size-%zu.pack", sizes[i]);
		put(c, key, bytes, sizes[i]);
		struct extent *e;
		assert_ok(c, blob_open(c, blob_of(c), key, &e));
		assert_int_equal(e->size, sizes[i]);
		same(c, e, 0, bytes, sizes[i]);
		for (size_t at = 0; at + 1000 < sizes[i]; at += 123457)
			same(c, e, at, bytes + at, 1000);
		extent_close(e);
	}
}

/* False: they lie in no file. */
static bool same_in_file(
	struct ctx *c, struct extent *e, uint64_t at, const char *bytes, size_t len)
{
	struct extent_file file;
	char *got = arena_raw(c->arena, len + 1);
	assert_ok(c, extent_file(c, e, at, len, &file));
	if (file.fd < 0)
		return false;
	assert_int_equal(pread(file.fd, got, len, (off_t)file.at), len);
	assert_memory_equal(got, bytes, len);
	return true;
}

static bool has_files(struct ctx *c)
{
	const struct world_of_blobs *w = (struct world_of_blobs *)c;
	return strcmp(w->driver->name, "memory") != 0 && strcmp(w->driver->name, "faulty") != 0;
}

static void bytes_lie_in_the_file_that_is_named(void **state)
{
	struct ctx *c = *state;
	enum { SIZE = (3 << 20) + 5, PART = 300001 };
	char *bytes = pattern(c, SIZE, 4);
	struct extent_file file;
	struct extent *e;
	put(c, "a/b", bytes, SIZE);
	assert_ok(c, blob_open(c, blob_of(c), "a/b", &e));
	for (size_t at = 0; at + PART <= SIZE; at += PART)
		assert_int_equal(same_in_file(c, e, at, bytes + at, PART), has_files(c));
	same(c, e, 0, bytes, SIZE);
	/* A driver that has no files says of nothing where it lies. */
	if (has_files(c)) {
		assert_err(c, extent_file(c, e, SIZE, 1, &file), ERR_CORRUPT);
		assert_err(c, extent_file(c, e, UINT64_MAX, 2, &file), ERR_CORRUPT);
	}
	assert_ok(c, blob_remove(c, blob_of(c), "a/b"));
	assert_int_equal(same_in_file(c, e, 7, bytes + 7, PART), has_files(c));
	extent_close(e);
}

/* Whoever asks only then may be told that there is no file; never that it is another one. */
static void a_removed_blob_has_its_file_or_none(void **state)
{
	struct ctx *c = *state;
	enum { SIZE = 1 << 20 };
	char *bytes = pattern(c, SIZE, 6);
	struct extent *e;
	put(c, "a/b", bytes, SIZE);
	assert_ok(c, blob_open(c, blob_of(c), "a/b", &e));
	assert_ok(c, blob_remove(c, blob_of(c), "a/b"));
	if (!same_in_file(c, e, 0, bytes, SIZE))
		same(c, e, 0, bytes, SIZE);
	extent_close(e);
}

/* Of drivers that can fetch. */
static void parts_are_fetched(void **state)
{
	enum { SIZE = 3000, CAP = 1000 };
	struct ctx *c = *state;
	char *bytes = pattern(c, SIZE, 3);
	uint8_t to[CAP];
	struct blob_part part = {.to = to, .cap = CAP};
	if (!blob_of(c)->ops->fetch)
		return;
	put(c, "a/b", bytes, SIZE);
	for (part.at = 0; part.at <= SIZE; part.at += 700) {
		size_t len = SIZE - part.at < CAP ? (size_t)(SIZE - part.at) : CAP;
		assert_ok(c, blob_fetch(c, blob_of(c), "a/b", &part));
		assert_int_equal(part.size, SIZE);
		assert_int_equal(part.len, len);
		assert_memory_equal(to, bytes + part.at, len);
	}
	part.at = SIZE;
	assert_ok(c, blob_fetch(c, blob_of(c), "a/b", &part));
	assert_int_equal(part.len, 0);
	assert_err(c, blob_fetch(c, blob_of(c), "a/c", &part), ERR_NOT_FOUND);
	assert_err(c, blob_fetch(c, blob_of(c), "../a", &part), ERR_INVALID);
}

static void nothing_is_there_before_it_is_published(void **state)
{
	struct ctx *c = *state;
	struct spool *spool;
	struct extent *e;
	assert_ok(c, blob_create(c, blob_of(c), &spool));
	assert_ok(c, spool_append(c, spool, "hello", 5));
	assert_err(c, blob_open(c, blob_of(c), "a/b", &e), ERR_NOT_FOUND);
	extent_close(&spool->extent);
	assert_err(c, blob_open(c, blob_of(c), "a/b", &e), ERR_NOT_FOUND);
}

static void a_blob_that_is_there_stays(void **state)
{
	struct ctx *c = *state;
	put(c, "a/b", "first", 5);
	put(c, "a/b", "second", 6);
	struct extent *e;
	assert_ok(c, blob_open(c, blob_of(c), "a/b", &e));
	assert_int_equal(e->size, 5);
	same(c, e, 0, "first", 5);
	extent_close(e);
}

static void a_key_that_climbs_or_is_odd_is_refused(void **state)
{
	struct ctx *c = *state;
	char long_key[300];
	memset(long_key, 'a', sizeof long_key - 1);
	long_key[sizeof long_key - 1] = 0;
	const char *const keys[] = {"", "/", "/a", "a/", "a//b", "..", "../a", "a/../b", "a/..",
		".", "./a", "A", "a b", "a\\b", "a\n", "\xc3\xa4", "a:b", long_key};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		struct extent *e;
		struct spool *spool;
		assert_err(c, blob_open(c, blob_of(c), keys[i], &e), ERR_INVALID);
		assert_err(c, blob_remove(c, blob_of(c), keys[i]), ERR_INVALID);
		assert_ok(c, blob_create(c, blob_of(c), &spool));
		assert_err(c, blob_publish(c, blob_of(c), spool, keys[i]), ERR_INVALID);
		extent_close(&spool->extent);
	}
}

static void an_open_blob_outlives_its_removal(void **state)
{
	struct ctx *c = *state;
	char *bytes = pattern(c, 3 << 20, 5);
	struct extent *e, *again;
	put(c, "a/b", bytes, 3 << 20);
	assert_ok(c, blob_open(c, blob_of(c), "a/b", &e));
	assert_ok(c, blob_remove(c, blob_of(c), "a/b"));
	assert_ok(c, blob_remove(c, blob_of(c), "a/b"));
	assert_err(c, blob_open(c, blob_of(c), "a/b", &again), ERR_NOT_FOUND);
	same(c, e, 0, bytes, 3 << 20);
	extent_close(e);
	put(c, "a/b", "new", 3);
}

static void past_the_end_there_is_nothing(void **state)
{
	struct ctx *c = *state;
	const uint8_t *at;
	struct extent *e;
	put(c, "a/b", "hello", 5);
	assert_ok(c, blob_open(c, blob_of(c), "a/b", &e));
	same(c, e, 5, "", 0);
	assert_err(c, extent_window(c, e, 0, 6, &at), ERR_CORRUPT);
	assert_err(c, extent_window(c, e, 6, 0, &at), ERR_CORRUPT);
	assert_err(c, extent_window(c, e, UINT64_MAX, 2, &at), ERR_CORRUPT);
	extent_close(e);
}

static void a_spool_reads_back_while_it_is_written(void **state)
{
	struct ctx *c = *state;
	enum { SIZE = 5 << 20, STEP = 70001 };
	char *bytes = pattern(c, SIZE, 9);
	struct spool *spool;
	const uint8_t *first = NULL;
	assert_ok(c, blob_create(c, blob_of(c), &spool));
	for (size_t at = 0; at < SIZE; at += STEP) {
		size_t len = SIZE - at < STEP ? SIZE - at : STEP;
		assert_ok(c, spool_append(c, spool, bytes + at, len));
		assert_int_equal(spool->extent.size, at + len);
		same(c, &spool->extent, at, bytes + at, len);
		if (!first)
			assert_ok(c, extent_window(c, &spool->extent, 0, 100, &first));
	}
	assert_memory_equal(first, bytes, 100);
	same(c, &spool->extent, 0, bytes, SIZE);
	assert_ok(c, blob_publish(c, blob_of(c), spool, "a/b"));
	same(c, &spool->extent, SIZE - 10, bytes + SIZE - 10, 10);
	extent_close(&spool->extent);
}

struct reading {
	struct thread thread;
	struct extent *extent;
	const char *bytes;
	bool wrong;
};

static void read_all(void *arg)
{
	enum { STEP = 4099 };
	struct reading *r = arg;
	struct ctx c = {0};
	for (uint64_t at = 0; at < r->extent->size; at += STEP) {
		uint64_t left = r->extent->size - at;
		size_t len = left < STEP ? (size_t)left : STEP;
		const uint8_t *got;
		if (extent_window(&c, r->extent, at, len, &got) ||
			memcmp(got, r->bytes + at, len) != 0)
			r->wrong = true;
	}
}

static void threads_read_a_spool_whose_end_was_read(void **state)
{
	struct ctx *c = *state;
	enum { SIZE = 5 << 20, THREADS = 4 };
	struct reading readings[THREADS];
	char *bytes = pattern(c, SIZE, 9);
	struct spool *spool;
	const uint8_t *end;
	assert_ok(c, blob_create(c, blob_of(c), &spool));
	assert_ok(c, spool_append(c, spool, bytes, SIZE));
	assert_ok(c, extent_window(c, &spool->extent, SIZE - 1, 1, &end));
	for (int i = 0; i < THREADS; i++) {
		readings[i] = (struct reading){.extent = &spool->extent, .bytes = bytes};
		assert_ok(
			c, thread_start(c, "reading", read_all, &readings[i], &readings[i].thread));
	}
	for (int i = 0; i < THREADS; i++) {
		thread_join(&readings[i].thread);
		assert_false(readings[i].wrong);
	}
	extent_close(&spool->extent);
}

static enum err count_key(struct ctx *c, void *arg, const struct blob_entry *entry)
{
	int *count = arg;
	(void)c;
	assert_true(entry->size == 2);
	assert_true(entry->age >= 0 && entry->age < 600);
	(*count)++;
	return OK;
}

static int keys_under(struct ctx *c, const char *prefix)
{
	int count = 0;
	assert_ok(c, blob_list(c, blob_of(c), prefix, count_key, &count));
	return count;
}

static void listing_finds_what_starts_with_the_prefix(void **state)
{
	struct ctx *c = *state;
	assert_int_equal(keys_under(c, ""), 0);
	put(c, "i1/1/pack/aa.pack", "xx", 2);
	put(c, "i1/1/pack/aa.idx", "xx", 2);
	put(c, "i1/11/pack/bb.pack", "xx", 2);
	put(c, "top", "xx", 2);
	assert_int_equal(keys_under(c, ""), 4);
	assert_int_equal(keys_under(c, "i1/1/"), 2);
	assert_int_equal(keys_under(c, "i1/1"), 3);
	assert_int_equal(keys_under(c, "i1/1/pack/aa.p"), 1);
	assert_int_equal(keys_under(c, "i2"), 0);
	assert_ok(c, blob_remove(c, blob_of(c), "i1/11/pack/bb.pack"));
	assert_int_equal(keys_under(c, "i1/"), 2);
}

struct publisher {
	struct blob *blob;
	enum err kind;
	int number;
};

static void publish_many(void *arg)
{
	struct publisher *p = arg;
	struct arena arena;
	struct ctx c;
	arena_init(&arena);
	ctx_init(&c, &arena, os_world());
	for (int i = 0; i < 20 && !p->kind; i++) {
		struct spool *spool = NULL;
		const char *key = arena_fmt(&arena, "a/%d/pack/%d", i, i);
		p->kind = blob_create(&c, p->blob, &spool);
		if (!p->kind)
			p->kind = spool_append(&c, spool, key, strlen(key));
		if (!p->kind)
			p->kind = blob_publish(&c, p->blob, spool, key);
		if (spool)
			extent_close(&spool->extent);
		/* Taking folders away under the others' hands. */
		if (!p->kind && (i + p->number) % 3 == 0)
			p->kind = blob_remove(&c, p->blob, arena_fmt(&arena, "a/%d/pack/x", i));
	}
	arena_done(&arena);
}

static void many_may_publish_the_same(void **state)
{
	struct ctx *c = *state;
	struct publisher publishers[4];
	struct thread threads[4];
	for (int i = 0; i < 4; i++) {
		publishers[i] = (struct publisher){blob_of(c), OK, i};
		assert_ok(c, thread_start(c, "publish", publish_many, &publishers[i], &threads[i]));
	}
	for (int i = 0; i < 4; i++) {
		thread_join(&threads[i]);
		assert_int_equal(publishers[i].kind, OK);
	}
	struct extent *e;
	assert_ok(c, blob_open(c, blob_of(c), "a/7/pack/7", &e));
	same(c, e, 0, "a/7/pack/7", 10);
	extent_close(e);
}

/* Of the local store alone. */
static void what_a_killed_process_left_is_tidied_away(void **state)
{
	(void)state;
	struct unit u;
	struct ctx *c = &u.ctx;
	arena_init(&u.arena);
	ctx_init(c, &u.arena, os_world());
	char *folder = contract_folder();
	struct blob *running, *other;
	struct spool *spool;
	assert_ok(c, blob_local_open(c, folder, 0, &running));
	assert_ok(c, blob_create(c, running, &spool));
	assert_ok(c, spool_append(c, spool, "hello", 5));
	const char *left = arena_fmt(c->arena, "%s/tmp/0123456789abcdef", folder);
	FILE *file = fopen(left, "w");
	assert_non_null(file);
	fclose(file);

	assert_ok(c, blob_local_open(c, folder, 0, &other));
	assert_int_not_equal(access(left, F_OK), 0);
	assert_ok(c, blob_publish(c, running, spool, "a/b"));
	extent_close(&spool->extent);
	struct extent *e;
	assert_ok(c, blob_open(c, other, "a/b", &e));
	same(c, e, 0, "hello", 5);
	extent_close(e);
	blob_close(other);
	blob_close(running);
	contract_remove_folder(folder);
	arena_done(&u.arena);
}

static enum err hear(struct ctx *c, void *arg)
{
	int *left = arg;
	return --*left ? OK : fail(c, ERR_CANCELED, "that is enough");
}

/* Of the local store alone, whose disk may be slow. */
static void whoever_waits_for_a_big_blob_hears_of_it(void **state)
{
	enum { SIZE = 40 << 20, NEVER = 1000 };
	struct ctx *c = *state;
	char *folder = contract_folder(), *bytes = pattern(c, SIZE, 1);
	struct blob *local;
	struct spool *spool;
	struct extent *e;
	int left = NEVER;
	assert_ok(c, blob_local_open(c, folder, 0, &local));
	assert_ok(c, blob_create(c, local, &spool));
	assert_ok(c, spool_append(c, spool, bytes, SIZE));
	c->working = hear;
	c->working_arg = &left;
	left = 2;
	assert_err(c, blob_publish(c, local, spool, "a/b"), ERR_CANCELED);
	left = NEVER;
	assert_err(c, blob_open(c, local, "a/b", &e), ERR_NOT_FOUND);
	assert_ok(c, blob_publish(c, local, spool, "a/b"));
	assert_true(left <= NEVER - 3);
	extent_close(&spool->extent);
	assert_ok(c, blob_open(c, local, "a/b", &e));
	same(c, e, SIZE - 1000, bytes + SIZE - 1000, 1000);
	extent_close(e);
	blob_close(local);
	contract_remove_folder(folder);
}

static void a_fault_is_what_was_asked_for_and_only_once(void **state)
{
	struct ctx *c = *state;
	struct blob *inner = blob_memory_open(), *faulty = blob_faulty_open(inner);
	struct spool *spool;
	blob_faulty_set(faulty, 2, ERR_UNAVAILABLE);
	assert_ok(c, blob_create(c, faulty, &spool));
	assert_err(c, spool_append(c, spool, "x", 1), ERR_UNAVAILABLE);
	assert_ok(c, spool_append(c, spool, "x", 1));
	assert_int_equal(blob_faulty_count(faulty), 3);
	extent_close(&spool->extent);
	blob_close(faulty);
	blob_close(inner);
}

int main(void)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(what_was_published_reads_back),
		CONTRACT_TEST(bytes_lie_in_the_file_that_is_named),
		CONTRACT_TEST(a_removed_blob_has_its_file_or_none),
		CONTRACT_TEST(parts_are_fetched),
		CONTRACT_TEST(nothing_is_there_before_it_is_published),
		CONTRACT_TEST(a_blob_that_is_there_stays),
		CONTRACT_TEST(a_key_that_climbs_or_is_odd_is_refused),
		CONTRACT_TEST(an_open_blob_outlives_its_removal),
		CONTRACT_TEST(past_the_end_there_is_nothing),
		CONTRACT_TEST(a_spool_reads_back_while_it_is_written),
		CONTRACT_TEST(threads_read_a_spool_whose_end_was_read),
		CONTRACT_TEST(listing_finds_what_starts_with_the_prefix),
		CONTRACT_TEST(many_may_publish_the_same),
	};
	const struct CMUnitTest own[] = {
		UNIT_TEST(what_a_killed_process_left_is_tidied_away),
		UNIT_TEST(whoever_waits_for_a_big_blob_hears_of_it),
		UNIT_TEST(a_fault_is_what_was_asked_for_and_only_once),
	};
	struct contract contract = CONTRACT(drivers, setup, teardown);
	contract.needs = needs;
	int failed = contract_run(&contract, tests, sizeof tests / sizeof *tests);
	return failed + cmocka_run_group_tests(own, NULL, NULL);
}

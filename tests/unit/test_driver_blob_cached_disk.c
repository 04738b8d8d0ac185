#include "cached_house.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { RETRY = 600000 }; /* microseconds after which a disk that failed is tried again */

/* ---- what is not what was written */

static void a_damaged_chunk_is_fetched_anew(void **state)
{
	struct ctx *c = *state;
	put(c, house_of(c)->blob, 1, 4 * MIB + 9);
	damage(c, 1, 2 * CHUNK + 77);
	damage(c, 1, 4 * MIB + 8);
	assert_int_equal(read_number(c, 1), 2);
	assert_int_equal(stats_of(c).damaged, 2);
	assert_int_equal(stats_of(c).bytes_fetched, CHUNK + 9);
	assert_int_equal(logged("the cache is damaged"), 1);
	uint64_t before = stats_of(c).bytes;
	house_reopen(house_of(c), MAX);
	assert_int_equal(read_number(c, 1), 0);
	assert_int_equal(stats_of(c).damaged, 0);
	assert_true(before <= stats_of(c).bytes + CHUNK && stats_of(c).bytes <= before + CHUNK);
}

static void a_damaged_record_is_an_empty_entry(void **state)
{
	/* From the end: the header's magic, its size and its sum; a sum of the last chunk, and its
	 * check. */
	static const int places[] = {-24, -9, -6, -24 - 8, -24 - 1};
	struct ctx *c = *state;
	put_far(c, 1, 2 * MIB + 1);
	for (int i = 0; i < 5; i++) {
		house_reopen(house_of(c), MAX);
		read_number(c, 1);
		damage(c, 1, places[i]);
		assert_int_equal(read_number(c, 1), 4);
		assert_int_equal(stats_of(c).damaged, 1);
		assert_int_equal(read_number(c, 1), 0);
	}
	assert_int_equal(logged("the cache is damaged"), 5);
	/* Shorter or longer than it was, or nothing at all. */
	static const int lengths[] = {2 * MIB, 2 * MIB + 64 * KIB, 10, 0};
	for (int i = 0; i < 4; i++) {
		assert_int_equal(truncate(file_of(c, 1), lengths[i]), 0);
		assert_int_equal(read_number(c, 1), 4);
		assert_int_equal(read_number(c, 1), 0);
	}
	/* One blob's file under the name of another. */
	put_far(c, 2, 2 * MIB + 1);
	assert_int_equal(rename(file_of(c, 1), file_of(c, 2)), 0);
	assert_int_equal(read_number(c, 2), 4);
}

static void a_start_tidies_what_is_its_own(void **state)
{
	static const char *const names[] = {
		"tmp.00112233445566778899aabbccddeeff", "tmp.mine", "README", "0123"};
	struct ctx *c = *state;
	put(c, house_of(c)->blob, 1, MIB);
	for (int i = 0; i < 4; i++)
		assert_ok(c,
			file_write(c, arena_fmt(c->arena, "%s/%s", house_of(c)->folder, names[i]),
				STR("text"), 0600));
	house_reopen(house_of(c), MAX);
	for (int i = 0; i < 4; i++)
		assert_int_equal(
			access(arena_fmt(c->arena, "%s/%s", house_of(c)->folder, names[i]), F_OK),
			i == 0 ? -1 : 0);
	assert_int_equal(stats_of(c).blobs, 1);
	assert_int_equal(read_number(c, 1), 0);
}

/* ---- disks that fail */

static void wait_for_another_try(void)
{
	house_time += RETRY;
}

/* A limit of the size of files stands for a disk that fails, for whoever may not mount one. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_disk_that_fails_costs_no_request(void **state)
{
	struct ctx *c = *state;
	int files;
	put_far(c, 1, 5 * MIB);
	put_far(c, 2, 2 * MIB);
	limit_files(3 * MIB);
	struct extent *e = open_number(c, 1);
	same_all(c, e, 1);
	bool failed = stats_of(c).disk_fails;
	put(c, house_of(c)->blob, 3, 5 * MIB);
	read_number(c, 3);
	read_number(c, 2);
	limit_files(0);
	assert_true(failed);
	assert_int_equal(logged("the disk of the cache fails"), 1);
	assert_int_equal(stats_of(c).blobs, 1);
	assert_int_equal(usage(c, &files), 0);
	assert_int_equal(files, 0);

	wait_for_another_try();
	assert_true(read_number(c, 2) > 0);
	assert_int_equal(logged("the disk of the cache works again"), 1);
	assert_false(stats_of(c).disk_fails);
	assert_int_equal(read_number(c, 2), 0);
	same_all(c, e, 1);
	extent_close(e);
	assert_true(read_number(c, 1) > 0);
	assert_int_equal(read_number(c, 1), 0);
}

static void what_was_removed_gets_no_file_any_more(void **state)
{
	struct ctx *c = *state;
	put_far(c, 1, 5 * MIB);
	limit_files(MIB);
	struct extent *e = open_number(c, 1);
	limit_files(0);
	/* Somebody else removed it too, so not all of it is here; then it comes back. */
	assert_ok(c, blob_remove(c, house_of(c)->far.inner, key_of(c, 1)));
	assert_ok(c, blob_remove(c, house_of(c)->blob, key_of(c, 1)));
	put_far(c, 1, 5 * MIB);
	wait_for_another_try();
	same_all(c, e, 1);
	assert_false(has_file(c, 1));
	assert_int_equal(stats_of(c).blobs, 0);
	extent_close(e);
	assert_int_equal(stats_of(c).bytes, 0);
}

static bool tell_kernel(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool told = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return told;
}

/* Mounts of its own, also for who is not root, where the machine allows that. */
static bool unshare_mounts(struct ctx *c)
{
	static bool own;
	const char *user = arena_fmt(c->arena, "0 %u 1", geteuid());
	const char *group = arena_fmt(c->arena, "0 %u 1", getegid());
	if (own)
		return true;
	if (unshare(CLONE_NEWNS) != 0 && (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
						 !tell_kernel("/proc/self/uid_map", user) ||
						 !tell_kernel("/proc/self/setgroups", "deny") ||
						 !tell_kernel("/proc/self/gid_map", group)))
		return false;
	own = mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	return own;
}

/* A small disk over the folder, seen by this process alone. False: it may not. */
static bool mount_disk(struct ctx *c, const char *options)
{
	if (!unshare_mounts(c) || mount("none", house_of(c)->folder, "tmpfs", 0, options) != 0) {
		print_message("skip: no disk can be mounted here: %s\n", strerror(errno));
		return false;
	}
	blob_close(house_of(c)->blob);
	house_open(house_of(c), MAX);
	return true;
}

static void unmount_disk(struct ctx *c)
{
	blob_close(house_of(c)->blob);
	assert_int_equal(umount(house_of(c)->folder), 0);
	house_open(house_of(c), MAX);
}

static void fill_up(struct ctx *c, const char *name)
{
	int fd = open(
		arena_fmt(c->arena, "%s/%s", house_of(c)->folder, name), O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	while (write(fd, pool, 4 * KIB) == 4 * KIB)
		;
	assert_int_equal(errno, ENOSPC);
	close(fd);
}

static void a_full_disk_costs_no_request(void **state)
{
	struct ctx *c = *state;
	if (!mount_disk(c, "size=5m"))
		skip();
	for (int i = 1; i <= 3; i++)
		put_far(c, i, 3 * MIB + (size_t)i);
	read_number(c, 1);
	usleep(20000);
	/* It is full in the middle of this: a part is on disk, the rest in memory. */
	struct extent *e = open_number(c, 2);
	same_all(c, e, 2);
	assert_true(stats_of(c).disk_fails);
	assert_int_equal(logged("the disk of the cache fails"), 1);
	assert_int_equal(logged("No space left on device"), 1);
	/* What was written in vain takes no room. */
	int files;
	assert_true(usage(c, &files) <= stats_of(c).bytes);
	for (uint64_t at = 0; at + 2 * MIB < e->size; at += 300001)
		same(c, e, 2, at, 2 * MIB);
	assert_int_equal(read_number(c, 2), 0);
	/* It gave way, and so there is room soon. */
	assert_int_equal(stats_of(c).evictions, 1);
	assert_false(has_file(c, 1));
	wait_for_another_try();
	assert_true(read_number(c, 3) > 0);
	assert_int_equal(logged("the disk of the cache works again"), 1);
	same_all(c, e, 2);
	extent_close(e);
	/* Nothing counts as present that is not. */
	for (int i = 1; i <= 3; i++)
		read_number(c, i);
	assert_int_equal(stats_of(c).damaged, 0);

	/* Others fill it: what is published is stored where it belongs all the same. */
	fill_up(c, "others");
	put(c, house_of(c)->blob, 4, 2 * MIB);
	assert_int_equal(logged("the disk of the cache fails"), 2);
	read_number(c, 4);
	unmount_disk(c);
}

static void a_disk_that_is_full_at_the_start_is_used_later(void **state)
{
	struct ctx *c = *state;
	struct house *h = house_of(c);
	if (!mount_disk(c, "size=5m"))
		skip();
	fill_up(c, "others");
	char *folder = h->folder;
	blob_close(h->blob);
	/* No folder can be made, until there is room again. */
	assert_int_equal(mount(NULL, folder, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	h->folder = strdup(arena_fmt(c->arena, "%s/below", folder));
	house_open(h, MAX);
	assert_true(stats_of(c).disk_fails);
	put_far(c, 1, MIB);
	read_number(c, 1);
	assert_int_equal(logged("the disk of the cache fails"), 1);
	assert_int_equal(mount(NULL, folder, NULL, MS_REMOUNT, "size=9m"), 0);
	wait_for_another_try();
	read_number(c, 1);
	assert_int_equal(read_number(c, 1), 0);
	assert_false(stats_of(c).disk_fails);
	free(h->folder);
	h->folder = folder;
	unmount_disk(c);
}

static void a_read_only_disk_is_read(void **state)
{
	struct ctx *c = *state;
	struct house *h = house_of(c);
	struct extent *e;
	if (!mount_disk(c, "size=50m"))
		skip();
	put_far(c, 1, 4 * MIB);
	put_far(c, 2, 4 * MIB);
	put_far(c, 3, 4 * MIB);
	read_number(c, 1);
	e = open_number(c, 2);
	extent_close(e);
	read_number(c, 3);
	blob_close(h->blob);
	assert_int_equal(mount(NULL, h->folder, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	house_open(h, MAX);
	assert_int_equal(read_number(c, 1), 0);
	assert_int_equal(logged("the disk of the cache fails"), 0);
	/* The first chunks are there. */
	uint64_t before = stats_of(c).bytes_fetched;
	read_number(c, 2);
	assert_int_equal(stats_of(c).bytes_fetched - before, 4 * MIB - FIRST);
	/* What was removed is there no more, though its file is. */
	assert_ok(c, blob_remove(c, h->blob, key_of(c, 3)));
	assert_err(c, blob_open(c, h->blob, key_of(c, 3), &e), ERR_NOT_FOUND);
	assert_true(has_file(c, 3));
	assert_int_equal(mount(NULL, h->folder, NULL, MS_REMOUNT, NULL), 0);
	assert_err(c, blob_open(c, h->blob, key_of(c, 3), &e), ERR_NOT_FOUND);
	put_far(c, 3, 2 * MIB);
	wait_for_another_try();
	assert_true(read_number(c, 3) > 0);
	assert_int_equal(read_number(c, 3), 0);
	read_number(c, 2);
	assert_int_equal(read_number(c, 2), 0);
	unmount_disk(c);
}

static void a_folder_that_cannot_be_one_is_said_at_once(void **state)
{
	struct ctx *c = *state;
	struct blob *other;
	const char *path = arena_fmt(c->arena, "%s/file", house_of(c)->folder);
	assert_ok(c, file_write(c, path, STR("text"), 0600));
	assert_err(
		c, blob_cached_open(c, &house_of(c)->far.blob, path, MAX, 0, &other), ERR_EXISTS);
}

/* ---- kill -9 */

enum { KILL_BLOBS = 8, KILL_BOUND = 5 * MIB };

static size_t size_of(int number)
{
	return (size_t)number * 300000 + 17;
}

static void use_without_end(void *arg)
{
	struct reader *r = arg;
	for (unsigned i = 0; !r->kind && !r->wrong; i++) {
		r->number = (r->number * 5 + 3) % KILL_BLOBS;
		r->key = arena_fmt(&r->arena, "i1/7/pack/%d.pack", r->number);
		r->random = i % 3;
		if (i % 4 == 0)
			put(&r->ctx, r->house->blob, r->number, size_of(r->number));
		read_blob(r);
	}
	_exit(1);
}

/* In a child: two threads fill the cache, and evict, until it is killed. */
static void be_killed(struct ctx *c)
{
	struct reader readers[2];
	house_open(house_of(c), KILL_BOUND);
	for (int i = 0; i < 2; i++) {
		prepare(c, &readers[i], i, false);
		if (thread_start(c, "reader", use_without_end, &readers[i], &readers[i].thread))
			_exit(1);
	}
	thread_join(&readers[0].thread);
	_exit(1);
}

static void whatever_moment_it_is_killed_at_all_is_right(void **state)
{
	enum { ROUNDS = 25, SHORTEST = 3000, STEP = 2900 };
	struct ctx *c = *state;
	struct house *h = house_of(c);
	uint64_t hits = 0;
	int files, status;
	for (int i = 0; i < KILL_BLOBS; i++)
		put_far(c, i, size_of(i));
	for (int round = 0; round < ROUNDS; round++) {
		blob_close(h->blob);
		h->blob = NULL;
		pid_t child = fork();
		if (child == 0)
			be_killed(c);
		assert_true(child > 0);
		usleep((useconds_t)(SHORTEST + round * STEP));
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		house_open(h, KILL_BOUND);
		assert_true(usage(c, &files) <= KILL_BOUND);
		assert_int_equal(stats_of(c).blobs, files);
		for (int i = 0; i < KILL_BLOBS; i++)
			read_number(c, i);
		assert_int_equal(stats_of(c).damaged, 0);
		hits += stats_of(c).hits;
	}
	assert_true(hits > ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(a_damaged_chunk_is_fetched_anew),
		HOUSE_TEST(a_damaged_record_is_an_empty_entry),
		HOUSE_TEST(a_start_tidies_what_is_its_own),
		HOUSE_TEST(a_disk_that_fails_costs_no_request),
		HOUSE_TEST(what_was_removed_gets_no_file_any_more),
		HOUSE_TEST(a_full_disk_costs_no_request),
		HOUSE_TEST(a_disk_that_is_full_at_the_start_is_used_later),
		HOUSE_TEST(a_read_only_disk_is_read),
		HOUSE_TEST(a_folder_that_cannot_be_one_is_said_at_once),
		HOUSE_TEST(whatever_moment_it_is_killed_at_all_is_right),
	};
	return run_in_house(tests, sizeof tests / sizeof *tests);
}

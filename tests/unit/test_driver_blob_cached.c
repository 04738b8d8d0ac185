#include "cached_house.h"

/* ---- journeys */

static void who_reads_on_gets_more_with_each_journey(void **state)
{
	enum { SIZE = 20 * MIB + 5 };
	struct ctx *c = *state;
	put_far(c, 1, SIZE);
	/* 8, 16, 32, 64, 128 chunks, then 256, and the 137 that are left. */
	assert_int_equal(read_number(c, 1), 7);
	assert_int_equal(stats_of(c).bytes_fetched, SIZE);
	assert_int_equal(read_number(c, 1), 0);
	house_reopen(house_of(c), MAX);
	assert_int_equal(read_number(c, 1), 0);
	assert_int_equal(stats_of(c).misses, 0);
	assert_int_equal(stats_of(c).hits, 1 + 641);
}

static void who_jumps_about_gets_what_he_needs(void **state)
{
	enum { SIZE = 20 * MIB, JUMPS = 12 };
	static const int jumps[JUMPS] = {70, 3, 41, 20, 60, 11, 33, 50, 78, 27, 5, 65};
	struct ctx *c = *state;
	put_far(c, 1, SIZE);
	struct extent *e = open_number(c, 1);
	for (int i = 0; i < JUMPS; i++)
		same(c, e, 1, (uint64_t)jumps[i] * FIRST + 100, 1000);
	assert_int_equal(stats_of(c).bytes_fetched, FIRST + JUMPS * CHUNK);
	assert_int_equal(atomic_load(&house_of(c)->far.journeys), JUMPS + 1);
	for (int i = 0; i < JUMPS; i++)
		same(c, e, 1, (uint64_t)jumps[i] * FIRST, CHUNK);
	assert_int_equal(atomic_load(&house_of(c)->far.journeys), JUMPS + 1);
	extent_close(e);
}

static void who_leaves_something_out_each_time_does_not_read_on(void **state)
{
	enum { SIZE = 20 * MIB, STEPS = 40 };
	struct ctx *c = *state;
	put_far(c, 1, SIZE);
	struct extent *e = open_number(c, 1);
	for (int i = 0; i < STEPS; i++)
		same(c, e, 1, MIB + (uint64_t)i * 3 * CHUNK + 100, 1000);
	assert_int_equal(stats_of(c).bytes_fetched, FIRST + STEPS * CHUNK);
	/* But what another has fetched is not left out. */
	same(c, e, 1, 10 * MIB + 2 * CHUNK, 1);
	for (int i = 0; i < 4; i++)
		same(c, e, 1, (uint64_t)(12 + i) * MIB, 1);
	same(c, e, 1, 10 * MIB, 1);
	same(c, e, 1, 10 * MIB + CHUNK, 1);
	same(c, e, 1, 10 * MIB + 3 * CHUNK, 1);
	assert_int_equal(stats_of(c).bytes_fetched, FIRST + (STEPS + 1 + 4 + 2 + 4) * CHUNK);
	extent_close(e);
}

static void who_will_want_more_gets_what_lies_around(void **state)
{
	enum { SIZE = 20 * MIB + CHUNK + 5, PIECE = 4 * CHUNK };
	struct ctx *c = *state;
	put_far(c, 1, SIZE);
	struct extent *e = open_number(c, 1);
	c->afar.around = PIECE;
	same(c, e, 1, MIB + 2 * CHUNK + 100, 1000);
	same(c, e, 1, MIB, PIECE);
	assert_int_equal(stats_of(c).bytes_fetched, FIRST + PIECE);
	/* As far as nothing that is here lies between, and the blob reaches. */
	c->afar.around = 0;
	same(c, e, 1, 5 * MIB + CHUNK, 1);
	c->afar.around = PIECE;
	same(c, e, 1, 5 * MIB + 2 * CHUNK, 1);
	same(c, e, 1, 20 * MIB + 100, 1);
	assert_int_equal(stats_of(c).bytes_fetched, FIRST + PIECE + CHUNK + 2 * CHUNK + CHUNK + 5);
	assert_int_equal(atomic_load(&house_of(c)->far.journeys), 5);
	assert_int_equal(c->afar.bytes, stats_of(c).bytes_fetched);
	/* And not when as good as all has come that should. */
	c->afar.bytes_max = c->afar.bytes;
	same(c, e, 1, 10 * MIB, 1);
	assert_int_equal(c->afar.bytes, c->afar.bytes_max + CHUNK);
	extent_close(e);
}

static void of_many_pieces_one_comes_as_a_whole_for_who_comes_back(void **state)
{
	enum { SIZE = 20 * MIB, PIECE = 2 * CHUNK, LOOKS = 8 };
	struct ctx *c = *state;
	put_far(c, 1, SIZE);
	struct extent *e = open_number(c, 1);
	uint64_t all = FIRST + LOOKS * CHUNK;
	c->afar.around = PIECE;
	for (int i = 0; i < LOOKS; i++)
		same(c, e, 1, MIB + (uint64_t)i * 2 * PIECE + CHUNK, 1);
	assert_int_equal(stats_of(c).bytes_fetched, all);
	/* To the same piece: what is missing of it. */
	same(c, e, 1, MIB, 1);
	assert_int_equal(stats_of(c).bytes_fetched, all += CHUNK);
	/* To the next one, also after what came with the size: all of it. */
	same(c, e, 1, MIB + PIECE + CHUNK, 1);
	assert_int_equal(stats_of(c).bytes_fetched, all += PIECE);
	same(c, e, 1, FIRST + CHUNK, 1);
	assert_int_equal(stats_of(c).bytes_fetched, all += PIECE);
	/* The last one has none after it. */
	same(c, e, 1, SIZE - 1, 1);
	assert_int_equal(stats_of(c).bytes_fetched, all + CHUNK);
	assert_int_equal(atomic_load(&house_of(c)->far.journeys), 1 + LOOKS + 4);
	extent_close(e);
}

static void neighbours_that_are_missing_come_together(void **state)
{
	enum { SIZE = 20 * MIB };
	struct ctx *c = *state;
	put_far(c, 1, SIZE);
	struct extent *e = open_number(c, 1);
	same(c, e, 1, 10 * MIB, 7 * MIB);
	assert_int_equal(atomic_load(&house_of(c)->far.journeys), 2);
	/* Around what is there: one before it, one after it. */
	same(c, e, 1, 9 * MIB, 9 * MIB);
	assert_int_equal(atomic_load(&house_of(c)->far.journeys), 4);
	extent_close(e);
}

static void several_readers_of_one_blob_are_told_apart(void **state)
{
	enum { SIZE = 24 * MIB, READERS = 3, PART = SIZE / READERS };
	struct ctx *c = *state;
	put_far(c, 1, SIZE);
	struct extent *e = open_number(c, 1);
	for (uint64_t at = 0; at < PART; at += CHUNK) {
		for (int i = 0; i < READERS; i++)
			same(c, e, 1, (uint64_t)i * PART + at, CHUNK);
	}
	/* Of 256 chunks each: 1, 2, 4 … 128 and 1. */
	assert_true(atomic_load(&house_of(c)->far.journeys) <= 9 * READERS);
	extent_close(e);
}

static void a_store_that_cannot_fetch_is_read_by_its_extents(void **state)
{
	struct ctx *c = *state;
	house_of(c)->far.ops.fetch = NULL;
	put_far(c, 1, 3 * MIB);
	put_far(c, 2, 0);
	assert_int_equal(read_number(c, 1), 1);
	assert_int_equal(read_number(c, 2), 1);
	assert_int_equal(read_number(c, 1), 0);
	/* That of an empty blob has no chunk, and is there all the same where it can be fetched. */
	house_of(c)->far.ops.fetch = far_fetch;
	put_far(c, 3, 0);
	assert_int_equal(read_number(c, 3), 1);
	assert_int_equal(read_number(c, 3), 0);
}

static void what_was_published_is_warm(void **state)
{
	struct ctx *c = *state;
	put(c, house_of(c)->blob, 1, 5 * MIB + 1);
	assert_int_equal(read_number(c, 1), 0);
	house_reopen(house_of(c), MAX);
	assert_int_equal(read_number(c, 1), 0);
	/* And it is where it belongs. */
	struct extent *e;
	assert_ok(c, blob_open(c, house_of(c)->far.inner, key_of(c, 1), &e));
	same_all(c, e, 1);
	extent_close(e);
}

static void addresses_are_those_of_the_inner_driver(void **state)
{
	struct ctx *c = *state;
	struct blob *blob = house_of(c)->blob, *memory = blob_memory_open(), *cached;
	struct blob_address address;
	assert_ok(c, blob_presign(c, blob, &(struct blob_grant){"a", 60, NULL}, &address));
	assert_str(address.url, "https://far/a?60");
	assert_null(blob->ops->fetch);
	assert_ok(c, blob_cached_open(c, memory, house_of(c)->folder, MAX, 0, &cached));
	assert_null(cached->ops->presign);
	blob_close(cached);
	blob_close(memory);
}

/* ---- bounds */

static void the_folder_stays_under_its_bound(void **state)
{
	enum { BLOBS = 20, BOUND = 5 * MIB };
	struct ctx *c = *state;
	int files;
	house_reopen(house_of(c), BOUND);
	for (int i = 0; i < BLOBS; i++) {
		put_far(c, i, MIB);
		assert_true(read_number(c, i) > 0);
		assert_true(usage(c, &files) <= BOUND);
		assert_true(stats_of(c).bytes <= BOUND);
		/* The first is used all the time, and stays. */
		assert_int_equal(read_number(c, 0), 0);
	}
	assert_int_equal(read_number(c, BLOBS - 1), 0);
	assert_false(has_file(c, 1));
	assert_int_equal(stats_of(c).evictions + (uint64_t)files, BLOBS);
	assert_int_equal(stats_of(c).blobs, files);
	assert_true(usage(c, &files) > BOUND / 2);
	assert_true(read_number(c, 1) > 0);
	/* Small ones take more than their bytes. */
	for (int i = 100; i < 100 + 2 * BOUND / (8 * KIB); i++) {
		put_far(c, i, 100);
		read_number(c, i);
	}
	assert_true(usage(c, &files) <= BOUND);
}

static void what_is_open_stays_until_it_is_closed(void **state)
{
	enum { BOUND = 3 * MIB };
	struct ctx *c = *state;
	struct extent *open[4];
	house_reopen(house_of(c), BOUND);
	for (int i = 0; i < 4; i++) {
		put_far(c, i, MIB);
		open[i] = open_number(c, i);
		same_all(c, open[i], i);
	}
	for (int i = 0; i < 4; i++) {
		assert_true(has_file(c, i));
		assert_int_equal(read_number(c, i), 0);
		same_all(c, open[i], i);
	}
	assert_int_equal(stats_of(c).evictions, 0);
	assert_true(stats_of(c).bytes > BOUND);
	extent_close(open[2]);
	assert_false(has_file(c, 2));
	assert_true(stats_of(c).bytes > BOUND * 9 / 10);
	assert_int_equal(stats_of(c).evictions, 1);
	extent_close(open[0]);
	extent_close(open[1]);
	extent_close(open[3]);
	assert_int_equal(stats_of(c).blobs, 3 - (stats_of(c).evictions - 1));
	assert_true(read_number(c, 2) > 0);
}

static void what_another_process_has_open_stays(void **state)
{
	struct ctx *c = *state;
	struct blob *other;
	put(c, house_of(c)->blob, 1, MIB);
	put(c, house_of(c)->blob, 2, MIB);
	struct extent *e = open_number(c, 1);
	same(c, e, 1, 0, 10);
	/* It finds twice what it may have: the one that is not open goes. */
	assert_ok(c, blob_cached_open(c, &house_of(c)->far.blob, house_of(c)->folder,
			     MIB + 100 * KIB, 0, &other));
	assert_true(has_file(c, 1));
	assert_false(has_file(c, 2));
	same_all(c, e, 1);
	assert_int_equal(atomic_load(&house_of(c)->far.journeys), 0);
	extent_close(e);
	/* The first finds that its file has gone. */
	assert_true(read_number(c, 2) > 0);
	blob_close(other);
}

static void a_blob_larger_than_all_is_read_past_the_cache(void **state)
{
	struct ctx *c = *state;
	int files;
	house_reopen(house_of(c), 2 * MIB);
	put_far(c, 1, 5 * MIB);
	put(c, house_of(c)->blob, 2, 5 * MIB);
	assert_int_equal(read_number(c, 1), 2);
	assert_int_equal(read_number(c, 2), 2);
	house_of(c)->far.ops.fetch = NULL;
	assert_int_equal(read_number(c, 1), 1);
	assert_int_equal(usage(c, &files), 0);
	assert_int_equal(files, 0);
	assert_int_equal(stats_of(c).blobs, 0);
}

static void the_order_of_use_outlives_a_restart(void **state)
{
	enum { PAUSE = 20000 };
	static const int order[] = {3, 1, 4, 2, 3};
	struct ctx *c = *state;
	for (int i = 1; i <= 4; i++)
		put_far(c, i, MIB);
	for (int i = 0; i < 5; i++) {
		read_number(c, order[i]);
		usleep(PAUSE);
	}
	house_reopen(house_of(c), 3 * MIB);
	assert_int_equal(stats_of(c).evictions, 2);
	assert_false(has_file(c, 1));
	assert_false(has_file(c, 4));
	assert_int_equal(read_number(c, 2), 0);
	assert_int_equal(read_number(c, 3), 0);
}

/* ---- removing */

static void removing_drops_the_entry(void **state)
{
	struct ctx *c = *state;
	struct extent *e, *again;
	int files;
	put(c, house_of(c)->blob, 1, MIB);
	put_far(c, 2, 5 * MIB);
	e = open_number(c, 2);
	same(c, e, 2, 4 * MIB, 10);
	for (int i = 1; i <= 2; i++) {
		assert_ok(c, blob_remove(c, house_of(c)->blob, key_of(c, i)));
		assert_err(c, blob_open(c, house_of(c)->blob, key_of(c, i), &again), ERR_NOT_FOUND);
	}
	assert_int_equal(usage(c, &files), 0);
	assert_int_equal(files, 0);
	assert_int_equal(stats_of(c).bytes, 0);
	/* Who had it open before reads what was never read before, too. */
	same_all(c, e, 2);
	/* Another one of that name has nothing to do with it. */
	put_far(c, 2, 3 * MIB);
	assert_true(read_number(c, 2) > 0);
	extent_close(e);
	assert_int_equal(read_number(c, 2), 0);
	assert_int_equal(stats_of(c).blobs, 1);
}

/* ---- errors */

static void errors_of_the_inner_driver_pass_and_leave_nothing(void **state)
{
	struct ctx *c = *state;
	struct house *h = house_of(c);
	struct extent *e;
	const uint8_t *at;
	int files;
	assert_err(c, blob_open(c, h->blob, "a/b", &e), ERR_NOT_FOUND);
	put_far(c, 1, 4 * MIB);
	atomic_store(&h->far.failing, 1);
	assert_err(c, blob_open(c, h->blob, key_of(c, 1), &e), ERR_UNAVAILABLE);
	assert_string_equal(c->error.text, "far away, and asleep");
	usage(c, &files);
	assert_int_equal(files, 0);
	assert_int_equal(stats_of(c).blobs, 0);
	e = open_number(c, 1);
	for (int i = 0; i < 3; i++) {
		atomic_store(&h->far.failing, 1);
		assert_err(c, extent_window(c, e, 3 * MIB, 10, &at), ERR_UNAVAILABLE);
	}
	same_all(c, e, 1);
	extent_close(e);
	assert_int_equal(stats_of(c).bytes_fetched, 4 * MIB);
}

static void a_blob_that_changed_its_size_is_refused(void **state)
{
	struct ctx *c = *state;
	const uint8_t *at;
	put_far(c, 1, 4 * MIB);
	struct extent *e = open_number(c, 1);
	assert_ok(c, blob_remove(c, house_of(c)->far.inner, key_of(c, 1)));
	assert_err(c, extent_window(c, e, 3 * MIB, 10, &at), ERR_NOT_FOUND);
	put_far(c, 1, 3 * MIB + 1);
	assert_err(c, extent_window(c, e, 3 * MIB, 10, &at), ERR_DAMAGED);
	house_of(c)->far.ops.fetch = NULL;
	assert_err(c, extent_window(c, e, 3 * MIB, 10, &at), ERR_DAMAGED);
	extent_close(e);
}

/* ---- threads */

static void of_many_who_need_the_same_one_fetches(void **state)
{
	enum { SIZE = 12 * MIB, READERS = 8, DELAY = 3000 };
	struct ctx *c = *state;
	struct reader readers[READERS];
	for (int random = 0; random < 2; random++) {
		put_far(c, random, SIZE);
		atomic_store(&house_of(c)->far.delay, DELAY);
		uint64_t before = stats_of(c).bytes_fetched;
		for (int i = 0; i < READERS; i++) {
			prepare(c, &readers[i], random, random);
			launch(c, &readers[i]);
		}
		for (int i = 0; i < READERS; i++)
			finish(&readers[i], OK);
		read_number(c, random);
		assert_int_equal(stats_of(c).bytes_fetched - before, SIZE);
	}
}

static void many_read_and_evict_at_the_same_time(void **state)
{
	enum { BLOBS = 6, READERS = 6, ROUNDS = 12, BOUND = 3 * MIB };
	struct ctx *c = *state;
	struct reader readers[READERS];
	int files;
	house_reopen(house_of(c), BOUND);
	for (int i = 0; i < BLOBS; i++)
		put_far(c, i, MIB + (size_t)i * 1000);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < READERS; i++) {
			prepare(c, &readers[i], (round * 5 + i * i) % BLOBS, i % 2);
			launch(c, &readers[i]);
		}
		assert_ok(c, blob_remove(c, house_of(c)->blob, "not/there"));
		for (int i = 0; i < READERS; i++)
			finish(&readers[i], OK);
		assert_true(usage(c, &files) <= BOUND);
		assert_int_equal(stats_of(c).blobs, files);
	}
	assert_true(stats_of(c).evictions > 0);
}

static bool is_true(void *arg)
{
	return atomic_load((atomic_bool *)arg);
}

static void wait_for_journeys(struct house *h, int count)
{
	while (atomic_load(&h->far.journeys) < count)
		usleep(1000);
}

/* Three want a blob that does not arrive: the first to come fetches. */
static void two_of_three_leave(struct ctx *c, int number, bool cold)
{
	enum { SOON = 60000 };
	struct house *h = house_of(c);
	struct reader leader, hasty, patient;
	atomic_bool gone = false;
	put_far(c, number, FIRST + 10);
	struct extent *e = cold ? NULL : open_number(c, number);
	atomic_store(&h->far.journeys, 0);
	atomic_store(&h->far.shut, true);
	prepare(c, &leader, number, false);
	leader.ctx.canceled = is_true;
	leader.ctx.canceled_arg = &gone;
	launch(c, &leader);
	wait_for_journeys(h, 1);
	prepare(c, &patient, number, false);
	launch(c, &patient);
	/* His deadline is his own. */
	prepare(c, &hasty, number, false);
	hasty.ctx.deadline = os_world()->monotonic() + SOON;
	launch(c, &hasty);
	finish(&hasty, ERR_TIMEOUT);
	assert_int_equal(atomic_load(&h->far.journeys), 1);
	/* And when the first one goes, another goes instead. */
	atomic_store(&gone, true);
	finish(&leader, ERR_CANCELED);
	wait_for_journeys(h, 2);
	atomic_store(&h->far.shut, false);
	finish(&patient, OK);
	assert_int_equal(atomic_load(&h->far.journeys), cold ? 3 : 2);
	extent_close(e);
}

static void nobodys_end_is_anothers_error(void **state)
{
	struct ctx *c = *state;
	two_of_three_leave(c, 1, true);
	two_of_three_leave(c, 2, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(who_reads_on_gets_more_with_each_journey),
		HOUSE_TEST(who_jumps_about_gets_what_he_needs),
		HOUSE_TEST(who_leaves_something_out_each_time_does_not_read_on),
		HOUSE_TEST(who_will_want_more_gets_what_lies_around),
		HOUSE_TEST(of_many_pieces_one_comes_as_a_whole_for_who_comes_back),
		HOUSE_TEST(neighbours_that_are_missing_come_together),
		HOUSE_TEST(several_readers_of_one_blob_are_told_apart),
		HOUSE_TEST(a_store_that_cannot_fetch_is_read_by_its_extents),
		HOUSE_TEST(what_was_published_is_warm),
		HOUSE_TEST(addresses_are_those_of_the_inner_driver),
		HOUSE_TEST(the_folder_stays_under_its_bound),
		HOUSE_TEST(what_is_open_stays_until_it_is_closed),
		HOUSE_TEST(what_another_process_has_open_stays),
		HOUSE_TEST(a_blob_larger_than_all_is_read_past_the_cache),
		HOUSE_TEST(the_order_of_use_outlives_a_restart),
		HOUSE_TEST(removing_drops_the_entry),
		HOUSE_TEST(errors_of_the_inner_driver_pass_and_leave_nothing),
		HOUSE_TEST(a_blob_that_changed_its_size_is_refused),
		HOUSE_TEST(of_many_who_need_the_same_one_fetches),
		HOUSE_TEST(many_read_and_evict_at_the_same_time),
		HOUSE_TEST(nobodys_end_is_anothers_error),
	};
	return run_in_house(tests, sizeof tests / sizeof *tests);
}

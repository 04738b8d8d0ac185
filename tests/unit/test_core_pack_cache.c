#include "core_house.h"

#include "base/host.h"
#include "core/pack_cache.h"
#include "meta/repo.h"
#include "os/thread.h"

#include <unistd.h>

enum { BYTES_MAX = 3 << 20, AGE = 60 * 1000000 };

/* Steps that threads wait for. */
struct gate {
	struct host_lock lock;
	int step;
};

static void gate_wait(struct gate *g, int step)
{
	WITH_LOCK(&g->lock);
	while (g->step < step)
		host_wait(&g->lock);
}

static void gate_pass(struct gate *g)
{
	WITH_LOCK(&g->lock);
	g->step++;
	host_wake(&g->lock);
}

/* Checks what it is given. */
struct reader {
	struct sink sink;
	uint32_t number;
	size_t got;
	bool wrong;
	struct gate *first; /* told with the first bytes; waited for to come to `go` */
	int go;
	size_t takes; /* unless 0: so many bytes, and no more until `open` */
	struct gate *open;
	int pushes, patience; /* unless 0: after so many pushes in vain it has gone */
	bool gone;
	struct sink notes;
	char told[64];
	struct gate *noted; /* told with each note */
};

/* A request whose "pack" is `len` bytes that follow from its number. */
struct request {
	struct pack_job job;
	size_t len, piece, stop;
	uint32_t number;
	enum err fails;    /* at `stop`: half of it */
	struct gate *half; /* told there, and waited for to come to `go` */
	int go;
	void (*check)(struct ctx *c, struct request *r); /* there */
	struct reader *client;
	size_t made;
};

static uint8_t byte_at(uint32_t number, size_t at)
{
	return (uint8_t)(number * 31 + at + (at >> 8) * 7);
}

static enum err at_stop(struct ctx *c, struct request *r)
{
	TRY(sink_write(c, r->job.notes, "half", 4));
	if (r->half) {
		gate_pass(r->half);
		gate_wait(r->half, r->go);
	}
	if (r->check)
		r->check(c, r);
	return r->fails ? fail(c, r->fails, "made to fail") : OK;
}

static enum err make(
	struct ctx *c, struct pack_job *job, struct sink *to, struct pack_counts *counts)
{
	struct request *r = (struct request *)job;
	uint8_t bytes[4096];
	*counts = (struct pack_counts){.objects = r->number};
	for (size_t at = 0, len; at < r->len; at += len) {
		len = r->len - at < r->piece ? r->len - at : r->piece;
		if (at >= r->stop && at < r->stop + r->piece)
			TRY(at_stop(c, r));
		TRY(ctx_check(c));
		for (size_t i = 0; i < len; i++)
			bytes[i] = byte_at(r->number, at + i);
		TRY(sink_write(c, to, bytes, len));
		__atomic_store_n(&r->made, at + len, __ATOMIC_RELAXED);
	}
	return OK;
}

static struct request request(struct snapshot *s, uint32_t number, size_t len)
{
	struct request r = {.job = {.snapshot = s, .make = make},
		.len = len,
		.stop = len / 2,
		.number = number,
		.piece = 1000};
	memcpy(r.job.key, &number, sizeof number);
	return r;
}

static enum err reader_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	struct reader *r = (struct reader *)self;
	if (r->gone)
		return fail(c, ERR_CANCELED, "the other side went away");
	if (r->first && r->got == 0) {
		gate_pass(r->first);
		gate_wait(r->first, r->go);
	}
	for (size_t i = 0; i < len; i++)
		r->wrong |= ((const uint8_t *)bytes)[i] != byte_at(r->number, r->got + i);
	__atomic_store_n(&r->got, r->got + len, __ATOMIC_RELAXED);
	return OK;
}

/* Of a client that stopped after `takes` bytes. */
static enum err reader_push(struct ctx *c, struct sink *self, int64_t micros, bool *all)
{
	struct reader *r = (struct reader *)self;
	*all = r->got < r->takes;
	if (*all || !micros)
		return OK;
	usleep(1000);
	if (__atomic_add_fetch(&r->pushes, 1, __ATOMIC_RELAXED) == r->patience)
		return fail(c, ERR_TIMEOUT, "the other side takes what it asked for too slowly");
	return OK;
}

static enum err reader_flush(struct ctx *c, struct sink *self)
{
	struct reader *r = (struct reader *)self;
	(void)c;
	if (r->open)
		gate_wait(r->open, 1);
	return OK;
}

static enum err reader_note(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	struct reader *r = (struct reader *)((char *)self - offsetof(struct reader, notes));
	size_t end = strlen(r->told);
	(void)c;
	assert_true(end + len < sizeof r->told);
	memcpy(r->told + end, bytes, len);
	if (r->noted)
		gate_pass(r->noted);
	return OK;
}

static void reader_init(struct reader *r, struct request *request)
{
	bool stops = r->takes;
	r->sink = (struct sink){.write = reader_write,
		.flush = stops ? reader_flush : NULL,
		.push = stops ? reader_push : NULL};
	r->notes.write = reader_note;
	r->number = request->number;
	request->client = r;
	request->job.progress = &r->notes;
}

static enum err ask(struct ctx *c, struct request *r, size_t *got)
{
	struct reader reader = {.got = 0};
	struct pack_counts counts;
	reader_init(&reader, r);
	enum err kind = pack_cache_send(c, core_of(c), &r->job, &reader.sink, &counts);
	assert_false(reader.wrong);
	*got = reader.got;
	if (!kind)
		assert_int_equal(counts.objects, r->number);
	return kind;
}

static void assert_gets(struct ctx *c, struct request *r)
{
	size_t got;
	assert_ok(c, ask(c, r, &got));
	assert_int_equal(got, r->len);
}

static struct pack_cache_stats stats(struct ctx *c)
{
	return pack_cache_stats(core_of(c)->packs);
}

static struct snapshot *snapshot_of(struct ctx *c, int64_t repo_id, bool bump)
{
	DB_TX *tx = NULL;
	struct repo repo;
	struct snapshot *s = NULL;
	int64_t version;
	assert_ok(c, db_begin(c, core_of(c)->db, DB_WRITE, &tx));
	if (bump)
		assert_ok(c, meta_repo_bump_version(c, tx, repo_id, &version));
	assert_ok(c, meta_repo_get(c, tx, repo_id, &repo));
	assert_ok(c, snapshot_get(c, core_of(c), tx, &repo, &s));
	assert_ok(c, db_commit(c, &tx));
	return s;
}

static struct snapshot *fresh(struct ctx *c)
{
	return snapshot_of(c, house_repo(c, "r", VISIBILITY_PRIVATE).id, false);
}

static void what_was_made_once_is_given_again(void **state)
{
	struct ctx *c = *state;
	SNAPSHOT *s = fresh(c);
	static const size_t lengths[] = {0, 1, 1000, 65514, 65515, 65516, 200000, 1500000};
	for (uint32_t i = 0; i < 8; i++) {
		struct request r = request(s, i, lengths[i]);
		for (int round = 0; round < 3; round++)
			assert_gets(c, &r);
		assert_int_equal(stats(c).made, i + 1);
		assert_int_equal(stats(c).hits, 2 * (i + 1));
	}
	/* Most of it lies in spools. */
	assert_true(stats(c).memory < 3 << 19);
	assert_true(stats(c).bytes > 1700000);
}

static void a_new_version_is_made_anew(void **state)
{
	struct ctx *c = *state;
	SNAPSHOT *first = fresh(c);
	SNAPSHOT *second = snapshot_of(c, first->repo_id, true);
	struct request old = request(first, 1, 5000), new = request(second, 1, 5000);
	assert_gets(c, &old);
	assert_gets(c, &new);
	assert_int_equal(stats(c).made, 2);
	/* What there was of the old version is gone. */
	assert_int_equal(stats(c).entries, 1);
	pack_cache_drop(core_of(c)->packs, first->repo_id);
	assert_int_equal(stats(c).entries, 0);
	assert_int_equal(stats(c).bytes, 0);
	assert_int_equal(stats(c).memory, 0);
}

static void what_is_kept_is_bounded_in_bytes(void **state)
{
	struct ctx *c = *state;
	SNAPSHOT *s = fresh(c);
	for (uint32_t i = 0; i < 8; i++) {
		struct request r = request(s, i, 900000), first = request(s, 0, 900000);
		assert_gets(c, &r);
		assert_gets(c, &first);
		assert_true(stats(c).bytes <= BYTES_MAX);
	}
	/* What is used stays: only the others have to be made once more. */
	assert_int_equal(stats(c).made, 8);
	struct request r = request(s, 1, 900000);
	assert_gets(c, &r);
	assert_int_equal(stats(c).made, 9);
	struct request large = request(s, 99, BYTES_MAX + 1);
	assert_gets(c, &large);
	assert_gets(c, &large);
	assert_int_equal(stats(c).made, 11);
}

static void what_is_too_old_is_made_anew(void **state)
{
	struct ctx *c = *state;
	SNAPSHOT *s = fresh(c);
	struct request r = request(s, 1, 5000);
	assert_gets(c, &r);
	house_moved += AGE - 1000000;
	pack_cache_trim(core_of(c)->packs, c->world->monotonic());
	assert_gets(c, &r);
	assert_int_equal(stats(c).made, 1);
	house_moved += 2000000;
	assert_gets(c, &r);
	assert_int_equal(stats(c).made, 2);
	house_moved += 2 * AGE;
	pack_cache_trim(core_of(c)->packs, c->world->monotonic());
	assert_int_equal(stats(c).entries, 0);
}

static void a_failure_is_told_and_not_kept(void **state)
{
	struct ctx *c = *state;
	SNAPSHOT *s = fresh(c);
	struct request bad = request(s, 1, 300000), good = request(s, 1, 300000);
	size_t got;
	bad.fails = ERR_CORRUPT;
	assert_err(c, ask(c, &bad, &got), ERR_CORRUPT);
	assert_in_range(got, 1, bad.len / 2);
	assert_int_equal(stats(c).entries, 0);
	assert_gets(c, &good);
}

/* The spool fails at each of its operations in turn: the client gets its pack all the same. */
static void a_full_disk_costs_the_cache_not_the_client(void **state)
{
	struct ctx *c = *state;
	SNAPSHOT *s = fresh(c);
	uint64_t kept = 0;
	for (int64_t n = 1; n < 400 && !kept; n += 7) {
		struct request r = request(s, 1, 300000);
		blob_faulty_set(core_of(c)->blob, n, ERR_IO);
		assert_gets(c, &r);
		blob_faulty_set(core_of(c)->blob, 0, OK);
		kept = stats(c).entries;
		assert_true(kept == 0 || n > 200);
	}
	assert_int_equal(kept, 1);
}

/* Halfway through what nobody waits for, a client asks for the same. */
static void client_comes(struct ctx *c, struct request *r)
{
	struct request same = request(r->job.snapshot, r->number, r->len);
	bool (*canceled)(void *) = c->canceled;
	c->canceled = NULL;
	assert_gets(c, &same);
	c->canceled = canceled;
	assert_int_equal(same.made, same.len);
}

static void who_asks_meanwhile_does_not_wait_for_who_is_in_no_hurry(void **state)
{
	struct ctx *c = *state;
	SNAPSHOT *s = fresh(c);
	struct request slow = request(s, 1, 300000), again = request(s, 1, 300000);
	size_t got;
	slow.job.unattended = true;
	slow.check = client_comes;
	assert_false(pack_cache_holds(c, core_of(c)->packs, &slow.job));
	assert_err(c, ask(c, &slow, &got), ERR_CANCELED);
	assert_int_equal(slow.made, slow.stop);
	ctx_clear(c);
	/* The client's is what was kept. */
	assert_true(pack_cache_holds(c, core_of(c)->packs, &slow.job));
	assert_gets(c, &again);
	assert_int_equal(again.made, 0);
	assert_int_equal(stats(c).entries, 1);
}

static void what_nobody_waits_for_and_cannot_be_kept_is_not_made(void **state)
{
	struct ctx *c = *state;
	SNAPSHOT *s = fresh(c);
	struct request large = request(s, 1, 2 * BYTES_MAX), small = request(s, 2, 3000);
	struct pack_cache *none = pack_cache_open(0, AGE);
	size_t got;
	large.job.unattended = small.job.unattended = true;
	assert_err(c, ask(c, &large, &got), ERR_TOO_BIG);
	assert_in_range(large.made, BYTES_MAX / 2, BYTES_MAX + (1 << 20));
	assert_int_equal(stats(c).entries, 0);
	assert_true(pack_cache_holds(c, none, &small.job));
	pack_cache_close(none);
	assert_gets(c, &small);
	assert_int_equal(stats(c).entries, 1);
}

/* One of several who ask for the same. */
struct asker {
	struct core *core;
	struct request request;
	struct reader reader;
	struct thread thread;
	enum err kind;
};

static bool is_gone(void *arg)
{
	return ((struct asker *)arg)->reader.gone;
}

static void run_asker(void *arg)
{
	struct asker *a = arg;
	struct arena arena;
	struct ctx c;
	struct pack_counts counts;
	arena_init(&arena);
	ctx_init(&c, &arena, os_world());
	c.canceled = is_gone;
	c.canceled_arg = a;
	a->kind = pack_cache_send(&c, a->core, &a->request.job, &a->reader.sink, &counts);
	arena_done(&arena);
}

static void asker_start(struct ctx *c, struct asker *a, const struct request *r)
{
	a->core = core_of(c);
	a->request = *r;
	reader_init(&a->reader, &a->request);
	assert_ok(c, thread_start(c, "asker", run_asker, a, &a->thread));
}

static void wait_for_joined(struct ctx *c, uint64_t count)
{
	while (stats(c).joined < count)
		usleep(1000);
}

/*
 * The pack stops at half of it until all others have read what is there; one of them is slow and
 * takes nothing until all others are done.
 */
static void who_asks_meanwhile_reads_along(void **state)
{
	struct ctx *c = *state;
	enum { OTHERS = 8 };
	SNAPSHOT *s = fresh(c);
	struct gate half = {.step = 0}, read = {.step = 0};
	struct request r = request(s, 1, 1200000);
	struct asker maker = {.kind = OK}, others[OTHERS] = {{.kind = OK}};
	r.half = &half;
	r.go = 2;
	asker_start(c, &maker, &r);
	gate_wait(&half, 1);
	for (int i = 0; i < OTHERS; i++) {
		others[i].reader.first = &read;
		others[i].reader.go = i == 0 ? OTHERS + 1 : 0;
		asker_start(c, &others[i], &r);
	}
	wait_for_joined(c, OTHERS);
	gate_wait(&read, OTHERS);
	gate_pass(&half);
	thread_join(&maker.thread);
	for (int i = 1; i < OTHERS; i++)
		thread_join(&others[i].thread);
	gate_pass(&read);
	thread_join(&others[0].thread);
	assert_int_equal(maker.kind, OK);
	assert_int_equal(maker.reader.got, r.len);
	for (int i = 0; i < OTHERS; i++) {
		assert_int_equal(others[i].kind, OK);
		assert_int_equal(others[i].reader.got, r.len);
		assert_false(others[i].reader.wrong);
	}
	assert_int_equal(stats(c).made, 1);
	assert_int_equal(stats(c).joined, OTHERS);
}

static void a_failure_is_that_of_all_who_read_along(void **state)
{
	struct ctx *c = *state;
	SNAPSHOT *s = fresh(c);
	struct gate half = {.step = 0}, read = {.step = 0};
	struct request r = request(s, 1, 600000);
	struct asker maker = {.kind = OK}, other = {.kind = OK};
	r.half = &half;
	r.go = 2;
	r.fails = ERR_CORRUPT;
	other.reader.first = &read;
	asker_start(c, &maker, &r);
	gate_wait(&half, 1);
	asker_start(c, &other, &r);
	gate_wait(&read, 1);
	gate_pass(&half);
	thread_join(&maker.thread);
	thread_join(&other.thread);
	assert_int_equal(maker.kind, ERR_CORRUPT);
	assert_int_equal(other.kind, ERR_CORRUPT);
	assert_int_equal(stats(c).entries, 0);
}

static void it_is_made_to_the_end_when_only_its_first_client_goes(void **state)
{
	struct ctx *c = *state;
	SNAPSHOT *s = fresh(c);
	struct gate half = {.step = 0};
	struct request r = request(s, 1, 600000);
	struct asker maker = {.kind = OK}, other = {.kind = OK};
	r.half = &half;
	r.go = 2;
	asker_start(c, &maker, &r);
	gate_wait(&half, 1);
	asker_start(c, &other, &r);
	wait_for_joined(c, 1);
	usleep(20000);
	maker.reader.gone = true;
	gate_pass(&half);
	thread_join(&maker.thread);
	thread_join(&other.thread);
	assert_int_equal(maker.kind, ERR_CANCELED);
	assert_int_equal(other.kind, OK);
	assert_int_equal(other.reader.got, r.len);
	assert_int_equal(stats(c).made, 1);
	assert_int_equal(stats(c).entries, 1);
}

static void nobody_makes_what_nobody_waits_for(void **state)
{
	struct ctx *c = *state;
	SNAPSHOT *s = fresh(c);
	struct gate half = {.step = 0};
	struct request r = request(s, 1, 600000);
	struct asker maker = {.kind = OK};
	r.half = &half;
	r.go = 2;
	asker_start(c, &maker, &r);
	gate_wait(&half, 1);
	maker.reader.gone = true;
	gate_pass(&half);
	thread_join(&maker.thread);
	assert_int_equal(maker.kind, ERR_CANCELED);
	assert_in_range(maker.request.made, r.len / 2, r.len / 2 + 2 * r.piece);
	assert_int_equal(stats(c).entries, 0);
}

/* Where each of many little pieces lies would take more memory than they do. */
static void many_little_copies_take_little_memory(void **state)
{
	struct ctx *c = *state;
	enum { COUNT = 100000, EACH = 50, PERIOD = 65536 };
	static uint8_t bytes[PERIOD + EACH];
	SNAPSHOT *s = fresh(c);
	PACK_TAPE *t = pack_tape_open(core_of(c)->blob, s);
	struct extent_bytes packs[2];
	struct reader reader = {.got = 0};
	struct request r = request(s, 7, COUNT * EACH);
	struct pack_player p;
	struct pack_counts counts = {.objects = 7};
	uint64_t memory, spooled;
	bool again;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = byte_at(r.number, i);
	extent_bytes_init(&packs[0], bytes, sizeof bytes);
	extent_bytes_init(&packs[1], bytes, sizeof bytes);
	reader_init(&reader, &r);
	pack_player_init(c, &p, t, &reader.sink);
	for (size_t i = 0; i < COUNT; i++) {
		size_t at = i * EACH % PERIOD;
		assert_ok(c, pack_tape_copy(c, t, &packs[i % 2].extent, at, EACH));
	}
	pack_tape_end(t, NULL, &counts);
	pack_tape_sizes(t, &memory, &spooled);
	assert_in_range(memory, 100000, 2 << 20);
	assert_in_range(spooled, 1, COUNT * EACH);
	assert_ok(c, pack_player_follow(c, &p, &again, &counts));
	assert_int_equal(reader.got, r.len);
	assert_false(reader.wrong || again);
}

/* One that can be told where bytes lie. */
struct copying_reader {
	struct reader reader;
	size_t copied, copies;
};

static enum err reader_copy(
	struct ctx *c, struct sink *self, struct extent *from, uint64_t at, uint64_t len)
{
	struct copying_reader *r = (struct copying_reader *)self;
	const uint8_t *bytes;
	r->copied += len;
	r->copies++;
	assert_ok(c, extent_window(c, from, at, (size_t)len, &bytes));
	return reader_write(c, self, bytes, (size_t)len);
}

static enum err make_of_copies(
	struct ctx *c, struct pack_job *job, struct sink *to, struct pack_counts *counts)
{
	enum { LITTLE = 1000 };
	struct request *r = (struct request *)job;
	uint8_t *bytes = arena_raw(c->arena, r->len);
	struct extent_bytes *lies = NEW(c->arena, struct extent_bytes);
	for (size_t i = 0; i < r->len; i++)
		bytes[i] = byte_at(r->number, i);
	extent_bytes_init(lies, bytes, r->len);
	*counts = (struct pack_counts){.objects = r->number};
	TRY(sink_write(c, to, bytes, LITTLE));
	TRY(sink_copy(c, to, &lies->extent, LITTLE, r->len - 2 * LITTLE));
	return sink_write(c, to, bytes + r->len - LITTLE, LITTLE);
}

/* Both who has it made and who gets it from the tape are told where whole packets lie. */
static void what_lies_in_packs_is_not_read_for_a_client(void **state)
{
	struct ctx *c = *state;
	enum { PACKET = 65515, WHOLE = 9 };
	SNAPSHOT *s = fresh(c);
	struct request r = request(s, 3, WHOLE * PACKET + 5000);
	r.job.make = make_of_copies;
	for (int round = 0; round < 2; round++) {
		struct copying_reader to = {.copied = 0};
		struct pack_counts counts;
		reader_init(&to.reader, &r);
		to.reader.sink.copy = reader_copy;
		assert_ok(c, pack_cache_send(c, core_of(c), &r.job, &to.reader.sink, &counts));
		assert_int_equal(to.reader.got, r.len);
		assert_false(to.reader.wrong);
		assert_int_equal(to.copied, WHOLE * PACKET);
		assert_int_equal(to.copies, WHOLE);
	}
	assert_int_equal(stats(c).made, 1);
}

static void check_client_has_most(struct ctx *c, struct request *r)
{
	(void)c;
	assert_in_range(r->client->got, r->stop - 70000, r->stop);
}

static void its_client_gets_it_while_it_is_made(void **state)
{
	struct ctx *c = *state;
	SNAPSHOT *s = fresh(c);
	struct request r = request(s, 1, 600000);
	r.check = check_client_has_most;
	assert_gets(c, &r);
	pack_cache_close(core_of(c)->packs);
	core_of(c)->packs = NULL;
	assert_gets(c, &r);
}

/* Alone, it holds the making back; as soon as another comes, it holds nobody. */
static void a_client_that_stops_does_not_hold_another(void **state)
{
	struct ctx *c = *state;
	SNAPSHOT *s = fresh(c);
	struct gate open = {.step = 0};
	struct request r = request(s, 1, 2000000);
	struct asker maker = {.reader = {.takes = 100000, .open = &open}}, other = {.kind = OK};
	asker_start(c, &maker, &r);
	while (__atomic_load_n(&maker.reader.pushes, __ATOMIC_RELAXED) < 20)
		usleep(1000);
	assert_in_range(__atomic_load_n(&maker.request.made, __ATOMIC_RELAXED), 100000, 300000);
	asker_start(c, &other, &r);
	thread_join(&other.thread);
	assert_int_equal(other.kind, OK);
	assert_int_equal(other.reader.got, r.len);
	assert_false(other.reader.wrong);
	assert_in_range(__atomic_load_n(&maker.reader.got, __ATOMIC_RELAXED), 100000, 300000);
	gate_pass(&open);
	thread_join(&maker.thread);
	assert_int_equal(maker.kind, OK);
	assert_int_equal(maker.reader.got, r.len);
	assert_false(maker.reader.wrong);
	assert_int_equal(stats(c).made, 1);
	assert_int_equal(stats(c).entries, 1);
}

static void a_client_that_stops_for_good_ends_the_making(void **state)
{
	struct ctx *c = *state;
	SNAPSHOT *s = fresh(c);
	struct request r = request(s, 1, 2000000);
	struct asker maker = {.reader = {.takes = 100000, .patience = 20}};
	asker_start(c, &maker, &r);
	thread_join(&maker.thread);
	assert_int_equal(maker.kind, ERR_TIMEOUT);
	assert_in_range(maker.request.made, 100000, 300000);
	assert_int_equal(stats(c).entries, 0);
	assert_gets(c, &r);
}

static void check_not_kept(struct ctx *c, struct request *r)
{
	(void)r;
	assert_int_equal(stats(c).entries, 0);
}

static void what_is_too_large_to_keep_is_streamed(void **state)
{
	struct ctx *c = *state;
	SNAPSHOT *s = fresh(c);
	struct request r = request(s, 1, 3 * BYTES_MAX);
	r.check = check_not_kept;
	assert_gets(c, &r);
	assert_int_equal(stats(c).bytes, 0);
}

static void what_is_too_large_to_keep_is_shared_all_the_same(void **state)
{
	struct ctx *c = *state;
	SNAPSHOT *s = fresh(c);
	struct gate half = {.step = 0}, read = {.step = 0};
	struct request r = request(s, 1, 3 * BYTES_MAX);
	struct asker maker = {.kind = OK}, other = {.reader.first = &read};
	r.half = &half;
	r.go = 2;
	r.stop = BYTES_MAX / 2;
	asker_start(c, &maker, &r);
	gate_wait(&half, 1);
	asker_start(c, &other, &r);
	gate_wait(&read, 1);
	gate_pass(&half);
	thread_join(&maker.thread);
	thread_join(&other.thread);
	assert_int_equal(maker.kind, OK);
	assert_int_equal(other.kind, OK);
	assert_int_equal(maker.reader.got, r.len);
	assert_int_equal(other.reader.got, r.len);
	assert_false(maker.reader.wrong || other.reader.wrong);
	assert_int_equal(stats(c).made, 1);
	assert_int_equal(stats(c).entries, 0);
}

/* The spool fails in the middle: who had a part of it is told why, and the maker's client has it. */
static void a_full_disk_is_told_to_who_reads_along(void **state)
{
	struct ctx *c = *state;
	SNAPSHOT *s = fresh(c);
	struct gate half = {.step = 0}, read = {.step = 0};
	struct request r = request(s, 1, 600000);
	struct asker maker = {.kind = OK}, other = {.reader.first = &read};
	r.half = &half;
	r.go = 2;
	asker_start(c, &maker, &r);
	gate_wait(&half, 1);
	asker_start(c, &other, &r);
	gate_wait(&read, 1);
	blob_faulty_set(core_of(c)->blob, 1, ERR_IO);
	gate_pass(&half);
	thread_join(&maker.thread);
	thread_join(&other.thread);
	blob_faulty_set(core_of(c)->blob, 0, OK);
	assert_int_equal(maker.kind, OK);
	assert_int_equal(maker.reader.got, r.len);
	assert_int_equal(other.kind, ERR_IO);
	assert_in_range(other.reader.got, 1, r.len - 1);
	assert_gets(c, &r);
}

static void who_waits_sees_how_far_it_is(void **state)
{
	struct ctx *c = *state;
	SNAPSHOT *s = fresh(c);
	struct gate half = {.step = 0}, noted = {.step = 0};
	struct request r = request(s, 1, 20000);
	struct asker maker = {.kind = OK}, other = {.reader.noted = &noted}, late = {.kind = OK};
	r.half = &half;
	r.go = 2;
	asker_start(c, &maker, &r);
	gate_wait(&half, 1);
	asker_start(c, &other, &r);
	gate_wait(&noted, 1);
	gate_pass(&half);
	thread_join(&maker.thread);
	thread_join(&other.thread);
	asker_start(c, &late, &r);
	thread_join(&late.thread);
	assert_string_equal(maker.reader.told, "half");
	assert_string_equal(other.reader.told, "half");
	assert_string_equal(late.reader.told, "");
	assert_int_equal(late.reader.got, r.len);
}

static int setup(void **state)
{
	house_setup(state);
	core_of(*state)->packs = pack_cache_open(BYTES_MAX, AGE);
	return 0;
}

static int teardown(void **state)
{
	pack_cache_close(core_of(*state)->packs);
	return house_teardown(state);
}

#define CACHE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CACHE_TEST(what_was_made_once_is_given_again),
		CACHE_TEST(a_new_version_is_made_anew),
		CACHE_TEST(what_is_kept_is_bounded_in_bytes),
		CACHE_TEST(what_is_too_old_is_made_anew),
		CACHE_TEST(a_failure_is_told_and_not_kept),
		CACHE_TEST(a_full_disk_costs_the_cache_not_the_client),
		CACHE_TEST(who_asks_meanwhile_does_not_wait_for_who_is_in_no_hurry),
		CACHE_TEST(what_nobody_waits_for_and_cannot_be_kept_is_not_made),
		CACHE_TEST(who_asks_meanwhile_reads_along),
		CACHE_TEST(a_failure_is_that_of_all_who_read_along),
		CACHE_TEST(it_is_made_to_the_end_when_only_its_first_client_goes),
		CACHE_TEST(nobody_makes_what_nobody_waits_for),
		CACHE_TEST(many_little_copies_take_little_memory),
		CACHE_TEST(what_lies_in_packs_is_not_read_for_a_client),
		CACHE_TEST(its_client_gets_it_while_it_is_made),
		CACHE_TEST(a_client_that_stops_does_not_hold_another),
		CACHE_TEST(a_client_that_stops_for_good_ends_the_making),
		CACHE_TEST(what_is_too_large_to_keep_is_streamed),
		CACHE_TEST(what_is_too_large_to_keep_is_shared_all_the_same),
		CACHE_TEST(a_full_disk_is_told_to_who_reads_along),
		CACHE_TEST(who_waits_sees_how_far_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

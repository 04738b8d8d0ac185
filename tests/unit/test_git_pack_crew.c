/* What threads resolve together is what one resolves, whatever is wrong with it. */
#include "base/host.h"
#include "pack_make.h"
#include "together.h"
#include "unit.h"

#include <unistd.h>

enum { FAMILIES = 128, TURNS = 20 };

/* What comes of a pack. */
struct outcome {
	struct arena arena;
	struct pack_received got;
	enum err err;
};

struct stop {
	struct receive_progress progress;
	uint32_t after; /* deltas */
	bool quietly;   /* the client is gone from then on */
	bool gone;
};

static bool is_gone(void *arg)
{
	return __atomic_load_n(&((const struct stop *)arg)->gone, __ATOMIC_RELAXED);
}

/* Helpers begin when the client has gone: so the leader was at it, however quick they are. */
struct late {
	void (*work)(void *arg, unsigned number);
	void *arg;
};

static struct stop *late_for;

static void work_late(void *arg, unsigned number)
{
	struct late *late = arg;
	while (number && !is_gone(late_for))
		usleep(100);
	late->work(late->arg, number);
}

static void run_late(unsigned most, void (*work)(void *arg, unsigned number), void *arg)
{
	struct late late = {work, arg};
	together_run(most, work_late, &late);
}

static enum err stop_step(struct ctx *c, struct receive_progress *self, enum receive_stage stage,
	uint32_t done, uint32_t all)
{
	struct stop *stop = (struct stop *)self;
	assert_true(done <= all);
	if (stage != RECEIVE_DELTAS || done < stop->after)
		return OK;
	__atomic_store_n(&stop->gone, stop->quietly, __ATOMIC_RELAXED);
	if (!stop->quietly)
		return fail(c, ERR_UNAVAILABLE, "that is enough");
	return OK;
}

/* By this clock it is always time to look after the client. */
static int64_t hurried(void)
{
	static int64_t now;
	return __atomic_add_fetch(&now, 1000000, __ATOMIC_RELAXED);
}

static void receive(struct ctx *c, struct str pack, bool together,
	struct receive_progress *progress, struct outcome *out)
{
	struct odb nothing = {.algo = HASH_SHA1};
	struct odb_reader known;
	struct source_bytes from;
	struct ctx own = *c;
	arena_init(&out->arena);
	own.arena = &out->arena;
	struct memory_spools spools = {{memory_make}, &out->arena, 0};
	odb_reader_init(&own, &known, &nothing);
	source_bytes_init(&from, pack.at, pack.len);
	const struct pack_receive in = {.algo = HASH_SHA1,
		.from = &from.source,
		.to_end = true,
		.spools = &spools.maker,
		.known = &known,
		.object_max = 64 << 20,
		.pack_max = 128 << 20,
		.parallel_min = 1,
		.progress = progress};
	struct world world = together ? *together_world() : *alone_world();
	if (progress)
		world.monotonic = hurried;
	if (together && late_for)
		world.parallel = run_late;
	c->world = &world;
	ctx_clear(c);
	out->err = pack_receive(c, &in, &out->got);
	c->world = os_world();
	assert_int_equal(out->err, c->error.kind);
}

static void outcome_done(struct outcome *o)
{
	pack_received_done(&o->got);
	arena_done(&o->arena);
}

static void assert_refused(struct ctx *c, struct str pack, enum err kind, const char *words)
{
	for (int turn = 0; turn <= TURNS; turn++) {
		struct outcome o;
		receive(c, pack, turn > 0, NULL, &o);
		if (o.err != kind || !strstr(c->error.text, words))
			fail_msg("%s: \"%s\" instead of %s: \"%s\"", err_name(o.err), c->error.text,
				err_name(kind), words);
		outcome_done(&o);
	}
}

static struct str delta_add(struct arena *a, size_t size, struct str more)
{
	struct buf b = {.arena = a};
	buf_bytes(&b, "\xb0", 1);
	buf_byte(&b, (char)(size & 0xff));
	buf_byte(&b, (char)(size >> 8));
	buf_byte(&b, (char)more.len);
	buf_str(&b, more);
	return delta_make(a, size, size + more.len, buf_view(&b));
}

/* Blobs, the last of which is based on the one before by its name. */
static void blobs(struct ctx *c, struct pack_make *m, int number, int depth)
{
	struct buf text = {.arena = c->arena};
	struct oid id;
	buf_fmt(&text, "family %d\n", number);
	uint64_t at = pack_make_object(m, OBJECT_BLOB, buf_view(&text), NULL);
	for (int i = 0; i < depth; i++) {
		at = pack_make_ofs_delta(m, at, delta_append(c->arena, text.len, "more\n"));
		buf_cstr(&text, "more\n");
	}
	struct object o = {OBJECT_BLOB, buf_view(&text)};
	object_hash(HASH_SHA1, &o, &id);
	pack_make_ref_delta(m, &id, delta_append(c->arena, text.len, "end\n"));
}

/* A tree "a", and one with another line; `first` makes it another tree. */
static void trees(struct ctx *c, struct pack_make *m, int first, const char *line, uint8_t id)
{
	struct buf one = {.arena = c->arena}, more = {.arena = c->arena};
	struct oid named = oid_zero(HASH_SHA1);
	named.hash[0] = 1;
	named.hash[1] = (uint8_t)first;
	tree_line(&one, "100644 b", &named);
	named.hash[1] = 0;
	named.hash[2] = id;
	tree_line(&more, line, &named);
	uint64_t at = pack_make_object(m, OBJECT_TREE, buf_view(&one), NULL);
	pack_make_ofs_delta(m, at, delta_add(c->arena, one.len, buf_view(&more)));
}

static void bad_delta(struct ctx *c, struct pack_make *m)
{
	uint64_t at = pack_make_object(m, OBJECT_BLOB, STR("bad"), NULL);
	pack_make_ofs_delta(m, at, delta_append(c->arena, 4, "x"));
}

static void all_are_what_one_makes_of_them(void **state)
{
	struct ctx *c = *state;
	struct pack_make m;
	struct outcome alone, together;
	pack_make_init(&m, c->arena, HASH_SHA1);
	for (int i = 0; i < FAMILIES; i++) {
		blobs(c, &m, i, i % 20);
		trees(c, &m, i, "100644 c", (uint8_t)(i % 7));
	}
	struct str pack = pack_make_end(&m);
	receive(c, pack, false, NULL, &alone);
	assert_int_equal(alone.err, OK);
	for (int turn = 0; turn < TURNS; turn++) {
		receive(c, pack, true, NULL, &together);
		if (together.err)
			fail_msg("%s", c->error.text);
		assert_int_equal(together.got.count, alone.got.count);
		assert_int_equal(together.got.links.count, alone.got.links.count);
		for (uint32_t i = 0; i < alone.got.count; i++) {
			const struct idx_entry *a = &alone.got.entries[i];
			const struct idx_entry *b = &together.got.entries[i];
			assert_true(oid_eq(&a->id, &b->id));
			assert_true(a->offset == b->offset && a->crc == b->crc);
		}
		outcome_done(&together);
	}
	outcome_done(&alone);
}

/* Two families are bad, and the first of them takes much longer: it is the answer all the same. */
static void the_first_in_the_pack_is_to_blame(void **state)
{
	struct ctx *c = *state;
	for (int which = 0; which < 2; which++) {
		struct pack_make m;
		struct buf text = {.arena = c->arena};
		pack_make_init(&m, c->arena, HASH_SHA1);
		for (int i = 0; i < 10; i++)
			blobs(c, &m, i, 3);
		if (which == 0) {
			buf_cstr(&text, "slow");
			uint64_t at = pack_make_object(&m, OBJECT_BLOB, buf_view(&text), NULL);
			for (int i = 0; i < 400; i++, buf_cstr(&text, "more"))
				at = pack_make_ofs_delta(
					&m, at, delta_append(c->arena, text.len, "more"));
			pack_make_ofs_delta(&m, at, delta_append(c->arena, 1, "x"));
			trees(c, &m, 1, "100644 a", 1);
		} else {
			trees(c, &m, 1, "100644 a", 1);
			bad_delta(c, &m);
		}
		for (int i = 10; i < 20; i++)
			blobs(c, &m, i, 3);
		struct str pack = pack_make_end(&m);
		if (which == 0)
			assert_refused(c, pack, ERR_CORRUPT, "for another base");
		else
			assert_refused(c, pack, ERR_INVALID, "treeNotSorted");
	}
}

/* Whoever comes second finds it: that must not depend on who it is. */
static void what_contradicts_itself_comes_after_what_is_bad_in_itself(void **state)
{
	struct ctx *c = *state;
	for (int bad = 0; bad < 2; bad++) {
		struct pack_make m;
		pack_make_init(&m, c->arena, HASH_SHA1);
		trees(c, &m, 1, "100644 c", 9);
		for (int i = 0; i < FAMILIES; i++)
			blobs(c, &m, i, 3);
		trees(c, &m, 2, "40000 c", 9);
		if (bad)
			trees(c, &m, 3, "100644 a", 1);
		if (bad)
			assert_refused(c, pack_make_end(&m), ERR_INVALID, "treeNotSorted");
		else
			assert_refused(c, pack_make_end(&m), ERR_CORRUPT,
				"is named as a tree and as a blob");
	}
}

static void deltas_that_make_too_much_are_too_big_at_once(void **state)
{
	struct ctx *c = *state;
	enum { SIZE = 16 << 20, BOMBS = 600 };
	struct pack_make m;
	struct buf copies = {.arena = c->arena};
	char *zeros = arena_alloc(c->arena, 1 << 16);
	/* 256 times 64 KiB. */
	for (int i = 0; i < SIZE >> 16; i++)
		buf_byte(&copies, (char)0x80);
	pack_make_init(&m, c->arena, HASH_SHA1);
	for (int i = 0; i < 4; i++) {
		zeros[0] = (char)i;
		uint64_t at = pack_make_object(&m, OBJECT_BLOB, str_from(zeros, 1 << 16), NULL);
		for (int k = 0; k < BOMBS / 4; k++)
			pack_make_ofs_delta(
				&m, at, delta_make(c->arena, 1 << 16, SIZE, buf_view(&copies)));
	}
	assert_refused(c, pack_make_end(&m), ERR_TOO_BIG, "pack make over");
}

static void twins_are_refused_whoever_finds_their_deltas(void **state)
{
	struct ctx *c = *state;
	struct pack_make m;
	struct oid id;
	pack_make_init(&m, c->arena, HASH_SHA1);
	pack_make_object(&m, OBJECT_BLOB, STR("twin"), &id);
	pack_make_object(&m, OBJECT_BLOB, STR("twin"), NULL);
	for (int i = 0; i < 50; i++) {
		char text[] = {(char)('a' + i % 26), (char)('a' + i / 26), 0};
		pack_make_ref_delta(&m, &id, delta_append(c->arena, 4, text));
	}
	assert_refused(c, pack_make_end(&m), ERR_INVALID, "twice");
}

/* Over a megabyte they take turns. */
static void big_contents_are_right(void **state)
{
	struct ctx *c = *state;
	enum { SIZE = 3 << 20, BIG = 8 };
	struct pack_make m;
	struct outcome o;
	struct oid ids[BIG];
	char *bytes = arena_alloc(c->arena, SIZE + 1);
	bytes[SIZE] = '!';
	pack_make_init(&m, c->arena, HASH_SHA1);
	for (int i = 0; i < BIG; i++) {
		bytes[0] = (char)i;
		uint64_t at = pack_make_object(&m, OBJECT_BLOB, str_from(bytes, SIZE), NULL);
		pack_make_ofs_delta(
			&m, at, delta_make(c->arena, SIZE, SIZE + 1, STR("\xf0\0\0\x30\1!")));
		struct object object = {OBJECT_BLOB, str_from(bytes, SIZE + 1)};
		object_hash(HASH_SHA1, &object, &ids[i]);
		blobs(c, &m, i, 10);
	}
	receive(c, pack_make_end(&m), true, NULL, &o);
	if (o.err)
		fail_msg("%s", c->error.text);
	for (int i = 0; i < BIG; i++)
		assert_non_null(pack_received_find(&o.got, &ids[i]));
	outcome_done(&o);
}

/* What whoever leads is told ends it for all. */
static void it_ends_when_its_leader_is_told_so(void **state)
{
	struct ctx *c = *state;
	struct pack_make m;
	pack_make_init(&m, c->arena, HASH_SHA1);
	for (int i = 0; i < FAMILIES; i++)
		blobs(c, &m, i, 3);
	struct str pack = pack_make_end(&m);
	for (uint32_t after = 0; after <= FAMILIES * 4; after += FAMILIES) {
		for (int together = 0; together < 2; together++) {
			struct stop stop = {.progress = {stop_step}, .after = after};
			struct outcome o;
			receive(c, pack, together, &stop.progress, &o);
			assert_int_equal(o.err, ERR_UNAVAILABLE);
			assert_string_equal(c->error.text, "that is enough");
			assert_null(o.got.entries);
			outcome_done(&o);
		}
	}
}

/* Only the leader asks for it, and a helper's canceled() is not the client's. */
static void it_ends_when_the_client_has_gone(void **state)
{
	struct ctx *c = *state;
	struct pack_make m;
	pack_make_init(&m, c->arena, HASH_SHA1);
	for (int i = 0; i < FAMILIES; i++)
		blobs(c, &m, i, 3);
	struct str pack = pack_make_end(&m);
	for (int turn = 0; turn <= TURNS; turn++) {
		struct stop stop = {.progress = {stop_step}, .quietly = true};
		struct outcome o;
		c->canceled = is_gone;
		c->canceled_arg = late_for = &stop;
		receive(c, pack, turn > 0, &stop.progress, &o);
		c->canceled = NULL;
		late_for = NULL;
		assert_int_equal(o.err, ERR_CANCELED);
		assert_string_equal(c->error.text, "the other side went away");
		assert_null(o.got.entries);
		outcome_done(&o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(all_are_what_one_makes_of_them),
		UNIT_TEST(the_first_in_the_pack_is_to_blame),
		UNIT_TEST(what_contradicts_itself_comes_after_what_is_bad_in_itself),
		UNIT_TEST(deltas_that_make_too_much_are_too_big_at_once),
		UNIT_TEST(twins_are_refused_whoever_finds_their_deltas),
		UNIT_TEST(big_contents_are_right),
		UNIT_TEST(it_ends_when_its_leader_is_told_so),
		UNIT_TEST(it_ends_when_the_client_has_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

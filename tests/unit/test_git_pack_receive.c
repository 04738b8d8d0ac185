#include "git/pack_receive.h"

#include "base/host.h"
#include "pack_make.h"
#include "together.h"
#include "unit.h"

enum { OBJECT_LIMIT = 64 << 20, PACK_LIMIT = 128 << 20 };

/* Every test runs twice: with one thread, and with several however small the pack is. */
static bool together;

/* What a test receives with, and what came of it. */
struct bench {
	struct arena arena; /* of the reader, whose cache is big, and of the spools */
	struct memory_spools spools;
	struct odb odb;
	struct odb_reader known;
	struct pack_received got;
	uint64_t object_max, pack_max;
	uint32_t objects_max;
	size_t piece; /* bytes that the source gives at a time */
};

struct pieces {
	struct source source;
	struct str rest;
	size_t piece;
};

static enum err pieces_read(struct ctx *c, struct source *self, void *into, size_t cap, size_t *got)
{
	struct pieces *p = (struct pieces *)self;
	(void)c;
	*got = p->rest.len < cap ? p->rest.len : cap;
	if (*got > p->piece)
		*got = p->piece;
	memcpy(into, p->rest.at, *got);
	p->rest = str_from_index(p->rest, *got);
	return OK;
}

/* The reader of what there is; made again when that changes. */
static void bench_reader(struct ctx *c, struct bench *b)
{
	struct ctx own = *c;
	own.arena = &b->arena;
	odb_reader_init(&own, &b->known, &b->odb);
}

static void bench_init(struct ctx *c, struct bench *b, enum hash_algo algo)
{
	*b = (struct bench){.spools = {{memory_make}, NULL, 0},
		.odb.algo = algo,
		.object_max = OBJECT_LIMIT,
		.pack_max = PACK_LIMIT,
		.piece = SIZE_MAX};
	arena_init(&b->arena);
	b->spools.arena = &b->arena;
	bench_reader(c, b);
}

static enum err bench_receive(struct ctx *c, struct bench *b, struct str pack)
{
	struct pieces from = {{pieces_read}, pack, b->piece};
	const struct pack_receive in = {.algo = b->odb.algo,
		.from = &from.source,
		.to_end = true,
		.spools = &b->spools.maker,
		.known = &b->known,
		.object_max = b->object_max,
		.pack_max = b->pack_max,
		.objects_max = b->objects_max,
		.parallel_min = 1};
	c->world = together ? together_world() : alone_world();
	return pack_receive(c, &in, &b->got);
}

static enum err to_buf(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	struct memory_spool *s = *(struct memory_spool **)(self + 1);
	return spool_append(c, &s->spool, bytes, len);
}

/* Makes what was received the repository. */
static void bench_keep(struct ctx *c, struct bench *b)
{
	struct {
		struct sink sink;
		struct memory_spool *spool;
	} to = {{.write = to_buf}, NULL};
	struct spool *idx;
	struct pack *pack;
	assert_ok(c, memory_make(c, &b->spools.maker, &idx));
	to.spool = (struct memory_spool *)idx;
	assert_ok(c,
		idx_write(c, b->odb.algo, b->got.entries, b->got.count, b->got.id.hash, &to.sink));
	assert_ok(c, pack_open(c, b->odb.algo, &b->got.pack->extent, &idx->extent, &pack));
	b->got.pack = NULL;
	pack_received_done(&b->got);
	b->odb.packs = NEW_ARRAY(c->arena, struct pack *, 1);
	b->odb.packs[0] = pack;
	b->odb.count = 1;
	bench_reader(c, b);
}

static void bench_done(struct bench *b)
{
	pack_received_done(&b->got);
	for (size_t i = 0; i < b->odb.count; i++)
		pack_unref(b->odb.packs[i]);
	arena_done(&b->arena);
}

#define assert_refused(c, pack, kind, words)                                     \
	do {                                                                     \
		struct bench b_;                                                 \
		bench_init(c, &b_, HASH_SHA1);                                   \
		assert_err(c, bench_receive(c, &b_, pack), kind);                \
		if (!strstr((c)->error.text, words))                             \
			fail_msg("\"%s\" lacks \"%s\"", (c)->error.text, words); \
		bench_done(&b_);                                                 \
	} while (0)

static void all_types_and_both_kinds_of_delta_get_their_ids(void **state)
{
	struct ctx *c = *state;
	enum hash_algo algos[] = {HASH_SHA1, HASH_SHA256};
	for (int i = 0; i < 2; i++) {
		struct bench b;
		struct pack_make m;
		struct oid blob, tree, commit, second, third;
		struct buf lines = {.arena = c->arena};
		bench_init(c, &b, algos[i]);
		b.piece = i ? 1 : SIZE_MAX;
		pack_make_init(&m, c->arena, algos[i]);
		uint64_t at = pack_make_object(&m, OBJECT_BLOB, STR("hello\n"), &blob);
		pack_make_ofs_delta(&m, at, delta_append(c->arena, 6, "again\n"));
		struct object o = {OBJECT_BLOB, STR("hello\nagain\n")};
		object_hash(algos[i], &o, &second);
		pack_make_ref_delta(&m, &second, delta_append(c->arena, 12, "third\n"));
		o.bytes = STR("hello\nagain\nthird\n");
		object_hash(algos[i], &o, &third);
		tree_line(&lines, "100644 a", &blob);
		tree_line(&lines, "100644 b", &third);
		pack_make_object(&m, OBJECT_TREE, buf_view(&lines), &tree);
		pack_make_object(&m, OBJECT_COMMIT, commit_make(c->arena, &tree, NULL), &commit);
		assert_ok(c, bench_receive(c, &b, pack_make_end(&m)));
		assert_int_equal(b.got.count, 5);
		assert_int_equal(pack_received_find(&b.got, &second)->object_type, OBJECT_BLOB);
		assert_int_equal(pack_received_find(&b.got, &third)->object_type, OBJECT_BLOB);
		assert_int_equal(pack_received_find(&b.got, &commit)->object_type, OBJECT_COMMIT);
		assert_ok(c, pack_received_connected(c, &b.got, &b.known, NULL));
		bench_done(&b);
	}
}

static void a_thin_pack_is_completed_and_stands_alone(void **state)
{
	struct ctx *c = *state;
	struct bench b;
	struct pack_make m;
	struct oid base;
	struct odb_reader reader;
	struct object o;
	bench_init(c, &b, HASH_SHA1);
	pack_make_init(&m, c->arena, HASH_SHA1);
	pack_make_object(&m, OBJECT_BLOB, STR("base of all\n"), &base);
	assert_ok(c, bench_receive(c, &b, pack_make_end(&m)));
	bench_keep(c, &b);

	pack_make_init(&m, c->arena, HASH_SHA1);
	pack_make_ref_delta(&m, &base, delta_append(c->arena, 12, "and more\n"));
	assert_ok(c, bench_receive(c, &b, pack_make_end(&m)));
	assert_int_equal(b.got.count, 2);
	struct object made = {OBJECT_BLOB, STR("base of all\nand more\n")};
	struct oid id;
	object_hash(HASH_SHA1, &made, &id);
	assert_non_null(pack_received_find(&b.got, &base));
	pack_unref(b.odb.packs[0]);
	bench_keep(c, &b);
	odb_reader_init(c, &reader, &b.odb);
	assert_ok(c, odb_read(c, &reader, &id, &o));
	assert_str(o.bytes, "base of all\nand more\n");
	assert_ok(c, odb_read(c, &reader, &base, &o));
	assert_str(o.bytes, "base of all\n");
	bench_done(&b);
}

/* A delta that adds a line to a tree of `size` bytes. */
static struct str delta_line(struct ctx *c, size_t size, const char *line, const struct oid *id)
{
	struct buf added = {.arena = c->arena}, b = {.arena = c->arena};
	tree_line(&added, line, id);
	buf_byte(&b, (char)0x90);
	buf_byte(&b, (char)size);
	buf_byte(&b, (char)added.len);
	buf_str(&b, buf_view(&added));
	return delta_make(c->arena, size, size + added.len, buf_view(&b));
}

/* What a tree adds to its base is looked for, be the base sent or known; what the base has is not. */
static void what_a_delta_of_a_tree_adds_must_be_there(void **state)
{
	struct ctx *c = *state;
	struct oid blob, tree, nowhere = oid_zero(HASH_SHA1);
	nowhere.hash[0] = 1;
	for (int is_sent = 0; is_sent < 2; is_sent++) {
		struct bench b;
		struct pack_make m;
		struct buf lines = {.arena = c->arena};
		bench_init(c, &b, HASH_SHA1);
		pack_make_init(&m, c->arena, HASH_SHA1);
		pack_make_object(&m, OBJECT_BLOB, STR("a blob\n"), &blob);
		tree_line(&lines, "100644 a", &blob);
		pack_make_object(&m, OBJECT_TREE, buf_view(&lines), &tree);
		if (!is_sent) {
			assert_ok(c, bench_receive(c, &b, pack_make_end(&m)));
			bench_keep(c, &b);
			pack_make_init(&m, c->arena, HASH_SHA1);
		}
		struct pack_make bad = m;
		bad.bytes = (struct buf){.arena = c->arena};
		buf_str(&bad.bytes, buf_view(&m.bytes));
		pack_make_ref_delta(&m, &tree, delta_line(c, lines.len, "100644 b", &blob));
		assert_ok(c, bench_receive(c, &b, pack_make_end(&m)));
		assert_int_equal(b.got.links.count, 1);
		assert_ok(c, pack_received_connected(c, &b.got, &b.known, NULL));
		pack_received_done(&b.got);
		pack_make_ref_delta(&bad, &tree, delta_line(c, lines.len, "100644 b", &nowhere));
		assert_ok(c, bench_receive(c, &b, pack_make_end(&bad)));
		assert_int_equal(b.got.links.count, is_sent + 1);
		assert_err(c, pack_received_connected(c, &b.got, &b.known, NULL), ERR_INVALID);
		bench_done(&b);
	}
}

/* Whoever pushes can do nothing about what is damaged here, and all about what they send. */
static void a_base_that_is_damaged_here_is_not_the_packs_fault(void **state)
{
	struct ctx *c = *state;
	struct bench b;
	struct pack_make m;
	struct oid base;
	const uint8_t *at = NULL;
	bench_init(c, &b, HASH_SHA1);
	pack_make_init(&m, c->arena, HASH_SHA1);
	uint64_t entry = pack_make_object(&m, OBJECT_BLOB, STR("base of all\n"), &base);
	assert_ok(c, bench_receive(c, &b, pack_make_end(&m)));
	bench_keep(c, &b);
	assert_ok(c, extent_window(c, b.odb.packs[0]->bytes, entry, 4, &at));
	*(uint8_t *)(uintptr_t)(at + 3) ^= 0x55; /* behind the entry's header and that of zlib */

	pack_make_init(&m, c->arena, HASH_SHA1);
	pack_make_ref_delta(&m, &base, delta_append(c->arena, 12, "and more\n"));
	struct str thin = pack_make_end(&m);
	assert_err(c, bench_receive(c, &b, thin), ERR_DAMAGED);
	pack_received_done(&b.got);
	pack_make_init(&m, c->arena, HASH_SHA1);
	pack_make_object(&m, OBJECT_BLOB, STR("base of all\n"), NULL);
	assert_err(c, bench_receive(c, &b, pack_make_end(&m)), ERR_DAMAGED);
	pack_received_done(&b.got);
	((char *)(uintptr_t)thin.at)[thin.len - 25] ^= 0x55;
	assert_err(c, bench_receive(c, &b, thin), ERR_CORRUPT);
	bench_done(&b);
}

static void what_is_cut_short_is_invalid_wherever_it_is_cut(void **state)
{
	struct ctx *c = *state;
	struct pack_make m;
	pack_make_init(&m, c->arena, HASH_SHA1);
	uint64_t at = pack_make_object(&m, OBJECT_BLOB, STR("some text that is here"), NULL);
	pack_make_ofs_delta(&m, at, delta_append(c->arena, 22, "x"));
	struct str pack = pack_make_end(&m);
	for (size_t len = 0; len < pack.len; len++) {
		struct bench b;
		bench_init(c, &b, HASH_SHA1);
		enum err err = bench_receive(c, &b, str_until(pack, len));
		if (err != ERR_INVALID && err != ERR_CORRUPT)
			fail_msg("cut at %zu: %s", len, err_name(err));
		bench_done(&b);
	}
}

static void any_changed_byte_is_noticed(void **state)
{
	struct ctx *c = *state;
	struct pack_make m;
	pack_make_init(&m, c->arena, HASH_SHA1);
	uint64_t at = pack_make_object(&m, OBJECT_BLOB, STR("some text that is here"), NULL);
	pack_make_ofs_delta(&m, at, delta_append(c->arena, 22, "x"));
	struct str pack = pack_make_end(&m);
	for (size_t i = 0; i < pack.len; i++) {
		struct bench b;
		char *bad = str_dup(c->arena, pack);
		memcpy(bad, pack.at, pack.len);
		bad[i] ^= 0x20;
		bench_init(c, &b, HASH_SHA1);
		if (bench_receive(c, &b, str_from(bad, pack.len)) == OK)
			fail_msg("byte %zu was changed and nobody noticed", i);
		bench_done(&b);
	}
}

static void bytes_behind_the_pack_are_refused(void **state)
{
	struct ctx *c = *state;
	struct pack_make m;
	pack_make_init(&m, c->arena, HASH_SHA1);
	pack_make_object(&m, OBJECT_BLOB, STR("x"), NULL);
	pack_make_end(&m);
	buf_byte(&m.bytes, 0);
	assert_refused(c, buf_view(&m.bytes), ERR_INVALID, "follow");
}

static void sizes_that_lie_are_corrupt(void **state)
{
	struct ctx *c = *state;
	for (int claim = 0; claim < 8; claim++) {
		struct pack_make m;
		if (claim == 4)
			continue;
		pack_make_init(&m, c->arena, HASH_SHA1);
		pack_make_entry(&m, OBJECT_BLOB, (uint64_t)claim, STR(""), STR("four"));
		assert_refused(c, pack_make_end(&m), ERR_CORRUPT, "than it claims");
	}
}

static void what_is_over_a_limit_is_too_big_before_it_is_unpacked(void **state)
{
	struct ctx *c = *state;
	struct pack_make m;
	struct bench b;
	pack_make_init(&m, c->arena, HASH_SHA1);
	pack_make_entry(&m, OBJECT_BLOB, OBJECT_LIMIT + 1ull, STR(""), STR("four"));
	assert_refused(c, pack_make_end(&m), ERR_TOO_BIG, "limit");

	pack_make_init(&m, c->arena, HASH_SHA1);
	uint64_t at = pack_make_object(&m, OBJECT_BLOB, STR("four"), NULL);
	pack_make_ofs_delta(&m, at, delta_make(c->arena, 4, 1ull << 60, STR("\x90\4")));
	assert_refused(c, pack_make_end(&m), ERR_TOO_BIG, "limit");

	pack_make_init(&m, c->arena, HASH_SHA1);
	pack_make_entry(&m, OBJECT_TREE, CONTENT_MAX + 1ull, STR(""), STR("four"));
	assert_refused(c, pack_make_end(&m), ERR_TOO_BIG, "tree");

	pack_make_init(&m, c->arena, HASH_SHA1);
	m.count = 0xffffffff;
	assert_refused(c, pack_make_end(&m), ERR_TOO_BIG, "4294967295 objects");

	pack_make_init(&m, c->arena, HASH_SHA1);
	pack_make_object(&m, OBJECT_BLOB, STR("four"), NULL);
	bench_init(c, &b, HASH_SHA1);
	b.pack_max = 20;
	assert_err(c, bench_receive(c, &b, pack_make_end(&m)), ERR_TOO_BIG);
	bench_done(&b);
}

static void a_pack_has_as_many_objects_as_are_allowed(void **state)
{
	struct ctx *c = *state;
	for (uint32_t max = 1; max <= 2; max++) {
		struct bench b;
		struct pack_make m;
		pack_make_init(&m, c->arena, HASH_SHA1);
		pack_make_object(&m, OBJECT_BLOB, STR("one"), NULL);
		pack_make_object(&m, OBJECT_BLOB, STR("two"), NULL);
		bench_init(c, &b, HASH_SHA1);
		b.objects_max = max;
		enum err err = bench_receive(c, &b, pack_make_end(&m));
		assert_int_equal(err, max == 1 ? ERR_TOO_BIG : OK);
		if (err)
			assert_non_null(strstr(c->error.text, "2 objects, and 1 is the most"));
		ctx_clear(c);
		bench_done(&b);
	}
}

static void a_megabyte_of_nothing_compressed_a_thousandfold_is_counted(void **state)
{
	struct ctx *c = *state;
	struct pack_make m;
	char *zeros = arena_alloc(c->arena, 1 << 20);
	pack_make_init(&m, c->arena, HASH_SHA1);
	pack_make_entry(&m, OBJECT_BLOB, 100, STR(""), str_from(zeros, 1 << 20));
	assert_refused(c, pack_make_end(&m), ERR_CORRUPT, "longer than it claims");
}

static void deltas_in_a_circle_lead_nowhere(void **state)
{
	struct ctx *c = *state;
	struct pack_make m;
	struct oid one = oid_zero(HASH_SHA1), two = oid_zero(HASH_SHA1);
	one.hash[0] = 1;
	two.hash[0] = 2;
	pack_make_init(&m, c->arena, HASH_SHA1);
	pack_make_ref_delta(&m, &one, delta_append(c->arena, 4, "x"));
	pack_make_ref_delta(&m, &two, delta_append(c->arena, 4, "x"));
	assert_refused(c, pack_make_end(&m), ERR_CORRUPT, "2 unresolved deltas");
}

static void a_delta_needs_an_object_where_its_base_should_be(void **state)
{
	struct ctx *c = *state;
	struct pack_make m;
	pack_make_init(&m, c->arena, HASH_SHA1);
	uint64_t at = pack_make_object(&m, OBJECT_BLOB, STR("four"), NULL);
	pack_make_ofs_delta(&m, at + 1, delta_append(c->arena, 4, "x"));
	assert_refused(c, pack_make_end(&m), ERR_CORRUPT, "no object of the pack");
	pack_make_init(&m, c->arena, HASH_SHA1);
	at = pack_make_object(&m, OBJECT_BLOB, STR("four"), NULL);
	pack_make_ofs_delta(&m, at, delta_append(c->arena, 5, "x"));
	assert_refused(c, pack_make_end(&m), ERR_CORRUPT, "");
}

static void chains_are_resolved_up_to_the_limit_and_no_further(void **state)
{
	struct ctx *c = *state;
	for (int over = 0; over < 2; over++) {
		struct bench b;
		struct pack_make m;
		pack_make_init(&m, c->arena, HASH_SHA1);
		uint64_t at = pack_make_object(&m, OBJECT_BLOB, STR("four"), NULL);
		for (size_t i = 0; i < RECEIVE_DEPTH_MAX + (size_t)over + 1; i++)
			at = pack_make_ofs_delta(&m, at, delta_append(c->arena, 4 + i, "x"));
		bench_init(c, &b, HASH_SHA1);
		if (over)
			assert_err(c, bench_receive(c, &b, pack_make_end(&m)), ERR_INVALID);
		else
			assert_ok(c, bench_receive(c, &b, pack_make_end(&m)));
		bench_done(&b);
	}
}

/* Contents that do not all fit in memory are made again: every id must be right all the same. */
static void bushy_deltas_on_big_contents_are_right(void **state)
{
	struct ctx *c = *state;
	enum { SIZE = 12 << 20, LEVELS = 5 };
	struct bench b;
	struct pack_make m;
	char *bytes = arena_alloc(c->arena, SIZE + LEVELS + 1);
	uint32_t random = 1;
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (char)((random = random * 1664525 + 1013904223) >> 30);
	pack_make_init(&m, c->arena, HASH_SHA1);
	uint64_t at = pack_make_object(&m, OBJECT_BLOB, str_from(bytes, SIZE), NULL);
	struct oid leaves[LEVELS];
	for (size_t i = 0; i < LEVELS; i++) {
		struct buf copy = {.arena = c->arena};
		for (size_t done = 0; done < SIZE + i;) {
			size_t left = SIZE + i - done, len = left < 0xffffff ? left : 0xffffff;
			buf_bytes(&copy, "\xff", 1);
			for (int k = 0; k < 4; k++)
				buf_byte(&copy, (char)(done >> 8 * k));
			for (int k = 0; k < 3; k++)
				buf_byte(&copy, (char)(len >> 8 * k));
			done += len;
		}
		struct buf leaf = {.arena = c->arena};
		buf_str(&leaf, buf_view(&copy));
		buf_bytes(&leaf, "\1y", 2);
		bytes[SIZE + i] = 'y';
		struct object o = {OBJECT_BLOB, str_from(bytes, SIZE + i + 1)};
		object_hash(HASH_SHA1, &o, &leaves[i]);
		pack_make_ofs_delta(
			&m, at, delta_make(c->arena, SIZE + i, SIZE + i + 1, buf_view(&leaf)));
		buf_bytes(&copy, "\1x", 2);
		bytes[SIZE + i] = 'x';
		at = pack_make_ofs_delta(
			&m, at, delta_make(c->arena, SIZE + i, SIZE + i + 1, buf_view(&copy)));
	}
	bench_init(c, &b, HASH_SHA1);
	assert_ok(c, bench_receive(c, &b, pack_make_end(&m)));
	for (size_t i = 0; i < LEVELS; i++)
		assert_non_null(pack_received_find(&b.got, &leaves[i]));
	bench_done(&b);
}

/* An object over CONTENT_MAX, and deltas from and to it, go through scratch spools. */
static void deltas_of_what_is_too_big_for_memory_are_right(void **state)
{
	struct ctx *c = *state;
	enum { SIZE = CONTENT_MAX + 1000 };
	struct bench b;
	struct pack_make m;
	struct oid whole, small;
	char *bytes = arena_alloc(c->arena, SIZE + 1);
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (char)(i * 7 >> 3);
	bytes[SIZE] = '!';
	pack_make_init(&m, c->arena, HASH_SHA1);
	uint64_t at = pack_make_object(&m, OBJECT_BLOB, str_from(bytes, SIZE), NULL);
	struct str instructions = STR("\xf0\xff\xff\xff"
				      "\xff\xff\xff\xff\0\xe9\3\0"
				      "\1!");
	at = pack_make_ofs_delta(&m, at, delta_make(c->arena, SIZE, SIZE + 1, instructions));
	pack_make_ofs_delta(&m, at, delta_make(c->arena, SIZE + 1, 16, STR("\x90\x10")));
	struct object o = {OBJECT_BLOB, str_from(bytes, SIZE + 1)};
	object_hash(HASH_SHA1, &o, &whole);
	o.bytes.len = 16;
	object_hash(HASH_SHA1, &o, &small);
	bench_init(c, &b, HASH_SHA1);
	assert_ok(c, bench_receive(c, &b, pack_make_end(&m)));
	assert_true(b.spools.made > 1);
	assert_non_null(pack_received_find(&b.got, &whole));
	assert_non_null(pack_received_find(&b.got, &small));
	bench_done(&b);
}

/* A thin delta on what is itself a delta of the repository, all of it too big for memory. */
static void a_big_delta_on_a_big_delta_that_is_known_is_right(void **state)
{
	struct ctx *c = *state;
	enum { SIZE = CONTENT_MAX + 1000 };
	struct bench b;
	struct pack_make m;
	struct oid second, third;
	char *bytes = arena_alloc(c->arena, SIZE + 2);
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (char)(i * 5 >> 4);
	memcpy(bytes + SIZE, "!?", 2);
	struct object o = {OBJECT_BLOB, str_from(bytes, SIZE + 1)};
	object_hash(HASH_SHA1, &o, &second);
	o.bytes.len++;
	object_hash(HASH_SHA1, &o, &third);
	bench_init(c, &b, HASH_SHA1);
	pack_make_init(&m, c->arena, HASH_SHA1);
	uint64_t at = pack_make_object(&m, OBJECT_BLOB, str_from(bytes, SIZE), NULL);
	struct str copy = STR("\xf0\xff\xff\xff\xff\xff\xff\xff\0\xe9\3\0\1!");
	pack_make_ofs_delta(&m, at, delta_make(c->arena, SIZE, SIZE + 1, copy));
	assert_ok(c, bench_receive(c, &b, pack_make_end(&m)));
	bench_keep(c, &b);
	pack_make_init(&m, c->arena, HASH_SHA1);
	copy = STR("\xf0\xff\xff\xff\xff\xff\xff\xff\0\xea\3\0\1?");
	pack_make_ref_delta(&m, &second, delta_make(c->arena, SIZE + 1, SIZE + 2, copy));
	assert_ok(c, bench_receive(c, &b, pack_make_end(&m)));
	assert_int_equal(b.got.count, 2);
	assert_non_null(pack_received_find(&b.got, &third));
	assert_non_null(pack_received_find(&b.got, &second));
	bench_done(&b);
}

static void the_same_object_twice_is_refused(void **state)
{
	struct ctx *c = *state;
	struct pack_make m;
	pack_make_init(&m, c->arena, HASH_SHA1);
	pack_make_object(&m, OBJECT_BLOB, STR("twin"), NULL);
	pack_make_object(&m, OBJECT_BLOB, STR("twin"), NULL);
	assert_refused(c, pack_make_end(&m), ERR_INVALID, "twice");
}

static void an_object_that_breaks_the_rules_is_refused_by_their_name(void **state)
{
	struct ctx *c = *state;
	struct pack_make m;
	struct oid blob;
	struct buf lines = {.arena = c->arena};
	pack_make_init(&m, c->arena, HASH_SHA1);
	pack_make_object(&m, OBJECT_BLOB, STR("x"), &blob);
	tree_line(&lines, "100644 b", &blob);
	tree_line(&lines, "100644 a", &blob);
	pack_make_object(&m, OBJECT_TREE, buf_view(&lines), NULL);
	assert_refused(c, pack_make_end(&m), ERR_INVALID, "treeNotSorted");
}

static void gitmodules_are_read_though_they_come_before_their_tree(void **state)
{
	struct ctx *c = *state;
	struct pack_make m;
	struct oid blob;
	struct buf lines = {.arena = c->arena};
	pack_make_init(&m, c->arena, HASH_SHA1);
	pack_make_object(&m, OBJECT_BLOB,
		STR("[submodule \"a\"]\n\turl = -u./payload\n\tpath = a\n"), &blob);
	tree_line(&lines, "100644 .gitmodules", &blob);
	pack_make_object(&m, OBJECT_TREE, buf_view(&lines), NULL);
	assert_refused(c, pack_make_end(&m), ERR_INVALID, "gitmodulesUrl");
}

static void what_is_named_must_be_there_and_of_that_type(void **state)
{
	struct ctx *c = *state;
	struct bench b;
	struct pack_make m;
	struct oid blob, missing = oid_zero(HASH_SHA1);
	missing.hash[0] = 1;
	bench_init(c, &b, HASH_SHA1);
	pack_make_init(&m, c->arena, HASH_SHA1);
	pack_make_object(&m, OBJECT_COMMIT, commit_make(c->arena, &missing, NULL), NULL);
	assert_ok(c, bench_receive(c, &b, pack_make_end(&m)));
	assert_err(c, pack_received_connected(c, &b.got, &b.known, NULL), ERR_INVALID);
	assert_non_null(strstr(c->error.text, "is missing"));
	bench_done(&b);

	bench_init(c, &b, HASH_SHA1);
	pack_make_init(&m, c->arena, HASH_SHA1);
	pack_make_object(&m, OBJECT_BLOB, STR("no tree"), &blob);
	pack_make_object(&m, OBJECT_COMMIT, commit_make(c->arena, &blob, NULL), NULL);
	assert_ok(c, bench_receive(c, &b, pack_make_end(&m)));
	assert_err(c, pack_received_connected(c, &b.got, &b.known, NULL), ERR_INVALID);
	assert_non_null(strstr(c->error.text, "is a blob where a tree is needed"));
	bench_done(&b);
}

static void a_submodule_is_not_followed(void **state)
{
	struct ctx *c = *state;
	struct bench b;
	struct pack_make m;
	struct oid elsewhere = oid_zero(HASH_SHA1);
	struct buf lines = {.arena = c->arena};
	elsewhere.hash[0] = 1;
	bench_init(c, &b, HASH_SHA1);
	pack_make_init(&m, c->arena, HASH_SHA1);
	tree_line(&lines, "160000 sub", &elsewhere);
	pack_make_object(&m, OBJECT_TREE, buf_view(&lines), NULL);
	assert_ok(c, bench_receive(c, &b, pack_make_end(&m)));
	assert_ok(c, pack_received_connected(c, &b.got, &b.known, NULL));
	bench_done(&b);
}

static void what_is_no_pack_is_invalid(void **state)
{
	struct ctx *c = *state;
	struct pack_make m;
	assert_refused(c, STR(""), ERR_INVALID, "no pack");
	assert_refused(c, STR("GIF89a, nothing for us"), ERR_INVALID, "no pack");
	pack_make_init(&m, c->arena, HASH_SHA1);
	m.bytes.at[7] = 4;
	assert_refused(c, pack_make_end(&m), ERR_UNSUPPORTED, "version 4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(all_types_and_both_kinds_of_delta_get_their_ids),
		UNIT_TEST(a_thin_pack_is_completed_and_stands_alone),
		UNIT_TEST(what_a_delta_of_a_tree_adds_must_be_there),
		UNIT_TEST(a_base_that_is_damaged_here_is_not_the_packs_fault),
		UNIT_TEST(what_is_cut_short_is_invalid_wherever_it_is_cut),
		UNIT_TEST(any_changed_byte_is_noticed),
		UNIT_TEST(bytes_behind_the_pack_are_refused),
		UNIT_TEST(sizes_that_lie_are_corrupt),
		UNIT_TEST(what_is_over_a_limit_is_too_big_before_it_is_unpacked),
		UNIT_TEST(a_pack_has_as_many_objects_as_are_allowed),
		UNIT_TEST(a_megabyte_of_nothing_compressed_a_thousandfold_is_counted),
		UNIT_TEST(deltas_in_a_circle_lead_nowhere),
		UNIT_TEST(a_delta_needs_an_object_where_its_base_should_be),
		UNIT_TEST(chains_are_resolved_up_to_the_limit_and_no_further),
		UNIT_TEST(bushy_deltas_on_big_contents_are_right),
		UNIT_TEST(deltas_of_what_is_too_big_for_memory_are_right),
		UNIT_TEST(a_big_delta_on_a_big_delta_that_is_known_is_right),
		UNIT_TEST(the_same_object_twice_is_refused),
		UNIT_TEST(an_object_that_breaks_the_rules_is_refused_by_their_name),
		UNIT_TEST(gitmodules_are_read_though_they_come_before_their_tree),
		UNIT_TEST(what_is_named_must_be_there_and_of_that_type),
		UNIT_TEST(a_submodule_is_not_followed),
		UNIT_TEST(what_is_no_pack_is_invalid),
	};
	int failed = cmocka_run_group_tests_name("alone", tests, NULL, NULL);
	together = true;
	return failed + cmocka_run_group_tests_name("together", tests, NULL, NULL);
}

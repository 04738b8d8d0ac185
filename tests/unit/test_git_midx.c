/* git/midx.c, git/midx_write.c, and what git/bitmap.c makes of them. */
#include "unit.h"

#include "far_extent.h"
#include "git/bitmap.h"
#include "git/midx.h"
#include "odb_make.h"

enum { PACKS = 2, FIRST = 5, SECOND = 3, OBJECTS = FIRST + SECOND };

/* Two packs that have nothing in common, and their index. */
struct fixture {
	struct odb_make *m;
	enum hash_algo algo;
	struct str file;
};

static void fill(struct ctx *c, struct odb_make *m, const char *what, int count)
{
	for (int i = 0; i < count; i++)
		odb_make_object(
			m, OBJECT_BLOB, str_of(arena_fmt(c->arena, "%s number %d", what, i)));
	odb_make_pack(m);
}

static struct fixture begin(struct ctx *c, enum hash_algo algo)
{
	struct fixture f = {odb_make(c, algo), algo, {0}};
	struct memory_sink to = memory_sink(c->arena);
	fill(c, f.m, "the first", FIRST);
	fill(c, f.m, "another", SECOND);
	assert_ok(c, midx_write(c, algo, f.m->packs, PACKS, &to.sink));
	f.file = buf_view(&to.bytes);
	return f;
}

static void end(const struct fixture *f)
{
	odb_make_done(f->m);
}

static void check_round_trip(struct ctx *c, enum hash_algo algo)
{
	struct fixture f = begin(c, algo);
	struct midx m;
	struct pack *packs[PACKS];
	size_t fixed = 12 + 7 * 12 - 12 + FANOUT_SIZE + hash_size(algo);
	assert_ok(c, midx_parse(c, algo, f.file, true, &m));
	assert_int_equal(m.count, OBJECTS);
	assert_int_equal(m.pack_count, PACKS);
	assert_int_equal(m.large_offsets.at, 0);
	assert_non_null(midx_order(&m));
	const struct fanout ids = midx_ids(&m);
	size_t names = (m.names.len + 3) / 4 * 4;
	assert_int_equal(m.names.len, PACKS * (2 * hash_size(algo) + sizeof "pack-.idx"));
	assert_int_equal(f.file.len, fixed + names + OBJECTS * (hash_size(algo) + 8 + 4));
	assert_ok(c, midx_packs(c, &m, f.m->packs, PACKS, packs));
	assert_true(strcmp(packs[0]->name, packs[1]->name) < 0);
	for (uint32_t i = 0; i < OBJECTS; i++) {
		struct oid id = oid_from_bytes(algo, fanout_hash(&ids, i));
		uint32_t pack = 0, position = 0;
		uint64_t offset = 0;
		assert_ok(c, midx_place(c, &m, i, &pack, &offset));
		assert_true(idx_find(&packs[pack]->idx, &id, &position));
		assert_int_equal(idx_offset(&packs[pack]->idx, position), offset);
	}
	end(&f);
}

static void what_is_written_is_read(void **state)
{
	check_round_trip(*state, HASH_SHA1);
	check_round_trip(*state, HASH_SHA256);
}

static void packs_with_an_object_in_common_have_none(void **state)
{
	struct ctx *c = *state;
	struct odb_make *m = odb_make(c, HASH_SHA1);
	struct memory_sink to = memory_sink(c->arena);
	fill(c, m, "the same", 2);
	fill(c, m, "the same", 3);
	assert_err(c, midx_write(c, HASH_SHA1, m->packs, 2, &to.sink), ERR_UNSUPPORTED);
	odb_make_done(m);
}

static void a_pack_that_is_not_here_is_named(void **state)
{
	struct ctx *c = *state;
	struct fixture f = begin(c, HASH_SHA1);
	struct midx m;
	struct pack *packs[PACKS];
	assert_ok(c, midx_parse(c, HASH_SHA1, f.file, true, &m));
	assert_err(c, midx_packs(c, &m, f.m->packs, 1, packs), ERR_NOT_FOUND);
	assert_non_null(strstr(c->error.text, f.m->packs[1]->name));
	end(&f);
}

static void a_cut_or_changed_file_is_refused(void **state)
{
	struct ctx *c = *state;
	const enum hash_algo algos[] = {HASH_SHA1, HASH_SHA256};
	for (int k = 0; k < 2; k++) {
		struct fixture f = begin(c, algos[k]);
		struct midx m;
		for (size_t len = 0; len < f.file.len; len++)
			assert_err(c, midx_parse(c, algos[k], str_until(f.file, len), true, &m),
				ERR_CORRUPT);
		char *bytes = str_dup(c->arena, f.file);
		for (size_t i = 12; i < f.file.len; i++) {
			bytes[i] ^= 0x41;
			assert_err(c,
				midx_parse(c, algos[k], str_from(bytes, f.file.len), true, &m),
				ERR_CORRUPT);
			bytes[i] ^= 0x41;
		}
		assert_err(c, midx_parse(c, algos[!k], f.file, false, &m), ERR_CORRUPT);
		end(&f);
	}
}

static char *chunk_of(char *bytes, const char *name)
{
	const char *row = bytes + 12;
	while (memcmp(row, name, 4) != 0)
		row += 12;
	return bytes + get_be64(row + 4);
}

/* The file with other bytes at a place of a chunk (of the head, without a name); its hash is right. */
static struct str forged(
	struct ctx *c, struct str file, const char *chunk, size_t at, const char *value, size_t len)
{
	char *bytes = str_dup(c->arena, file);
	memcpy((chunk ? chunk_of(bytes, chunk) : bytes) + at, value, len);
	hash_once(HASH_SHA1, bytes, file.len - 20, (uint8_t *)bytes + file.len - 20);
	return str_from(bytes, file.len);
}

static void what_cannot_be_is_refused(void **state)
{
	struct ctx *c = *state;
	struct fixture f = begin(c, HASH_SHA1);
	struct midx m;
	const struct {
		const char *chunk;
		size_t at;
		const char *bytes;
		size_t len;
		enum err want;
	} cases[] = {
		{NULL, 0, "N", 1, ERR_CORRUPT},
		{NULL, 4, "\2", 1, ERR_CORRUPT},             /* version */
		{NULL, 5, "\2", 1, ERR_CORRUPT},             /* SHA-256 */
		{NULL, 6, "\4", 1, ERR_CORRUPT},             /* chunks */
		{NULL, 6, "\xff", 1, ERR_CORRUPT},           /* likewise */
		{NULL, 7, "\1", 1, ERR_UNSUPPORTED},         /* a chain */
		{NULL, 8, "\0\0\0\0", 4, ERR_CORRUPT},       /* packs */
		{NULL, 8, "\0\0\0\3", 4, ERR_CORRUPT},       /* more than are named */
		{NULL, 8, "\0\1\0\1", 4, ERR_TOO_BIG},       /* more than can be */
		{NULL, 12, "XXXX", 4, ERR_CORRUPT},          /* one chunk is missing */
		{NULL, 12, "OIDL", 4, ERR_CORRUPT},          /* and another is there twice */
		{"PNAM", 0, "q", 1, ERR_CORRUPT},            /* not in order */
		{"PNAM", 0, "\0", 1, ERR_CORRUPT},           /* without a name */
		{"OIDF", 0, "\0\0\0\x9", 4, ERR_CORRUPT},    /* goes back */
		{"OIDF", 1020, "\0\0\0\x9", 4, ERR_CORRUPT}, /* more than there are */
		{"OIDL", 0, "\xff\xff\xff", 3, ERR_CORRUPT}, /* not sorted */
		{"OOFF", 0, "\0\0\0\2", 4, ERR_CORRUPT},     /* in no pack */
		{"RIDX", 0, "\0\0\0\x8", 4, ERR_CORRUPT},    /* of nothing */
		{"RIDX", 28, "\xff\xff\xff\xff", 4, ERR_CORRUPT},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str bad = forged(
			c, f.file, cases[i].chunk, cases[i].at, cases[i].bytes, cases[i].len);
		assert_err(c, midx_parse(c, HASH_SHA1, bad, true, &m), cases[i].want);
	}
	end(&f);
}

/* Without hashes being checked, as a snapshot opens it: then each place is, when it is asked for. */
static void places_are_checked_when_they_are_read(void **state)
{
	struct ctx *c = *state;
	struct fixture f = begin(c, HASH_SHA1);
	struct midx m;
	uint32_t pack = 0;
	uint64_t offset = 0;
	struct str bad = forged(c, f.file, "OOFF", 0, "\0\0\0\2", 4);
	assert_ok(c, midx_parse(c, HASH_SHA1, bad, false, &m));
	assert_err(c, midx_place(c, &m, 0, &pack, &offset), ERR_CORRUPT);
	assert_ok(c, midx_place(c, &m, 1, &pack, &offset));
	/* The highest bit means something only where there are large offsets. */
	bad = forged(c, f.file, "OOFF", 4, "\x80\0\0\1", 4);
	assert_ok(c, midx_parse(c, HASH_SHA1, bad, false, &m));
	assert_ok(c, midx_place(c, &m, 0, &pack, &offset));
	assert_int_equal(offset, 0x80000001);
	m.large_offsets = (struct chunk_place){m.ids.at, 16};
	assert_ok(c, midx_place(c, &m, 0, &pack, &offset));
	assert_true(offset == get_be64(m.file.all + m.ids.at + 8));
	m.large_offsets.size = 8;
	assert_err(c, midx_place(c, &m, 0, &pack, &offset), ERR_CORRUPT);
	end(&f);
}

static enum err objects(struct ctx *c, const struct fixture *f, struct str file)
{
	struct midx m;
	struct pack *packs[PACKS];
	struct bitmap_objects o;
	assert_ok(c, midx_parse(c, f->algo, file, false, &m));
	TRY(midx_packs(c, &m, f->m->packs, PACKS, packs));
	TRY(bitmap_objects_of_midx(c, c->arena, &m, packs, &o));
	assert_int_equal(o.part_count, m.pack_count);
	for (uint32_t bit = 0; bit < o.ids.count; bit++) {
		struct place place = bitmap_objects_place(&o, bit);
		struct oid id = idx_oid(&place.pack->idx, place.position);
		assert_memory_equal(id.hash, bitmap_objects_hash(&o, bit), hash_size(f->algo));
		assert_int_equal(o.bit_of[o.order[bit]], bit);
	}
	return OK;
}

static void each_object_has_a_bit(void **state)
{
	struct ctx *c = *state;
	const enum hash_algo algos[] = {HASH_SHA1, HASH_SHA256};
	for (int k = 0; k < 2; k++) {
		struct fixture f = begin(c, algos[k]);
		assert_ok(c, objects(c, &f, f.file));
		end(&f);
	}
}

static void a_wrong_order_is_refused(void **state)
{
	struct ctx *c = *state;
	struct fixture f = begin(c, HASH_SHA1);
	char *order = chunk_of((char *)(uintptr_t)f.file.at, "RIDX");
	assert_err(c, objects(c, &f, forged(c, f.file, "RIDX", 0, "\0\0\0\x8", 4)), ERR_CORRUPT);
	assert_err(c, objects(c, &f, forged(c, f.file, "RIDX", 4, "\0\0\0\x8", 4)), ERR_CORRUPT);
	assert_err(c, objects(c, &f, forged(c, f.file, "RIDX", 4, order, 4)), ERR_CORRUPT);
	end(&f);
	struct midx m;
	struct bitmap_objects o;
	f = begin(c, HASH_SHA1);
	assert_ok(c, midx_parse(c, HASH_SHA1, f.file, false, &m));
	m.order.at = 0;
	assert_err(c, bitmap_objects_of_midx(c, c->arena, &m, f.m->packs, &o), ERR_UNSUPPORTED);
	end(&f);
}

/* Two packs of the same objects, under an index that has as many others. */
static void an_object_with_two_bits_is_refused(void **state)
{
	struct ctx *c = *state;
	struct odb_make *m = odb_make(c, HASH_SHA1);
	struct bitmap_objects o;
	enum { IDS = 0, PLACES = 80, ORDER = 112, SUM = 128 };
	uint8_t file[SUM + 20] = {0};
	odb_make_object(m, OBJECT_BLOB, STR("first here"));
	odb_make_object(m, OBJECT_BLOB, STR("last here"));
	odb_make_pack(m);
	odb_make_object(m, OBJECT_BLOB, STR("last here"));
	odb_make_object(m, OBJECT_BLOB, STR("first here"));
	odb_make_pack(m);
	memcpy(file + IDS, idx_hash(&m->packs[0]->idx, 0), 40);
	for (uint32_t bit = 0; bit < 4; bit++) {
		struct pack_order order;
		assert_ok(c, pack_order(c, m->packs[bit / 2], &order));
		put_be32(file + ORDER + 4 * bit, order.positions[bit % 2]);
	}
	const struct midx midx = {.algo = HASH_SHA1,
		.count = 4,
		.pack_count = 2,
		.ids = {IDS, 80},
		.places = {PLACES, 32},
		.order = {ORDER, 16},
		.file = {.size = sizeof file, .all = file}};
	assert_err(c, bitmap_objects_of_midx(c, c->arena, &midx, m->packs, &o), ERR_CORRUPT);
	odb_make_done(m);
}

/* The same pack by two names would be there twice. */
static void a_pack_has_one_name(void **state)
{
	struct ctx *c = *state;
	struct fixture f = begin(c, HASH_SHA1);
	struct midx m;
	struct pack *packs[PACKS];
	assert_ok(c, midx_parse(c, HASH_SHA1, f.file, false, &m));
	const char *name = f.m->packs[0]->name;
	const char *const wrong[] = {"%s", "pack-%s", "%s.idx", "pack-%s.pack"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct buf names = {.arena = c->arena};
		const char *mark = strstr(wrong[i], "%s");
		buf_bytes(&names, wrong[i], (size_t)(mark - wrong[i]));
		buf_cstr(&names, name);
		buf_bytes(&names, mark + 2, strlen(mark + 2) + 1);
		m.names = buf_view(&names);
		assert_err(c, midx_packs(c, &m, f.m->packs, PACKS, packs), ERR_NOT_FOUND);
	}
	end(&f);
}

/* ---- looking objects up by it */

enum { HOUSE_PACKS = 3, OF_EACH = 4 };

/* Three packs, and a fourth that the index is not of. */
struct house {
	struct bitmap_source source;
	struct odb_make *m;
	struct str file;
	struct oid ids[HOUSE_PACKS + 1][OF_EACH];
	struct extent *bytes;
	enum err fails;
	int opened;
};

static enum err house_open(struct ctx *c, struct bitmap_source *self, struct extent **bitmap)
{
	(void)self, (void)bitmap;
	return fail(c, ERR_NOT_FOUND, "nobody wants a bitmap here");
}

static enum err house_open_midx(struct ctx *c, struct bitmap_source *self, struct extent **midx)
{
	struct house *h = (struct house *)self;
	h->opened++;
	if (h->fails)
		return fail(c, h->fails, "this time not");
	*midx = h->bytes;
	return OK;
}

static void house_close(struct bitmap_source *self)
{
	(void)self;
}

static struct house *house(struct ctx *c)
{
	struct house *h = NEW(c->arena, struct house);
	struct memory_sink to = memory_sink(c->arena);
	*h = (struct house){
		.source = {house_open, house_open_midx, house_close}, .m = odb_make(c, HASH_SHA1)};
	for (int p = 0; p <= HOUSE_PACKS; p++) {
		for (int i = 0; i < OF_EACH; i++)
			h->ids[p][i] = odb_make_object(h->m, OBJECT_BLOB,
				str_of(arena_fmt(c->arena, "object %d of pack %d", i, p)));
		odb_make_pack(h->m);
	}
	assert_ok(c, midx_write(c, HASH_SHA1, h->m->packs, HOUSE_PACKS, &to.sink));
	h->file = buf_view(&to.bytes);
	return h;
}

static struct odb_reader offer(struct ctx *c, struct house *h, struct extent *bytes)
{
	struct odb_reader r;
	h->bytes = bytes;
	pack_offer_bitmap(h->m->packs[0], &h->source);
	odb_reader_init(c, &r, &h->m->odb);
	return r;
}

static struct odb_reader offer_file(struct ctx *c, struct house *h, struct str file)
{
	struct extent_bytes *bytes = NEW(c->arena, struct extent_bytes);
	extent_bytes_init(bytes, file.at, file.len);
	return offer(c, h, &bytes->extent);
}

static void find_all(struct ctx *c, struct house *h, struct odb_reader *r)
{
	struct place place;
	struct object o;
	bool found;
	for (int i = 0; i < OF_EACH; i++)
		for (int p = 0; p <= HOUSE_PACKS; p++) {
			assert_ok(c, odb_find(c, r, &h->ids[p][i], &place, &found));
			assert_true(found);
			assert_ptr_equal(place.pack, h->m->packs[p]);
			struct oid id = idx_oid(&place.pack->idx, place.position);
			assert_true(oid_eq(&id, &h->ids[p][i]));
			assert_ok(c, odb_read(c, r, &h->ids[p][i], &o));
		}
	struct oid other = oid_zero(HASH_SHA1);
	assert_ok(c, odb_find(c, r, &other, &place, &found));
	assert_false(found);
}

static void objects_of_several_packs_are_found_by_it(void **state)
{
	struct ctx *c = *state;
	struct house *h = house(c);
	struct odb_reader r = offer_file(c, h, h->file);
	find_all(c, h, &r);
	assert_int_equal(h->opened, 1);
	assert_ptr_equal(r.midx.midx->file.all, h->file.at);
	odb_make_done(h->m);
}

/* Not read whole, as a large one is not. */
static void and_far_away_by_windows(void **state)
{
	struct ctx *c = *state;
	struct house *h = house(c);
	struct far_extent *f = NEW(c->arena, struct far_extent);
	struct midx_packs m;
	far_extent_init(f, h->file.at, h->file.len);
	struct odb_reader r = offer(c, h, &f->bytes.extent);
	assert_ok(c, pack_midx(c, h->m->packs[0], h->m->packs, HOUSE_PACKS + 1, &m));
	assert_int_equal(far_asked(f), 1);
	((struct midx *)(uintptr_t)m.midx)->file.all = NULL;
	find_all(c, h, &r);
	assert_int_equal(far_asked(f), 1);
	/* The packs themselves say it too. */
	f->broken = true;
	find_all(c, h, &r);
	assert_null(r.midx.midx);
	odb_make_done(h->m);
}

static void one_that_cannot_be_had_is_done_without(void **state)
{
	struct ctx *c = *state;
	const enum err ways[] = {ERR_NOT_FOUND, ERR_UNAVAILABLE, OK};
	for (int i = 0; i < 3; i++) {
		struct house *h = house(c);
		struct odb_reader r = offer_file(c, h, str_until(h->file, ways[i] ? 1000 : 40));
		h->fails = ways[i];
		find_all(c, h, &r);
		odb_reader_init(c, &r, &h->m->odb);
		find_all(c, h, &r);
		assert_int_equal(h->opened, 1);
		assert_null(r.midx.midx);
		odb_make_done(h->m);
	}
}

static void one_of_a_pack_that_is_not_here_is_not_used(void **state)
{
	struct ctx *c = *state;
	struct house *h = house(c);
	struct odb_reader r = offer_file(c, h, h->file);
	find_all(c, h, &r);
	const struct odb fewer = {
		.algo = HASH_SHA1, .packs = h->m->packs + 1, .count = HOUSE_PACKS};
	struct place place;
	bool found;
	odb_reader_init(c, &r, &fewer);
	assert_ok(c, odb_find(c, &r, &h->ids[0][0], &place, &found));
	assert_false(found);
	assert_ok(c, odb_find(c, &r, &h->ids[2][0], &place, &found));
	assert_true(found);
	odb_make_done(h->m);
}

/* Looks for all, with readers that begin anew; the number of those that failed as damaged. */
static int find_with_lies(struct ctx *c, struct house *h)
{
	int damaged = 0;
	for (int p = 0; p <= HOUSE_PACKS; p++)
		for (int i = 0; i < OF_EACH; i++) {
			struct odb_reader r;
			struct place place;
			bool found = false;
			odb_reader_init(c, &r, &h->m->odb);
			enum err err = odb_find(c, &r, &h->ids[p][i], &place, &found);
			assert_true(!err || err == ERR_DAMAGED);
			damaged += err != OK;
			ctx_clear(c);
			if (!found)
				continue;
			struct oid id = idx_oid(&place.pack->idx, place.position);
			assert_true(oid_eq(&id, &h->ids[p][i]));
			assert_int_equal(
				idx_offset(&place.pack->idx, place.position), place.offset);
		}
	return damaged;
}

static void one_that_lies_is_damage_and_never_another_object(void **state)
{
	struct ctx *c = *state;
	const char *lies[] = {
		"\0\0\0\0\0\0\0\x0c", "\0\0\0\1\0\0\0\x0c", "\0\0\0\2\0\0\0\x0c", "\0\0\0\3"};
	int damaged = 0;
	for (size_t i = 0; i < 4; i++)
		for (size_t at = 0; at < HOUSE_PACKS * OF_EACH; at++) {
			struct house *h = house(c);
			struct str bad = forged(c, h->file, "OOFF", at * 8, lies[i], i < 3 ? 8 : 4);
			offer_file(c, h, bad);
			damaged += find_with_lies(c, h);
			odb_make_done(h->m);
		}
	/* What is in the pack that is asked first was never asked for here. */
	assert_in_range(damaged, 2 * HOUSE_PACKS * OF_EACH, 4 * HOUSE_PACKS * OF_EACH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_is_written_is_read),
		UNIT_TEST(packs_with_an_object_in_common_have_none),
		UNIT_TEST(a_pack_that_is_not_here_is_named),
		UNIT_TEST(a_cut_or_changed_file_is_refused),
		UNIT_TEST(what_cannot_be_is_refused),
		UNIT_TEST(places_are_checked_when_they_are_read),
		UNIT_TEST(each_object_has_a_bit),
		UNIT_TEST(a_wrong_order_is_refused),
		UNIT_TEST(an_object_with_two_bits_is_refused),
		UNIT_TEST(a_pack_has_one_name),
		UNIT_TEST(objects_of_several_packs_are_found_by_it),
		UNIT_TEST(and_far_away_by_windows),
		UNIT_TEST(one_that_cannot_be_had_is_done_without),
		UNIT_TEST(one_of_a_pack_that_is_not_here_is_not_used),
		UNIT_TEST(one_that_lies_is_damage_and_never_another_object),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "git/idx.h"

#include "unit.h"

#include "far_extent.h"
#include "odb_make.h"

enum { COUNT = 700 };

static const uint8_t pack_hash[HASH_MAX] = {7};

/* An index of COUNT made-up objects; the first `larges` lie past 2 GiB. */
static struct str make(struct ctx *c, enum hash_algo algo, struct idx_entry *entries, int larges)
{
	struct memory_sink out = memory_sink(c->arena);
	for (int i = 0; i < COUNT; i++) {
		entries[i] = (struct idx_entry){.id = oid_zero(algo),
			.offset = (uint64_t)i * 100 + (i < larges ? 1ull << 33 : 12),
			.crc = (uint32_t)i};
		hash_once(algo, &i, sizeof i, entries[i].id.hash);
	}
	assert_ok(c, idx_write(c, algo, entries, COUNT, pack_hash, &out.sink));
	return buf_view(&out.bytes);
}

static void what_is_written_is_found_again(void **state)
{
	struct ctx *c = *state;
	for (enum hash_algo algo = HASH_SHA1; algo <= HASH_SHA256; algo++) {
		struct idx_entry entries[COUNT];
		struct str bytes = make(c, algo, entries, 3);
		struct idx idx;
		assert_ok(c, idx_parse(c, algo, bytes, true, &idx));
		assert_int_equal(idx.count, COUNT);
		assert_memory_equal(idx.pack_hash, pack_hash, hash_size(algo));
		for (uint32_t i = 0; i < COUNT; i++) {
			uint32_t at = 0;
			assert_true(idx_find(&idx, &entries[i].id, &at));
			assert_int_equal(at, i);
			assert_int_equal(idx_offset(&idx, at), entries[i].offset);
			assert_int_equal(idx_crc(&idx, at), entries[i].crc);
			struct oid id = idx_oid(&idx, at);
			assert_true(oid_eq(&id, &entries[i].id));
		}
	}
}

static void what_is_not_there_is_not_found(void **state)
{
	struct ctx *c = *state;
	struct idx_entry entries[COUNT];
	struct idx idx;
	uint32_t at = 0;
	assert_ok(c, idx_parse(c, HASH_SHA1, make(c, HASH_SHA1, entries, 0), true, &idx));
	struct oid low = oid_zero(HASH_SHA1), high = low, other = oid_zero(HASH_SHA256);
	memset(high.hash, 0xff, 20);
	assert_false(idx_find(&idx, &low, &at));
	assert_false(idx_find(&idx, &high, &at));
	assert_false(idx_find(&idx, &other, &at));
	struct oid near = entries[5].id;
	near.hash[19]++;
	assert_false(idx_find(&idx, &near, &at));
}

static void prefixes_lead_to_the_first_id_at_or_after(void **state)
{
	struct ctx *c = *state;
	struct idx_entry entries[COUNT];
	struct idx idx;
	assert_ok(c, idx_parse(c, HASH_SHA1, make(c, HASH_SHA1, entries, 0), true, &idx));
	for (size_t digits = 0; digits <= 40; digits++) {
		uint32_t at = 0;
		assert_ok(c, idx_lower_bound(c, &idx, entries[300].id.hash, digits, &at));
		uint8_t cut[HASH_MAX] = {0};
		memcpy(cut, entries[300].id.hash, digits / 2);
		if (digits % 2)
			cut[digits / 2] = entries[300].id.hash[digits / 2] & 0xf0;
		assert_true(at <= 300 && memcmp(idx_hash(&idx, at), cut, 20) >= 0);
		assert_true(at == 0 || memcmp(idx_hash(&idx, at - 1), cut, 20) < 0);
	}
}

static void an_empty_index_is_one(void **state)
{
	struct ctx *c = *state;
	struct memory_sink out = memory_sink(c->arena);
	struct idx idx;
	uint32_t at = 0;
	struct oid id = oid_zero(HASH_SHA1);
	assert_ok(c, idx_write(c, HASH_SHA1, NULL, 0, pack_hash, &out.sink));
	assert_ok(c, idx_parse(c, HASH_SHA1, buf_view(&out.bytes), true, &idx));
	assert_false(idx_find(&idx, &id, &at));
}

static void any_cut_and_any_flip_is_corrupt(void **state)
{
	struct ctx *c = *state;
	struct idx_entry entries[COUNT];
	struct str whole = make(c, HASH_SHA1, entries, 2);
	struct idx idx;
	for (size_t len = 0; len < whole.len; len += 1 + whole.len / 200)
		assert_err(
			c, idx_parse(c, HASH_SHA1, str_until(whole, len), true, &idx), ERR_CORRUPT);
	for (size_t at = 0; at < whole.len; at += 1 + whole.len / 200) {
		char *bent = arena_strndup(c->arena, whole.at, whole.len);
		bent[at] ^= 0x41;
		assert_err(c, idx_parse(c, HASH_SHA1, str_from(bent, whole.len), true, &idx),
			ERR_CORRUPT);
	}
}

static void a_large_offset_past_its_table_is_no_place(void **state)
{
	struct ctx *c = *state;
	struct idx_entry entries[COUNT];
	struct str whole = make(c, HASH_SHA1, entries, 1);
	char *bent = arena_strndup(c->arena, whole.at, whole.len);
	struct idx idx;
	assert_ok(c, idx_parse(c, HASH_SHA1, str_from(bent, whole.len), false, &idx));
	size_t offsets = 8 + FANOUT_SIZE + COUNT * (20 + 4);
	put_be32(bent + offsets, 0x80000001);
	assert_true(idx_offset(&idx, 0) == UINT64_MAX);
}

enum { FAR_COUNT = 200000 };

/* An index of `count` objects, the id of each a hash of its number; every 1000th lies past 2 GiB. */
static struct idx_entry *make_far(
	struct ctx *c, struct far_extent *a, enum hash_algo algo, uint32_t count, struct idx *out)
{
	struct memory_sink to = memory_sink(c->arena);
	struct idx_entry *entries = NEW_ARRAY(c->arena, struct idx_entry, count);
	for (uint32_t i = 0; i < count; i++) {
		entries[i] = (struct idx_entry){
			.id = oid_zero(algo), .offset = i * 100 + (i % 1000 ? 12 : 1ull << 33)};
		hash_once(algo, &i, sizeof i, entries[i].id.hash);
	}
	assert_ok(c, idx_write(c, algo, entries, count, pack_hash, &to.sink));
	far_extent_init(a, to.bytes.at, to.bytes.len);
	assert_ok(c, idx_open(c, algo, &a->bytes.extent, out));
	return entries;
}

static void a_large_one_far_away_is_read_in_small_pieces(void **state)
{
	struct ctx *c = *state;
	struct far_extent *a = NEW(c->arena, struct far_extent);
	for (enum hash_algo algo = HASH_SHA1; algo <= HASH_SHA256; algo++) {
		struct idx idx;
		struct idx_hit hit;
		struct idx_entry *entries = make_far(c, a, algo, FAR_COUNT, &idx);
		size_t looks = 0, pieces = far_asked(a);
		assert_true(pieces <= 3);
		for (uint32_t i = 0; i < FAR_COUNT; i += 500, looks++) {
			assert_ok(c, idx_look_up(c, &idx, &entries[i].id, &hit));
			assert_true(hit.found);
			assert_int_equal(hit.position, i);
			assert_int_equal(hit.offset, entries[i].offset);
			struct oid near = entries[i].id, same;
			assert_ok(c, idx_oid_at(c, &idx, i, &same));
			assert_true(oid_eq(&near, &same));
			/* 4 of them are a piece of the offsets, which are asked for by 128 KiB. */
			size_t asked = far_asked(a);
			assert_true(asked <= 4 + 2 + (i % 1000 == 0));
			pieces += asked;
			near.hash[hash_size(algo) - 1] ^= 1;
			assert_ok(c, idx_look_up(c, &idx, &near, &hit));
			assert_false(hit.found);
			pieces += far_asked(a);
		}
		assert_true(pieces <= looks * 7);
		assert_null(idx.file.all);
		assert_ok(c, idx_whole(c, &idx));
		assert_ok(c, idx_look_up(c, &idx, &entries[77].id, &hit));
		assert_true(hit.found && hit.offset == entries[77].offset);
	}
}

static void ids_that_nobody_would_expect_are_found_far_away(void **state)
{
	struct ctx *c = *state;
	struct far_extent *a = NEW(c->arena, struct far_extent);
	struct idx idx;
	struct idx_hit hit;
	struct memory_sink to = memory_sink(c->arena);
	struct idx_entry *entries = NEW_ARRAY(c->arena, struct idx_entry, FAR_COUNT);
	/* All have one first byte, and most of them the next ones too. */
	for (uint32_t i = 0; i < FAR_COUNT; i++) {
		entries[i] = (struct idx_entry){.id = oid_zero(HASH_SHA1), .offset = i};
		put_be32(entries[i].id.hash + (i % 50 ? 16 : 1), i + 1);
		entries[i].id.hash[0] = 0xab;
	}
	assert_ok(c, idx_write(c, HASH_SHA1, entries, FAR_COUNT, pack_hash, &to.sink));
	far_extent_init(a, to.bytes.at, to.bytes.len);
	assert_ok(c, idx_open(c, HASH_SHA1, &a->bytes.extent, &idx));
	for (uint32_t i = 0; i < FAR_COUNT; i += i % 2000 ? 1999 : 1) {
		assert_ok(c, idx_look_up(c, &idx, &entries[i].id, &hit));
		assert_true(hit.found);
		assert_int_equal(hit.position, i);
	}
	struct oid low = oid_zero(HASH_SHA1), high = low;
	memset(high.hash, 0xff, 20);
	assert_ok(c, idx_look_up(c, &idx, &low, &hit));
	assert_false(hit.found);
	low.hash[0] = high.hash[0] = 0xab;
	assert_ok(c, idx_look_up(c, &idx, &low, &hit));
	assert_false(hit.found);
	assert_ok(c, idx_look_up(c, &idx, &high, &hit));
	assert_false(hit.found);
}

static void a_small_one_far_away_is_read_at_once(void **state)
{
	struct ctx *c = *state;
	struct far_extent *a = NEW(c->arena, struct far_extent);
	struct idx idx;
	make_far(c, a, HASH_SHA1, 1000, &idx);
	assert_non_null(idx.file.all);
	/* But for a page that has read so much of others. */
	c->afar = (struct afar){.bytes = 100000, .bytes_max = 100000};
	make_far(c, a, HASH_SHA1, 1000, &idx);
	assert_null(idx.file.all);
}

static void where_the_way_is_broken_that_is_the_error(void **state)
{
	struct ctx *c = *state;
	struct far_extent *a = NEW(c->arena, struct far_extent);
	struct idx idx;
	struct idx_hit hit;
	struct oid id;
	uint32_t at;
	struct idx_entry *entries = make_far(c, a, HASH_SHA1, FAR_COUNT, &idx);
	a->broken = true;
	assert_err(c, idx_look_up(c, &idx, &entries[9].id, &hit), ERR_UNAVAILABLE);
	assert_err(c, idx_lower_bound(c, &idx, entries[9].id.hash, 8, &at), ERR_UNAVAILABLE);
	assert_err(c, idx_oid_at(c, &idx, 9, &id), ERR_UNAVAILABLE);
	assert_err(c, idx_whole(c, &idx), ERR_UNAVAILABLE);
	assert_err(c, idx_open(c, HASH_SHA1, &a->bytes.extent, &idx), ERR_UNAVAILABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_is_written_is_found_again),
		UNIT_TEST(what_is_not_there_is_not_found),
		UNIT_TEST(prefixes_lead_to_the_first_id_at_or_after),
		UNIT_TEST(an_empty_index_is_one),
		UNIT_TEST(any_cut_and_any_flip_is_corrupt),
		UNIT_TEST(a_large_offset_past_its_table_is_no_place),
		UNIT_TEST(a_large_one_far_away_is_read_in_small_pieces),
		UNIT_TEST(ids_that_nobody_would_expect_are_found_far_away),
		UNIT_TEST(a_small_one_far_away_is_read_at_once),
		UNIT_TEST(where_the_way_is_broken_that_is_the_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

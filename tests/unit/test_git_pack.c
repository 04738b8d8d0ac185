#include "git/pack.h"

#include "unit.h"

#include "odb_make.h"

static void a_pack_tells_where_its_entries_lie(void **state)
{
	struct ctx *c = *state;
	struct odb_make *m = odb_make(c, HASH_SHA1);
	uint64_t offsets[40];
	for (int i = 0; i < 40; i++) {
		odb_make_object(m, OBJECT_BLOB, str_of(arena_fmt(c->arena, "blob %d", i)));
		offsets[i] = odb_make_last(m);
	}
	struct pack *p = odb_make_pack(m);
	struct pack_order order;
	assert_ok(c, pack_order(c, p, &order));
	for (uint32_t i = 0; i < 40; i++) {
		struct pack_entry entry;
		uint32_t at = 0, position = 0;
		uint64_t end = 0;
		assert_int_equal(idx_offset(&p->idx, order.positions[i]), offsets[i]);
		assert_int_equal(order.offsets[i], offsets[i]);
		assert_ok(c, pack_order_find(c, p, offsets[i], &at));
		assert_int_equal(at, i);
		assert_ok(c, pack_position_at(c, p, offsets[i], &position));
		assert_int_equal(position, order.positions[i]);
		assert_ok(c, pack_entry_end(c, p, position, &end));
		assert_int_equal(end, i < 39 ? offsets[i + 1] : p->bytes->size - 20);
		assert_ok(c, pack_entry_at(c, p, offsets[i], &entry));
		assert_int_equal(entry.type, OBJECT_BLOB);
		assert_int_equal(entry.size, i < 10 ? 6 : 7);
		assert_int_equal(entry.data, offsets[i] + 1);
	}
	uint32_t none = 0;
	struct pack_entry entry;
	assert_err(c, pack_position_at(c, p, offsets[3] + 1, &none), ERR_CORRUPT);
	assert_err(c, pack_entry_at(c, p, 0, &entry), ERR_CORRUPT);
	assert_err(c, pack_entry_at(c, p, p->bytes->size - 20, &entry), ERR_CORRUPT);
	assert_err(c, pack_entry_at(c, p, UINT64_MAX, &entry), ERR_CORRUPT);
	odb_make_done(m);
}

/* Opens a pack with one byte of it or of its index changed. */
static enum err open_bent(
	struct ctx *c, struct odb_make *m, struct str pack, struct str idx, struct pack **out)
{
	return pack_open(c, HASH_SHA1, odb_make_extent(m, pack), odb_make_extent(m, idx), out);
}

static void a_pack_and_an_index_of_another_are_refused(void **state)
{
	struct ctx *c = *state;
	struct odb_make *m = odb_make(c, HASH_SHA1);
	odb_make_object(m, OBJECT_BLOB, STR("text"));
	struct str pack = pack_make_end(&m->pack), idx = odb_make_idx(m, pack);
	struct pack *p = NULL;
	static const size_t places[] = {0, 7, 11};
	for (size_t i = 0; i < 3; i++) {
		char *bent = arena_strndup(c->arena, pack.at, pack.len);
		bent[places[i]] ^= 9;
		assert_err(c, open_bent(c, m, str_from(bent, pack.len), idx, &p), ERR_CORRUPT);
	}
	assert_err(c, open_bent(c, m, str_until(pack, pack.len - 1), idx, &p), ERR_CORRUPT);
	assert_err(c, open_bent(c, m, str_until(pack, 20), idx, &p), ERR_CORRUPT);
	assert_err(c, open_bent(c, m, pack, STR(""), &p), ERR_CORRUPT);
	assert_ok(c, open_bent(c, m, pack, idx, &p));
	assert_int_equal(strlen(p->name), 40);
	pack_ref(p);
	pack_unref(p);
	pack_unref(p);
}

static void headers_are_read_as_they_are_written(void **state)
{
	static const uint64_t sizes[] = {0, 15, 16, 2047, 2048, 1ull << 32, (1ull << 62) + 12345};
	struct ctx *c = *state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		uint8_t head[10];
		struct pack_entry entry;
		size_t len = pack_entry_header(OBJECT_TREE, sizes[i], head);
		assert_ok(c, pack_entry_parse(c, HASH_SHA1, str_from(head, len), 100, &entry));
		assert_int_equal(entry.type, OBJECT_TREE);
		assert_true(entry.size == sizes[i]);
		assert_int_equal(entry.data, 100 + len);
		for (size_t cut = 0; cut < len; cut++)
			assert_err(c,
				pack_entry_parse(c, HASH_SHA1, str_from(head, cut), 100, &entry),
				ERR_CORRUPT);
	}
}

static void headers_that_make_no_sense_are_corrupt(void **state)
{
	static const char *const bad[] = {"\x00", "\x50", "\x70", "\x60", "\x60\x7f\x7f",
		"\x60\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		("\xf5"
		 "1234567890")};
	struct ctx *c = *state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct pack_entry entry;
		size_t len = i ? strlen(bad[i]) : 1;
		assert_err(c, pack_entry_parse(c, HASH_SHA1, str_from(bad[i], len), 100, &entry),
			ERR_CORRUPT);
	}
	struct pack_entry entry;
	assert_ok(c, pack_entry_parse(c, HASH_SHA1, STR("\x60\x80\x00"), 200, &entry));
	assert_int_equal(entry.base_offset, 200 - 128);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_pack_tells_where_its_entries_lie),
		UNIT_TEST(a_pack_and_an_index_of_another_are_refused),
		UNIT_TEST(headers_are_read_as_they_are_written),
		UNIT_TEST(headers_that_make_no_sense_are_corrupt),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

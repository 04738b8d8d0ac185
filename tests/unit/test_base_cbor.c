#include "base/cbor.h"

#include "base/hex.h"

#include "unit.h"

static struct str hex(struct ctx *c, const char *digits)
{
	size_t len = strlen(digits) / 2;
	char *bytes = arena_raw(c->arena, len + 1);
	assert_true(hex_decode(digits, len, bytes));
	return str_from(bytes, len);
}

static enum err take(struct ctx *c, const char *digits, struct cbor *out)
{
	struct str rest = hex(c, digits);
	TRY(cbor_take(c, &rest, out));
	assert_int_equal(rest.len, 0);
	return OK;
}

/* RFC 8949, appendix A: what there is of the canonical form's kinds. */
static void integers_of_the_specification_are_read(void **state)
{
	struct ctx *c = *state;
	static const struct {
		const char *hex;
		int64_t value;
	} all[] = {{"00", 0}, {"01", 1}, {"0a", 10}, {"17", 23}, {"1818", 24}, {"1819", 25},
		{"1864", 100}, {"1903e8", 1000}, {"1a000f4240", 1000000},
		{"1b000000e8d4a51000", 1000000000000}, {"1b7fffffffffffffff", INT64_MAX},
		{"20", -1}, {"29", -10}, {"3863", -100}, {"3903e7", -1000},
		{"3b7fffffffffffffff", INT64_MIN}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct cbor v;
		assert_ok(c, take(c, all[i].hex, &v));
		assert_int_equal(v.kind, CBOR_INT);
		assert_true(v.integer == all[i].value);
	}
}

static void other_values_of_the_specification_are_read(void **state)
{
	struct ctx *c = *state;
	static const struct {
		const char *hex;
		enum cbor_kind kind;
		const char *text;
		uint64_t count;
	} all[] = {{"40", CBOR_BYTES, "", 0}, {"4401020304", CBOR_BYTES, "\1\2\3\4", 0},
		{"60", CBOR_TEXT, "", 0}, {"6161", CBOR_TEXT, "a", 0},
		{"6449455446", CBOR_TEXT, "IETF", 0}, {"62225c", CBOR_TEXT, "\"\\", 0},
		{"62c3bc", CBOR_TEXT, "\xc3\xbc", 0}, {"63e6b0b4", CBOR_TEXT, "\xe6\xb0\xb4", 0},
		{"80", CBOR_ARRAY, "", 0}, {"83010203", CBOR_ARRAY, "\1\2\3", 3},
		{"8301820203820405", CBOR_ARRAY, "\1\x82\2\3\x82\4\5", 3}, {"a0", CBOR_MAP, "", 0},
		{"a201020304", CBOR_MAP, "\1\2\3\4", 2}, {"f6", CBOR_NULL, "", 0}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct cbor v;
		assert_ok(c, take(c, all[i].hex, &v));
		assert_int_equal(v.kind, all[i].kind);
		assert_str(v.text, all[i].text);
		assert_int_equal(v.count, all[i].count);
	}
	struct cbor v;
	assert_ok(c, take(c, "f4", &v));
	assert_true(v.kind == CBOR_BOOL && v.integer == 0);
	assert_ok(c, take(c, "f5", &v));
	assert_true(v.kind == CBOR_BOOL && v.integer == 1);
}

static void what_is_not_canonical_is_refused(void **state)
{
	struct ctx *c = *state;
	static const char *const bad[] = {"", "1817", "190017", "1900ff", "1a0000ffff",
		"1b00000000ffffffff", "1bffffffffffffffff", "3bffffffffffffffff", "5800", "581700",
		"f97c00", "fa7f800000", "fb7ff0000000000000", "f7", "f0", "f818", "f8ff", "c000",
		"d74401020304", "5f42010243030405ff", "7f657374726561646d696e67ff", "9fff",
		"9f018202039f0405ffff", "bf61610161629f0203ffff", "ff", "1c", "1d", "1e", "1f",
		"5c", "9c", "bc", "61ff", "62c328", "63eda080"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct cbor v;
		assert_err(c, take(c, bad[i], &v), ERR_INVALID);
	}
}

static void what_is_cut_short_is_refused(void **state)
{
	struct ctx *c = *state;
	struct str whole = hex(c, "a4616101616243010203616382f5f66164a1036768656c6c6f7721");
	for (size_t len = 0; len <= whole.len; len++) {
		struct str rest = str_until(whole, len);
		struct cbor v;
		if (len < whole.len)
			assert_err(c, cbor_take(c, &rest, &v), ERR_INVALID);
		else
			assert_ok(c, cbor_take(c, &rest, &v));
	}
	static const char *const bad[] = {"18", "19ff", "1a00", "1b00000000000000", "41",
		"5affffffff00", "5bffffffffffffffff00", "7bffffffffffffffff00", "81", "9affffffff",
		"9bffffffffffffffff00", "a1", "a101", "bbffffffffffffffff00",
		"bb7fffffffffffffff00", "bb800000000000000000"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct cbor v;
		assert_err(c, take(c, bad[i], &v), ERR_INVALID);
	}
}

/* A million arrays, each in the one before. */
static void depth_costs_nothing(void **state)
{
	struct ctx *c = *state;
	enum { DEPTH = 1 << 20 };
	char *bytes = arena_raw(c->arena, DEPTH + 2);
	memset(bytes, (char)0x81, DEPTH);
	bytes[DEPTH] = 7;
	bytes[DEPTH + 1] = 9;
	struct str rest = str_from(bytes, DEPTH + 2);
	struct cbor v;
	assert_ok(c, cbor_take(c, &rest, &v));
	assert_int_equal(v.kind, CBOR_ARRAY);
	assert_int_equal(v.text.len, DEPTH);
	assert_str(rest, "\t");
	rest = str_from(bytes, DEPTH);
	assert_err(c, cbor_take(c, &rest, &v), ERR_INVALID);
}

static enum err read_map(struct ctx *c, const char *digits, struct cbor_map *out)
{
	struct cbor v;
	assert_ok(c, take(c, digits, &v));
	return cbor_map_read(c, &v, out);
}

static void a_map_is_asked_by_name_number_and_kind(void **state)
{
	struct ctx *c = *state;
	struct cbor_map map;
	/* {1: 2, -1: h'09', "a": [1], "1": true} */
	assert_ok(c, read_map(c, "a40102204109616181016131f5", &map));
	assert_int_equal(map.count, 4);
	assert_int_equal(cbor_by_number(&map, 1, CBOR_INT)->integer, 2);
	assert_str(cbor_by_number(&map, -1, CBOR_BYTES)->text, "\t");
	assert_int_equal(cbor_by_name(&map, "a", CBOR_ARRAY)->count, 1);
	assert_int_equal(cbor_by_name(&map, "1", CBOR_BOOL)->integer, 1);
	assert_null(cbor_by_number(&map, 1, CBOR_BYTES));
	assert_null(cbor_by_number(&map, 2, CBOR_INT));
	assert_null(cbor_by_name(&map, "b", CBOR_INT));
	assert_null(cbor_by_name(&map, "", CBOR_INT));
}

static void maps_with_odd_keys_are_refused(void **state)
{
	struct ctx *c = *state;
	struct cbor_map map;
	assert_err(c, read_map(c, "a201020103", &map), ERR_INVALID);
	assert_err(c, read_map(c, "a3616101616202616103", &map), ERR_INVALID);
	assert_err(c, read_map(c, "a1410102", &map), ERR_INVALID);
	assert_err(c, read_map(c, "a18002", &map), ERR_INVALID);
	assert_err(c, read_map(c, "a1f502", &map), ERR_INVALID);
	assert_err(c, read_map(c, "820102", &map), ERR_INVALID);
	assert_err(c, read_map(c, "01", &map), ERR_INVALID);
}

static void a_map_has_a_most_of_pairs(void **state)
{
	struct ctx *c = *state;
	char bytes[1 + 2 * (CBOR_PAIRS_MAX + 1)] = {0};
	struct cbor_map map;
	for (size_t pairs = CBOR_PAIRS_MAX; pairs <= CBOR_PAIRS_MAX + 1; pairs++) {
		bytes[0] = (char)(0xa0 | pairs);
		for (size_t i = 0; i < pairs; i++)
			bytes[1 + 2 * i] = (char)i;
		struct str rest = str_from(bytes, 1 + 2 * pairs);
		struct cbor v;
		assert_ok(c, cbor_take(c, &rest, &v));
		if (pairs == CBOR_PAIRS_MAX)
			assert_ok(c, cbor_map_read(c, &v, &map));
		else
			assert_err(c, cbor_map_read(c, &v, &map), ERR_TOO_BIG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(integers_of_the_specification_are_read),
		UNIT_TEST(other_values_of_the_specification_are_read),
		UNIT_TEST(what_is_not_canonical_is_refused),
		UNIT_TEST(what_is_cut_short_is_refused),
		UNIT_TEST(depth_costs_nothing),
		UNIT_TEST(a_map_is_asked_by_name_number_and_kind),
		UNIT_TEST(a_map_has_a_most_of_pairs),
		UNIT_TEST(maps_with_odd_keys_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

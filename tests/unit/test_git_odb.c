#include "git/odb.h"

#include "unit.h"

#include "odb_make.h"

static char *filled(struct arena *a, size_t len, unsigned seed)
{
	char *text = arena_raw(a, len);
	for (size_t i = 0; i < len; i++)
		text[i] = (char)((seed = seed * 1103515245 + 12345) >> 16);
	return text;
}

/* `base` with a text at its end, as a whole. */
static struct str appended(struct arena *a, struct str base, const char *text)
{
	struct buf b = {.arena = a};
	buf_str(&b, base);
	buf_cstr(&b, text);
	return buf_view(&b);
}

static void whole_objects_and_chains_of_deltas_are_read(void **state)
{
	struct ctx *c = *state;
	for (enum hash_algo algo = HASH_SHA1; algo <= HASH_SHA256; algo++) {
		struct odb_make *m = odb_make(c, algo);
		struct odb_reader r;
		struct str wholes[100];
		struct oid ids[100];
		wholes[0] = str_from(filled(c->arena, 2000, algo), 2000);
		ids[0] = odb_make_object(m, OBJECT_BLOB, wholes[0]);
		for (int i = 1; i < 100; i++) {
			const char *text = arena_fmt(c->arena, "change %d", i);
			struct str delta = delta_append(c->arena, wholes[i - 1].len, text);
			wholes[i] = appended(c->arena, wholes[i - 1], text);
			uint64_t at = i % 3 ? pack_make_ofs_delta(&m->pack, odb_make_last(m), delta)
					    : pack_make_ref_delta(&m->pack, &ids[i - 1], delta);
			ids[i] = odb_make_entry(m, at, OBJECT_BLOB, wholes[i]);
		}
		odb_make_pack(m);
		odb_reader_init(c, &r, &m->odb);
		for (int round = 0; round < 2; round++)
			for (int i = 99; i >= 0; i -= 7) {
				struct object o;
				enum object_type type = OBJECT_NONE;
				uint64_t size = 0;
				assert_ok(c, odb_read(c, &r, &ids[i], &o));
				assert_int_equal(o.type, OBJECT_BLOB);
				assert_true(str_eq(o.bytes, wholes[i]));
				assert_ok(c, odb_stat(c, &r, &ids[i], &type, &size));
				assert_int_equal(type, OBJECT_BLOB);
				assert_int_equal(size, wholes[i].len);
				assert_ok(c, odb_type(c, &r, &ids[i], &type));
				assert_int_equal(type, OBJECT_BLOB);
				struct memory_sink out = memory_sink(c->arena);
				assert_ok(c, odb_stream(c, &r, &ids[i], &out.sink));
				assert_true(str_eq(buf_view(&out.bytes), wholes[i]));
			}
		odb_make_done(m);
	}
}

static void an_object_over_the_cache_is_read_all_the_same(void **state)
{
	enum { BIG = 6 << 20 };
	struct ctx *c = *state;
	struct odb_make *m = odb_make(c, HASH_SHA1);
	struct odb_reader r;
	struct str base = str_from(filled(c->arena, BIG, 1), BIG);
	struct buf copies = {.arena = c->arena};
	struct oid base_id = odb_make_object(m, OBJECT_BLOB, base);
	/* Copies of 64 KiB from one place are as good as any. */
	for (size_t at = 0; at < BIG; at += 65536)
		buf_bytes(&copies, "\x80", 1);
	struct buf whole = {.arena = c->arena};
	for (size_t at = 0; at < BIG; at += 65536)
		buf_bytes(&whole, base.at, 65536);
	struct str delta = delta_make(c->arena, BIG, BIG, buf_view(&copies));
	uint64_t at = pack_make_ofs_delta(&m->pack, odb_make_last(m), delta);
	struct oid id = odb_make_entry(m, at, OBJECT_BLOB, buf_view(&whole));
	odb_make_pack(m);
	odb_reader_init(c, &r, &m->odb);
	struct object o;
	assert_ok(c, odb_read(c, &r, &id, &o));
	assert_true(str_eq(o.bytes, buf_view(&whole)));
	struct memory_sink out = memory_sink(c->arena);
	assert_ok(c, odb_stream(c, &r, &base_id, &out.sink));
	assert_int_equal(out.bytes.len, BIG);
	r.object_max = BIG - 1;
	assert_err(c, odb_read(c, &r, &id, &o), ERR_TOO_BIG);
	odb_make_done(m);
}

static void what_is_over_the_limit_of_memory_goes_through_scratch(void **state)
{
	struct ctx *c = *state;
	enum { SIZE = 20000, DEPTH = 9 };
	struct odb_make *m = odb_make(c, HASH_SHA1);
	struct odb_reader r;
	struct str whole = str_from(filled(c->arena, SIZE, 3), SIZE);
	odb_make_object(m, OBJECT_BLOB, whole);
	for (int i = 0; i < DEPTH; i++) {
		struct str delta = delta_append(c->arena, whole.len, "more");
		uint64_t at = pack_make_ofs_delta(&m->pack, odb_make_last(m), delta);
		whole = appended(c->arena, whole, "more");
		odb_make_entry(m, at, OBJECT_BLOB, whole);
	}
	struct oid big = m->entries.at[m->entries.len - 1].id;
	struct str head = str_until(whole, 16);
	struct str delta = delta_make(c->arena, whole.len, 16, STR("\x90\x10"));
	uint64_t at = pack_make_ofs_delta(&m->pack, odb_make_last(m), delta);
	struct oid small = odb_make_entry(m, at, OBJECT_BLOB, head);
	odb_make_pack(m);

	odb_reader_init(c, &r, &m->odb);
	r.object_max = SIZE - 1;
	struct object o;
	struct memory_sink out = memory_sink(c->arena);
	assert_err(c, odb_stream(c, &r, &big, &out.sink), ERR_TOO_BIG);
	assert_err(c, odb_read(c, &r, &small, &o), ERR_TOO_BIG);
	struct memory_spools spools = {{memory_make}, c->arena, 0};
	r.scratch = &spools.maker;
	r.scratch_max = whole.len - 1;
	assert_err(c, odb_stream(c, &r, &big, &out.sink), ERR_TOO_BIG);
	assert_int_equal(out.bytes.len, 0);
	r.scratch_max = whole.len;
	spools.made = 0;
	assert_ok(c, odb_stream(c, &r, &big, &out.sink));
	assert_true(str_eq(buf_view(&out.bytes), whole));
	assert_int_equal(spools.made, DEPTH);
	assert_ok(c, odb_read(c, &r, &small, &o));
	assert_true(str_eq(o.bytes, head));
	assert_err(c, odb_read(c, &r, &big, &o), ERR_TOO_BIG);
	odb_make_done(m);
}

static void what_is_missing_or_of_another_type_is_told(void **state)
{
	struct ctx *c = *state;
	struct odb_make *m = odb_make(c, HASH_SHA1);
	struct odb_reader r;
	struct object o;
	struct str bytes;
	bool here;
	struct oid none = oid_zero(HASH_SHA1), id = odb_make_object(m, OBJECT_BLOB, STR("x"));
	odb_make_pack(m);
	odb_reader_init(c, &r, &m->odb);
	assert_ok(c, odb_has(c, &r, &none, &here));
	assert_false(here);
	assert_ok(c, odb_has(c, &r, &id, &here));
	assert_true(here);
	assert_err(c, odb_read(c, &r, &none, &o), ERR_NOT_FOUND);
	assert_err(c, odb_read_as(c, &r, &id, OBJECT_TREE, &bytes), ERR_INVALID);
	assert_ok(c, odb_read_as(c, &r, &id, OBJECT_BLOB, &bytes));
	odb_make_done(m);
}

static void damage_is_corrupt_and_never_a_wrong_object(void **state)
{
	struct ctx *c = *state;
	struct odb_make *m = odb_make(c, HASH_SHA1);
	struct odb_reader r;
	struct object o;
	struct str base = STR("a base of some length, long enough to be copied from");
	odb_make_object(m, OBJECT_BLOB, base);
	uint64_t first = odb_make_last(m);
	struct oid missing = oid_zero(HASH_SHA1);
	missing.hash[3] = 1;
	struct str good = delta_append(c->arena, base.len, "!");
	struct oid bad[4];
	bad[0] = odb_make_entry(
		m, pack_make_ref_delta(&m->pack, &missing, good), OBJECT_BLOB, STR("0"));
	bad[1] = odb_make_entry(m,
		pack_make_ofs_delta(&m->pack, first, delta_append(c->arena, base.len + 1, "!")),
		OBJECT_BLOB, STR("1"));
	bad[2] = odb_make_entry(
		m, pack_make_ofs_delta(&m->pack, first + 1, good), OBJECT_BLOB, STR("2"));
	bad[3] = odb_make_entry(m,
		pack_make_entry(&m->pack, OBJECT_BLOB, 999, STR(""), STR("short")), OBJECT_BLOB,
		STR("3"));
	odb_make_pack(m);
	odb_reader_init(c, &r, &m->odb);
	for (size_t i = 0; i < 4; i++)
		assert_err(c, odb_read(c, &r, &bad[i], &o), ERR_DAMAGED);
	odb_make_done(m);
}

static void deltas_in_a_circle_end(void **state)
{
	struct ctx *c = *state;
	struct odb_make *m = odb_make(c, HASH_SHA1);
	struct odb_reader r;
	struct object o, a = {OBJECT_BLOB, STR("a")}, b = {OBJECT_BLOB, STR("b")};
	struct oid ids[2];
	object_hash(HASH_SHA1, &a, &ids[0]);
	object_hash(HASH_SHA1, &b, &ids[1]);
	for (int i = 0; i < 2; i++)
		odb_make_entry(m,
			pack_make_ref_delta(&m->pack, &ids[!i], delta_append(c->arena, 1, "!")),
			OBJECT_BLOB, i ? b.bytes : a.bytes);
	odb_make_pack(m);
	odb_reader_init(c, &r, &m->odb);
	assert_err(c, odb_read(c, &r, &ids[0], &o), ERR_DAMAGED);
	odb_make_done(m);
}

static void short_ids_find_one_object(void **state)
{
	struct ctx *c = *state;
	struct odb_make *m = odb_make(c, HASH_SHA1);
	struct odb_reader r;
	struct oid id = odb_make_object(m, OBJECT_BLOB, STR("x")), found;
	odb_make_pack(m);
	odb_make_object(m, OBJECT_BLOB, STR("x"));
	for (int i = 0; i < 2000; i++)
		odb_make_object(m, OBJECT_BLOB, str_of(arena_fmt(c->arena, "%d", i)));
	odb_make_pack(m);
	odb_reader_init(c, &r, &m->odb);
	char hex[OID_HEX_MAX];
	oid_hex(&id, hex);
	for (size_t len = 8; len <= 40; len++) {
		assert_ok(c, odb_find_prefix(c, &r, str_from(hex, len), &found));
		assert_true(oid_eq(&found, &id));
	}
	assert_err(c, odb_find_prefix(c, &r, str_from(hex, 3), &found), ERR_NOT_FOUND);
	assert_err(c, odb_find_prefix(c, &r, STR("12345678x"), &found), ERR_NOT_FOUND);
	assert_err(c, odb_find_prefix(c, &r, STR("00000000000000000000"), &found), ERR_NOT_FOUND);
	bool conflict = false;
	for (unsigned i = 0; i < 65536 && !conflict; i++)
		conflict = odb_find_prefix(c, &r, str_of(arena_fmt(c->arena, "%04x", i)), &found) ==
			   ERR_CONFLICT;
	assert_true(conflict);
	odb_make_done(m);
}

static void tags_and_paths_are_followed(void **state)
{
	struct ctx *c = *state;
	struct odb_make *m = odb_make(c, HASH_SHA1);
	struct odb_reader r;
	struct oid none = {0}, id, blob = odb_make_object(m, OBJECT_BLOB, STR("text"));
	struct oid inner = odb_make_tree(m, "100644 file", blob, NULL, none);
	struct oid tree = odb_make_tree(m, "40000 dir", inner, "100644 dir.txt", blob);
	struct oid commit = odb_make_commit(m, tree, NULL, 5), tag = commit;
	char hex[OID_HEX_MAX];
	for (int i = 0; i < 3; i++)
		tag = odb_make_object(m, OBJECT_TAG,
			str_of(arena_fmt(c->arena, "object %s\ntype %s\ntag t%d\n\n",
				oid_hex(&tag, hex), i ? "tag" : "commit", i)));
	odb_make_pack(m);
	odb_reader_init(c, &r, &m->odb);
	enum object_type type = OBJECT_NONE;
	assert_ok(c, odb_peel(c, &r, &tag, OBJECT_NONE, &id, &type));
	assert_true(type == OBJECT_COMMIT && oid_eq(&id, &commit));
	assert_ok(c, odb_peel(c, &r, &tag, OBJECT_TREE, &id, &type));
	assert_true(type == OBJECT_TREE && oid_eq(&id, &tree));
	assert_err(c, odb_peel(c, &r, &tag, OBJECT_BLOB, &id, &type), ERR_INVALID);
	struct tree_entry entry;
	assert_ok(c, odb_tree_path(c, &r, &tree, STR("dir/file"), &entry));
	assert_true(oid_eq(&entry.id, &blob));
	assert_ok(c, odb_tree_path(c, &r, &tree, STR(""), &entry));
	assert_true(oid_eq(&entry.id, &tree));
	assert_err(c, odb_tree_path(c, &r, &tree, STR("dir/other"), &entry), ERR_NOT_FOUND);
	assert_err(c, odb_tree_path(c, &r, &tree, STR("dir.txt/x"), &entry), ERR_NOT_FOUND);
	odb_make_done(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(whole_objects_and_chains_of_deltas_are_read),
		UNIT_TEST(an_object_over_the_cache_is_read_all_the_same),
		UNIT_TEST(what_is_over_the_limit_of_memory_goes_through_scratch),
		UNIT_TEST(what_is_missing_or_of_another_type_is_told),
		UNIT_TEST(damage_is_corrupt_and_never_a_wrong_object),
		UNIT_TEST(deltas_in_a_circle_end),
		UNIT_TEST(short_ids_find_one_object),
		UNIT_TEST(tags_and_paths_are_followed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

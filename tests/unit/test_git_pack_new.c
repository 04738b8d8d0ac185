/* git/pack_new.c: each object as a zlib stream behind its header, and a sum over all. */
#include "git/pack_new.h"

#include "unit.h"

#include "odb_make.h"

enum { LONG = 300000 };

/* Takes one entry off the pack, and holds it beside what went in. */
static void expect_entry(
	struct ctx *c, struct str *rest, enum object_type type, const void *content, size_t size)
{
	uint8_t head[10];
	size_t len = pack_entry_header(type, size, head), used;
	char *out = arena_alloc(c->arena, size + 1);
	assert_true(str_skip(rest, str_from(head, len)));
	assert_ok(c, zip_inflate(c, rest->at, rest->len, out, size, &used));
	assert_memory_equal(out, content, size);
	*rest = str_from_index(*rest, used);
}

static void a_pack_has_all_that_went_in(void **state)
{
	struct ctx *c = *state;
	static const enum hash_algo algos[] = {HASH_SHA1, HASH_SHA256};
	char *noise = arena_alloc(c->arena, LONG);
	uint32_t random = 7;
	for (size_t i = 0; i < LONG; i++)
		noise[i] = (char)((random = random * 1664525 + 1013904223) >> 24);
	for (size_t i = 0; i < 2; i++) {
		struct memory_sink to = memory_sink(c->arena);
		struct extent_bytes blob, tree, empty;
		struct pack_new p;
		uint8_t sum[HASH_MAX];
		extent_bytes_init(&blob, noise, LONG);
		extent_bytes_init(&tree, "tree", 4);
		extent_bytes_init(&empty, "", 0);
		assert_ok(c, pack_new_begin(c, &p, algos[i], 3, &to.sink));
		assert_ok(c, pack_new_object(c, &p, OBJECT_BLOB, &blob.extent));
		assert_ok(c, pack_new_object(c, &p, OBJECT_BLOB, &empty.extent));
		assert_ok(c, pack_new_object(c, &p, OBJECT_TREE, &tree.extent));
		assert_ok(c, pack_new_end(c, &p));
		pack_new_close(&p);
		struct str rest = buf_view(&to.bytes);
		size_t size = hash_size(algos[i]);
		hash_once(algos[i], rest.at, rest.len - size, sum);
		assert_memory_equal(rest.at + rest.len - size, sum, size);
		assert_true(str_skip(&rest, STR("PACK\0\0\0\2\0\0\0\3")));
		expect_entry(c, &rest, OBJECT_BLOB, noise, LONG);
		expect_entry(c, &rest, OBJECT_BLOB, "", 0);
		expect_entry(c, &rest, OBJECT_TREE, "tree", 4);
		assert_int_equal(rest.len, size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {UNIT_TEST(a_pack_has_all_that_went_in)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

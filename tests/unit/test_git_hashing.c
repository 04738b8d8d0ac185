#include "git/hashing.h"

#include "unit.h"

#include "odb_make.h"

static void what_passes_is_hashed_and_gathered(void **state)
{
	struct ctx *c = *state;
	for (enum hash_algo algo = HASH_SHA1; algo <= HASH_SHA256; algo++) {
		struct memory_sink to = memory_sink(c->arena);
		struct hashing h;
		uint8_t digest[HASH_MAX], expected[HASH_MAX];
		size_t len = 3 * HASHING_BUFFER + 17, size = hash_size(algo);
		char *bytes = arena_alloc(c->arena, len);
		for (size_t i = 0; i < len; i++)
			bytes[i] = (char)(i * 31);
		hashing_init(c, &h, algo, &to.sink);
		for (size_t at = 0, step = 1; at < len; at += step, step = step * 7 % 5000 + 1)
			assert_ok(c, sink_write(c, &h.sink, bytes + at,
					     len - at < step ? len - at : step));
		assert_int_equal(h.bytes, len);
		assert_ok(c, hashing_end(c, &h, digest));
		hash_once(algo, bytes, len, expected);
		assert_memory_equal(digest, expected, size);
		assert_int_equal(to.bytes.len, len + size);
		assert_memory_equal(to.bytes.at, bytes, len);
		assert_memory_equal(to.bytes.at + len, expected, size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {UNIT_TEST(what_passes_is_hashed_and_gathered)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

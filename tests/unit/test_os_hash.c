#include "base/hash.h"

#include "base/hex.h"
#include "unit.h"

static void assert_digest(enum hash_algo algo, const uint8_t *digest, const char *want)
{
	char hex[2 * HASH_MAX + 1] = {0};
	hex_encode(digest, hash_size(algo), hex);
	assert_string_equal(hex, want);
}

static void digests_are_those_of_fips_180(void **state)
{
	uint8_t digest[HASH_MAX];
	(void)state;
	hash_once(HASH_SHA1, "abc", 3, digest);
	assert_digest(HASH_SHA1, digest, "a9993e364706816aba3e25717850c26c9cd0d89d");
	hash_once(HASH_SHA1, NULL, 0, digest);
	assert_digest(HASH_SHA1, digest, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	hash_once(HASH_SHA256, "abc", 3, digest);
	assert_digest(HASH_SHA256, digest,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	hash_once(HASH_SHA256, "", 0, digest);
	assert_digest(HASH_SHA256, digest,
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void pieces_give_what_the_whole_gives(void **state)
{
	static const enum hash_algo algos[] = {HASH_SHA1, HASH_SHA256};
	char text[1000];
	(void)state;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)(i * 31);
	for (size_t a = 0; a < 2; a++) {
		struct hash h;
		uint8_t whole[HASH_MAX], pieces[HASH_MAX];
		hash_once(algos[a], text, sizeof text, whole);
		for (size_t step = 1; step < 200; step += 13) {
			hash_init(&h, algos[a]);
			for (size_t at = 0; at < sizeof text; at += step)
				hash_update(&h, text + at,
					at + step > sizeof text ? sizeof text - at : step);
			hash_final(&h, pieces);
			assert_memory_equal(whole, pieces, hash_size(algos[a]));
		}
	}
}

static void blocks_take_the_state_where_the_whole_takes_it(void **state)
{
	uint32_t h[5] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};
	uint8_t text[192] = {0}, whole[HASH_MAX], got[20];
	(void)state;
	for (size_t i = 0; i < 128; i++)
		text[i] = (uint8_t)(i * 31);
	hash_once(HASH_SHA1, text, 128, whole);
	/* The padding of 128 bytes: a bit, and their length in bits. */
	text[128] = 0x80;
	text[190] = 4;
	hash_sha1_blocks(h, text, 0);
	hash_sha1_blocks(h, text, 2);
	hash_sha1_blocks(h, text + 128, 1);
	for (size_t i = 0; i < 20; i++)
		got[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
	assert_memory_equal(got, whole, 20);
}

static void a_copy_of_the_state_goes_its_own_way(void **state)
{
	struct hash h, copy;
	uint8_t a[HASH_MAX], b[HASH_MAX];
	(void)state;
	hash_init(&h, HASH_SHA1);
	hash_update(&h, "a", 1);
	copy = h;
	hash_update(&h, "bc", 2);
	hash_final(&h, a);
	hash_update(&copy, "bc", 2);
	hash_final(&copy, b);
	assert_memory_equal(a, b, 20);
	assert_digest(HASH_SHA1, a, "a9993e364706816aba3e25717850c26c9cd0d89d");
}

static void secrets_are_compared_whole(void **state)
{
	(void)state;
	assert_true(bytes_equal_secret("abc", "abc", 3));
	assert_true(bytes_equal_secret("abc", "abd", 2));
	assert_true(bytes_equal_secret("", "", 0));
	assert_false(bytes_equal_secret("abc", "abd", 3));
	assert_false(bytes_equal_secret("abc", "bbc", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(digests_are_those_of_fips_180),
		UNIT_TEST(pieces_give_what_the_whole_gives),
		UNIT_TEST(blocks_take_the_state_where_the_whole_takes_it),
		UNIT_TEST(a_copy_of_the_state_goes_its_own_way),
		UNIT_TEST(secrets_are_compared_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

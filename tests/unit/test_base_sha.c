/* The portable SHA-1 and SHA-256 give what the host's give. */
#include "base/sha.h"

#include "unit.h"

static void it_hashes_as_the_host_does(void **state)
{
	struct ctx *c = *state;
	static const enum hash_algo algos[] = {HASH_SHA1, HASH_SHA256};
	uint8_t *bytes = arena_raw(c->arena, 1000);
	for (size_t i = 0; i < 1000; i++)
		bytes[i] = (uint8_t)(i * 31 + (i >> 3));
	for (size_t len = 0; len <= 1000; len++)
		for (int a = 0; a < 2; a++) {
			uint8_t want[HASH_MAX], got[HASH_MAX];
			struct sha h;
			size_t cut = len * 7 % (len + 1);
			hash_once(algos[a], bytes, len, want);
			sha_init(&h, algos[a]);
			sha_update(&h, bytes, cut);
			sha_update(&h, bytes + cut, len - cut);
			sha_final(&h, got);
			assert_memory_equal(got, want, hash_size(algos[a]));
		}
}

static void blocks_take_the_state_where_the_host_takes_it(void **state)
{
	(void)state;
	uint8_t blocks[3 * 64];
	uint32_t want[5] = {1, 2, 3, 4, 5}, got[5] = {1, 2, 3, 4, 5};
	for (size_t i = 0; i < sizeof blocks; i++)
		blocks[i] = (uint8_t)(i * 17);
	hash_sha1_blocks(want, blocks, 3);
	sha_sha1_blocks(got, blocks, 3);
	assert_memory_equal(got, want, sizeof want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(it_hashes_as_the_host_does),
		UNIT_TEST(blocks_take_the_state_where_the_host_takes_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

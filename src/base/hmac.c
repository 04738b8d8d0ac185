#include "base/hmac.h"

enum { BLOCK = 64 }; /* of SHA-1 as of SHA-256 */

static void hash_padded(enum hash_algo algo, const uint8_t block[BLOCK], struct str message,
	uint8_t digest[HASH_MAX])
{
	struct hash h;
	hash_init(&h, algo);
	hash_update(&h, block, BLOCK);
	hash_update(&h, message.at, message.len);
	hash_final(&h, digest);
}

void hmac(enum hash_algo algo, struct str key, struct str message, uint8_t digest[HASH_MAX])
{
	uint8_t block[BLOCK] = {0}, inner[HASH_MAX];
	if (key.len > BLOCK)
		hash_once(algo, key.at, key.len, block);
	else if (key.len)
		memcpy(block, key.at, key.len);
	for (size_t i = 0; i < BLOCK; i++)
		block[i] ^= 0x36;
	hash_padded(algo, block, message, inner);
	for (size_t i = 0; i < BLOCK; i++)
		block[i] ^= 0x36 ^ 0x5c;
	hash_padded(algo, block, str_from(inner, hash_size(algo)), digest);
}

void hmac_sha256(struct str key, struct str message, uint8_t digest[HASH_MAX])
{
	hmac(HASH_SHA256, key, message, digest);
}

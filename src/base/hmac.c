#include "base/hmac.h"

enum { BLOCK = 64 };

static void hash_padded(const uint8_t key[BLOCK], uint8_t pad, struct str message, uint8_t *digest)
{
	struct hash h;
	uint8_t block[BLOCK];
	for (size_t i = 0; i < BLOCK; i++)
		block[i] = key[i] ^ pad;
	hash_init(&h, HASH_SHA256);
	hash_update(&h, block, BLOCK);
	hash_update(&h, message.at, message.len);
	hash_final(&h, digest);
}

void hmac_sha256(struct str key, struct str message, uint8_t digest[HASH_MAX])
{
	uint8_t block[BLOCK] = {0}, inner[HASH_MAX];
	if (key.len > BLOCK)
		hash_once(HASH_SHA256, key.at, key.len, block);
	else if (key.len)
		memcpy(block, key.at, key.len);
	hash_padded(block, 0x36, message, inner);
	hash_padded(block, 0x5c, str_from(inner, hash_size(HASH_SHA256)), digest);
}

/*
 * OpenSSL's low-level calls, although deprecated: their state lives in the caller's memory, while
 * EVP allocates on every use, which for objects of a few hundred bytes costs more than the hashing.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/hash.h"

#include "base/err.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

union state {
	SHA_CTX sha1;
	SHA256_CTX sha256;
};

_Static_assert(sizeof(union state) <= sizeof((struct hash){0}.state), "struct hash has room");

static union state *state_of(struct hash *h)
{
	return (union state *)(void *)h->state;
}

void hash_init(struct hash *h, enum hash_algo algo)
{
	h->algo = algo;
	if (algo == HASH_SHA256) {
		ASSERT(SHA256_Init(&state_of(h)->sha256));
		return;
	}
	ASSERT(algo == HASH_SHA1);
	ASSERT(SHA1_Init(&state_of(h)->sha1));
}

void hash_update(struct hash *h, const void *bytes, size_t len)
{
	if (len == 0)
		return;
	if (h->algo == HASH_SHA256)
		ASSERT(SHA256_Update(&state_of(h)->sha256, bytes, len));
	else
		ASSERT(SHA1_Update(&state_of(h)->sha1, bytes, len));
}

void hash_final(struct hash *h, uint8_t digest[HASH_MAX])
{
	if (h->algo == HASH_SHA256)
		ASSERT(SHA256_Final(digest, &state_of(h)->sha256));
	else
		ASSERT(SHA1_Final(digest, &state_of(h)->sha1));
}

void hash_once(enum hash_algo algo, const void *bytes, size_t len, uint8_t digest[HASH_MAX])
{
	struct hash h;
	hash_init(&h, algo);
	hash_update(&h, bytes, len);
	hash_final(&h, digest);
}

void hash_sha1_blocks(uint32_t state[5], const void *blocks, size_t count)
{
	SHA_CTX sha1 = {
		.h0 = state[0], .h1 = state[1], .h2 = state[2], .h3 = state[3], .h4 = state[4]};
	ASSERT(SHA1_Update(&sha1, blocks, SHA_CBLOCK * count));
	state[0] = sha1.h0, state[1] = sha1.h1, state[2] = sha1.h2, state[3] = sha1.h3;
	state[4] = sha1.h4;
}

int bytes_equal_secret(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

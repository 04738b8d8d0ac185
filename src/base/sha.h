/*
 * SHA-1 and SHA-256 (FIPS 180-4) by the portable half itself, for a host that has no library for it: the browser's
 * module. Natively base/hash.h does it, and faster. Not for secrets. Caller's memory; one thread.
 */
#ifndef BASE_SHA_H
#define BASE_SHA_H

#include "base/hash.h"

struct sha {
	enum hash_algo algo;
	uint32_t state[8];
	uint64_t length;   /* bytes taken so far */
	uint8_t block[64]; /* of them the last length % 64 */
};

void sha_init(struct sha *h, enum hash_algo algo);
void sha_update(struct sha *h, const void *bytes, size_t len);
void sha_final(struct sha *h, uint8_t digest[HASH_MAX]);

/* As hash_sha1_blocks. */
void sha_sha1_blocks(uint32_t state[5], const void *blocks, size_t count);

#endif

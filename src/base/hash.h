/*
 * SHA-1 and SHA-256 by the host's fast implementation, HMAC-free and without collision detection.
 *
 * For what we trust or have received before. What arrives in a SHA-1 push is hashed by
 * git/sha1dc.h.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/str.h"

#include <stddef.h>
#include <stdint.h>

enum hash_algo { HASH_SHA1 = 1, HASH_SHA256 = 2 };

enum { HASH_MAX = 32 };

static inline size_t hash_size(enum hash_algo algo)
{
	return algo == HASH_SHA256 ? 32 : 20;
}

/* Caller's memory; one thread at a time. hash_init..hash_final may be repeated. */
struct hash {
	enum hash_algo algo;
	_Alignas(16) unsigned char state[240];
};

void hash_init(struct hash *h, enum hash_algo algo);
void hash_update(struct hash *h, const void *bytes, size_t len);
void hash_final(struct hash *h, uint8_t digest[HASH_MAX]);

/* The hash of one piece. */
void hash_once(enum hash_algo algo, const void *bytes, size_t len, uint8_t digest[HASH_MAX]);

/*
 * SHA-1 without beginning and end: the state goes through `count` blocks of 64 bytes. For
 * git/sha1dc.h, which looks at states in between.
 */
void hash_sha1_blocks(uint32_t state[5], const void *blocks, size_t count);

/* Takes as long for equal as for different bytes: for secrets. */
int bytes_equal_secret(const void *a, const void *b, size_t len);

static inline bool str_eq_secret(struct str a, struct str b)
{
	return a.len == b.len && bytes_equal_secret(a.at, b.at, a.len);
}

#endif

/*
 * The id of an object that comes from outside, from bytes in pieces: SHA-1 with collision
 * detection, or SHA-256. Caller's memory; one thread.
 */
#ifndef GIT_HASHER_H
#define GIT_HASHER_H

#include "base/ctx.h"
#include "git/object.h"
#include "git/sha1dc.h"

struct hasher {
	enum hash_algo algo;
	union {
		struct sha1dc sha1;
		struct hash sha256;
	};
};

/* Begins with the header of an object of exactly `size` bytes. */
void hasher_init(struct hasher *h, enum hash_algo algo, enum object_type type, uint64_t size);
void hasher_update(struct hasher *h, const void *bytes, size_t len);
/* ERR_INVALID when the bytes are part of a collision attack. */
enum err hasher_final(struct ctx *c, struct hasher *h, struct oid *out) MUST;

#endif

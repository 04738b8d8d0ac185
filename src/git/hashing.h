/* A sink that hashes what passes through it, in pieces of its own size. */
#ifndef GIT_HASHING_H
#define GIT_HASHING_H

#include "base/hash.h"
#include "base/stream.h"

/* As much as one side-band packet takes. */
enum { HASHING_BUFFER = 65515 };

/* Caller's memory, whose buffer lies in c->arena. One thread at a time. */
struct hashing {
	struct sink sink;
	struct sink *to;
	struct hash hash;
	uint64_t bytes; /* taken so far */
	uint8_t *buffer;
	size_t fill;
};

void hashing_init(struct ctx *c, struct hashing *h, enum hash_algo algo, struct sink *to);
/* Passes on what is held back. */
enum err hashing_flush(struct ctx *c, struct hashing *h) MUST;
/* Ends the stream with the hash of all that passed, as packs and indexes do; also into `digest`
 * unless NULL. */
enum err hashing_end(struct ctx *c, struct hashing *h, uint8_t digest[HASH_MAX]) MUST;

#endif

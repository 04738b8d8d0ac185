/*
 * SHA-1 that notices when its input is one half of a collision attack.
 *
 * Counter-cryptanalysis (M. Stevens): for each way in which such an attack can be built, compute
 * the message that the input would collide with and see whether it does. Both published attacks,
 * SHAttered and "SHA-1 is a Shambles", are found; a false alarm has a chance of about 2^-160 per
 * block.
 *
 * Everything received from outside goes through this. What we trust is hashed faster by
 * base/hash.h. Caller's memory, no allocation; one thread at a time uses a struct.
 */
#ifndef GIT_SHA1DC_H
#define GIT_SHA1DC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHA1DC_LANES = 4, SHA1DC_BUFFER = 64 * SHA1DC_LANES };

struct sha1dc {
	uint64_t length; /* bytes taken so far */
	uint32_t state[5];
	bool collision;
	uint8_t pending[SHA1DC_BUFFER]; /* the last length % SHA1DC_BUFFER bytes, not yet hashed */
};

void sha1dc_init(struct sha1dc *h);
void sha1dc_update(struct sha1dc *h, const void *bytes, size_t len);

/* False: the input is part of a collision attack, and `digest` must not be used as its name. */
bool sha1dc_final(struct sha1dc *h, uint8_t digest[20]) __attribute__((warn_unused_result));

#endif

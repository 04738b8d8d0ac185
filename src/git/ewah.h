/*
 * EWAH: sets of bits, compressed as git's bitmap files have them (gitformat-bitmap(5)): runs of
 * words that are all 0 or all 1, and literal words.
 */
#ifndef GIT_EWAH_H
#define GIT_EWAH_H

#include "base/bits.h"
#include "base/buf.h"

/* A view of one in a file. */
struct ewah {
	const uint8_t *at; /* words of 64 bits, big-endian */
	uint32_t words;
};

/* Cuts one off *rest. ERR_CORRUPT. */
enum err ewah_cut(struct ctx *c, struct str *rest, struct ewah *out) MUST;

/* Changes `to` by all bits of the set. ERR_CORRUPT when one is not below to->count. */
enum err ewah_xor(struct ctx *c, const struct ewah *e, struct bits *to) MUST;
enum err ewah_or(struct ctx *c, const struct ewah *e, struct bits *to) MUST;

/* Appends a set; of two, the bits that are in one of them only (`other` may be NULL). */
void ewah_append(struct buf *out, const struct bits *b, const struct bits *other);

#endif

/*
 * Deltas as packs hold them (gitformat-pack(5), "Deltified representation"): two sizes, then
 * instructions that copy from the base or bring new bytes.
 */
#ifndef GIT_DELTA_H
#define GIT_DELTA_H

#include "base/extent.h"
#include "base/str.h"
#include "base/stream.h"

/* The most bytes that the two sizes at the start of a delta take. */
enum { DELTA_SIZES_MAX = 20 };

/* Cuts the sizes of the base and of the result off *delta, which may be only its beginning.
 * ERR_CORRUPT. */
enum err delta_sizes(struct ctx *c, struct str *delta, uint64_t *base, uint64_t *result) MUST;

/*
 * Makes the result in out[0..out_len). ERR_CORRUPT unless the delta is for exactly this base and
 * this length, and all of it makes sense.
 */
enum err delta_apply(struct ctx *c, struct str base, struct str delta, void *out, size_t out_len)
	MUST;

/*
 * The same in bounded memory (about 8 KiB of stack), for what is too big to hold. The delta is read
 * to its end. ERR_TOO_BIG when it promises more than `max` bytes, before any is written;
 * ERR_CORRUPT maybe after some were; the errors of the three streams; ctx_check() in between.
 */
enum err delta_stream(struct ctx *c, struct extent *base, struct source *delta, uint64_t max,
	struct sink *to) MUST;

#endif

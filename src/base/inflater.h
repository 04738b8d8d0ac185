/*
 * zlib streams (RFC 1950, RFC 1951) inflated by the portable half itself, for a host that has no library for it: the
 * browser's module. Natively base/zip.h does it, and faster.
 *
 * What is damaged is refused as zlib refuses it. Nothing past the end of a stream is taken. Memory: the struct alone,
 * which is the caller's. One thread.
 */
#ifndef BASE_INFLATER_H
#define BASE_INFLATER_H

#include "base/zip.h"

enum {
	INFLATER_WINDOW = 32768,
	INFLATER_LITERALS = 288, /* symbols of literals and lengths, two of which nobody may use */
	INFLATER_DISTANCES = 32, /* likewise */
	INFLATER_LONGEST = 15,   /* bits of a code */
	INFLATER_FAST = 10,      /* bits that are looked up at once */
};

/* A Huffman code, in the canonical order of RFC 1951, 3.2.2. */
struct inflater_code {
	uint16_t count[INFLATER_LONGEST + 1]; /* symbols of each length */
	uint16_t symbols[INFLATER_LITERALS];  /* by their codes */
	uint16_t fast[1 << INFLATER_FAST];    /* symbol << 4 | length; 0: longer, or none */
	unsigned longest;
};

enum inflater_state {
	INFLATER_HEAD,
	INFLATER_BLOCK,
	INFLATER_STORED,
	INFLATER_COPY,
	INFLATER_COUNTS,
	INFLATER_CODE_LENGTHS,
	INFLATER_LENGTHS,
	INFLATER_SYMBOL,
	INFLATER_LITERAL,
	INFLATER_EXTRA,
	INFLATER_DISTANCE,
	INFLATER_FAR,
	INFLATER_MATCH,
	INFLATER_CHECK,
	INFLATER_END,
};

struct inflater {
	enum inflater_state state;
	bool last;                           /* this block is */
	uint64_t bits;                       /* read but not used, the next one lowest */
	unsigned have;                       /* of them */
	unsigned literals, distances, codes; /* of the block's tables */
	unsigned filled;                     /* lengths that have been read */
	unsigned symbol;                     /* what is being read */
	uint32_t length, distance;           /* of a match; length: of a stored block too */
	uint32_t sum[2];                     /* Adler-32 of what was given */
	uint32_t at, reach;                  /* of the window: the next byte's place, bytes there */
	uint8_t lengths[INFLATER_LITERALS + INFLATER_DISTANCES];
	struct inflater_code literal, distant;
	uint8_t window[INFLATER_WINDOW];
};

void inflater_init(struct inflater *z);
/* As inflate_step: *done at the end of the stream. ERR_CORRUPT on bad data. */
enum err inflater_step(struct ctx *c, struct inflater *z, struct zip_io *io, bool *done) MUST;

#endif

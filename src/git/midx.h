/*
 * Multi-pack indexes (gitformat-pack(5)): the sorted object ids of several packs, and for each the
 * pack that it is taken from and its offset there. With a reverse index, the order of bitmap bits.
 *
 * Views into bytes that the owner keeps; read by any number of threads. The bytes may be hostile.
 */
#ifndef GIT_MIDX_H
#define GIT_MIDX_H

#include "git/fanout.h"
#include "git/pack.h"

enum { MIDX_PACKS_MAX = 1 << 16 };

struct midx {
	struct fanout ids;
	uint32_t pack_count;
	struct str names;             /* of the packs' indexes, sorted, each with a NUL behind it */
	const uint8_t *places;        /* per object: number of the pack, offset */
	const uint8_t *large_offsets; /* NULL: the file has none */
	uint64_t large_count;
	const uint8_t
		*order; /* positions in ids, pack by pack by offset; NULL: the file has none */
	const uint8_t *checksum;
};

/* A whole file; hash, order and places are checked with `verify`. ERR_CORRUPT; ERR_UNSUPPORTED for
 * a link of a chain of files. */
enum err midx_parse(
	struct ctx *c, enum hash_algo algo, struct str bytes, bool verify, struct midx *out) MUST;

/* Where the object at a position below ids.count lies: *pack is below pack_count. ERR_CORRUPT. */
enum err midx_place(struct ctx *c, const struct midx *m, uint32_t position, uint32_t *pack,
	uint64_t *offset) MUST;

/* Finds each of its packs by name among `packs`; into out[0..pack_count). ERR_NOT_FOUND. */
enum err midx_packs(struct ctx *c, const struct midx *m, struct pack *const *packs, size_t count,
	struct pack **out) MUST;

/*
 * Writes the index of packs that have no object in common; packs[0] is the preferred one, whose
 * objects come first in the order of bits.
 * ERR_UNSUPPORTED when two have one.
 */
enum err midx_write(struct ctx *c, enum hash_algo algo, struct pack *const *packs, size_t count,
	struct sink *to) MUST;

#endif

/*
 * Multi-pack indexes (gitformat-pack(5)): the sorted object ids of several packs, and for each the
 * pack that it is taken from and its offset there. With a reverse index, the order of bitmap bits.
 *
 * Read by any number of threads. The bytes may be hostile.
 */
#ifndef GIT_MIDX_H
#define GIT_MIDX_H

#include "git/chunks.h"
#include "git/lookup.h"
#include "git/pack.h"

enum { MIDX_PACKS_MAX = 1 << 16 };

struct midx {
	struct lookup file;
	enum hash_algo algo;
	uint32_t count, pack_count;
	struct str names; /* of the packs' indexes, sorted, each with a NUL behind it */
	struct chunk_place fanout, ids;
	struct chunk_place places;               /* per object: number of the pack, offset */
	struct chunk_place large_offsets, order; /* `at` 0: the file has none */
	const uint8_t *fanout_table;
};

/* A whole file in memory that the caller keeps; hash, order and places are checked with `verify`.
 * ERR_CORRUPT; ERR_UNSUPPORTED for a link of a chain of files. */
enum err midx_parse(
	struct ctx *c, enum hash_algo algo, struct str bytes, bool verify, struct midx *out) MUST;
/*
 * One in an extent that the caller keeps open as long. Of a large one that lies far away only the
 * beginning is read. The same errors, and the extent's, here and in all that takes a context.
 */
enum err midx_open(struct ctx *c, enum hash_algo algo, struct extent *bytes, struct midx *out) MUST;
/* Makes all of it be here, for who needs most of it: midx_ids, midx_order and midx_checksum. */
enum err midx_whole(struct ctx *c, struct midx *m) MUST;

/* The sorted list. */
struct fanout midx_ids(const struct midx *m);
/* Positions in the list, four bytes each, pack by pack by offset; NULL: the file has none. */
const uint8_t *midx_order(const struct midx *m);
const uint8_t *midx_checksum(const struct midx *m);

/* Where the object at a position below count lies: *pack is below pack_count. ERR_CORRUPT. */
enum err midx_place(struct ctx *c, const struct midx *m, uint32_t position, uint32_t *pack,
	uint64_t *offset) MUST;
/* *found: is the id in one of the packs? */
enum err midx_look_up(struct ctx *c, const struct midx *m, const struct oid *id, uint32_t *position,
	bool *found) MUST;

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

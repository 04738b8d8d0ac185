/*
 * Pack indexes, version 2 (gitformat-pack(5)): sorted object ids, their CRCs and offsets.
 */
#ifndef GIT_IDX_H
#define GIT_IDX_H

#include "base/oid.h"
#include "base/stream.h"
#include "git/lookup.h"

/* An index. Read by any number of threads. */
struct idx {
	struct lookup file;
	enum hash_algo algo;
	uint32_t count;
	uint64_t large_count;
	const uint8_t *fanout;
	const uint8_t *pack_hash; /* the pack's trailer */
};

/* One in memory. Checks shape, sizes and the fan-out; the hashes with `verify`. ERR_CORRUPT. */
enum err idx_parse(
	struct ctx *c, enum hash_algo algo, struct str bytes, bool verify, struct idx *out) MUST;
/*
 * One in an extent that the caller keeps open as long. Of a large one that lies far away only the
 * ends are read. ERR_CORRUPT; the extent's errors, here and in all that takes a context.
 */
enum err idx_open(struct ctx *c, enum hash_algo algo, struct extent *bytes, struct idx *out) MUST;
/* Makes all of it be here, for who needs most of it: idx_find, and all that follows that. */
enum err idx_whole(struct ctx *c, struct idx *idx) MUST;

/* What is known of an id. */
struct idx_hit {
	bool found; /* false: it is not there, and the rest says nothing */
	uint32_t position;
	uint64_t offset; /* UINT64_MAX: a bad one */
};

enum err idx_look_up(
	struct ctx *c, const struct idx *idx, const struct oid *id, struct idx_hit *out) MUST;
/* The first position whose id is >= the hex-prefix given as bytes + number of digits: for short
 * ids. */
enum err idx_lower_bound(struct ctx *c, const struct idx *idx, const uint8_t *prefix, size_t digits,
	uint32_t *position) MUST;
/* The id at a position below count. */
enum err idx_oid_at(struct ctx *c, const struct idx *idx, uint32_t position, struct oid *out) MUST;

/* The position of an id in the sorted list; false when it is not there. */
bool idx_find(const struct idx *idx, const struct oid *id, uint32_t *position);
/* The sorted list. */
struct fanout idx_ids(const struct idx *idx);
struct oid idx_oid(const struct idx *idx, uint32_t position);
const uint8_t *idx_hash(const struct idx *idx, uint32_t position);
uint64_t idx_offset(const struct idx *idx, uint32_t position);
uint32_t idx_crc(const struct idx *idx, uint32_t position);

/* One object of a pack whose index is being made. */
struct idx_entry {
	struct oid id;
	uint64_t offset;
	uint32_t crc;
};

/* Sorts `entries` by id and writes the index of the pack whose trailer is pack_hash to `to`. */
enum err idx_write(struct ctx *c, enum hash_algo algo, struct idx_entry *entries, uint32_t count,
	const uint8_t *pack_hash, struct sink *to) MUST;

#endif

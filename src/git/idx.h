/*
 * Pack indexes, version 2 (gitformat-pack(5)): sorted object ids, their CRCs and offsets.
 */
#ifndef GIT_IDX_H
#define GIT_IDX_H

#include "base/extent.h"
#include "base/oid.h"
#include "base/stream.h"

/* A parsed index over bytes that the owner of the pack keeps. Read by any number of threads. */
struct idx {
	enum hash_algo algo;
	uint32_t count;
	const uint8_t *fanout, *ids, *crcs, *offsets, *large_offsets;
	uint64_t large_count;
	const uint8_t *pack_hash; /* the pack's trailer */
};

/* Checks shape, sizes and the fan-out; the hashes with `verify`. ERR_CORRUPT. */
enum err idx_parse(
	struct ctx *c, enum hash_algo algo, struct str bytes, bool verify, struct idx *out) MUST;

/* The position of an id in the sorted list; false when it is not there. */
bool idx_find(const struct idx *idx, const struct oid *id, uint32_t *position);
/* The first position whose id is >= the hex-prefix given as bytes + number of digits: for short
 * ids. */
uint32_t idx_lower_bound(const struct idx *idx, const uint8_t *prefix, size_t digits);
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

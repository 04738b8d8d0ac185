/*
 * Sorted object ids behind a fan-out table, as pack indexes, multi-pack indexes and commit-graphs
 * have them: 256 counts of the ids whose first byte is at most that.
 */
#ifndef GIT_FANOUT_H
#define GIT_FANOUT_H

#include "base/extent.h"
#include "base/hash.h"

enum { FANOUT_SIZE = 256 * 4 };

/*
 * Views into bytes that somebody else keeps. The ids may lie far away: then they are read from an
 * extent as they are looked at. Read by any number of threads.
 */
struct fanout {
	enum hash_algo algo;
	uint32_t count;
	const uint8_t *table, *ids; /* ids NULL: they are not here */
	struct extent *bytes;       /* where they are then, from `at` on */
	uint64_t at;
};

/* Checks that the counts do not go back; sets count. The ids are the caller's to set. ERR_CORRUPT. */
enum err fanout_parse(struct ctx *c, enum hash_algo algo, const uint8_t *table, struct fanout *out)
	MUST;
/* Checks that the ids are sorted and where the table says. ERR_CORRUPT. */
enum err fanout_verify(struct ctx *c, const struct fanout *f) MUST;

/* What follows is of ids that lie anywhere. ERR_CORRUPT, and the extent's errors. */

/* The id at a position below count. */
enum err fanout_id_at(struct ctx *c, const struct fanout *f, uint32_t position, const uint8_t **out)
	MUST;
/* The first position whose id is not below hash[0..hash_size). */
enum err fanout_bound(
	struct ctx *c, const struct fanout *f, const uint8_t *hash, uint32_t *position) MUST;
/* *found: is the id there, at *position? */
enum err fanout_look_up(struct ctx *c, const struct fanout *f, const uint8_t *hash,
	uint32_t *position, bool *found) MUST;

/* And this of ids that are here. */

const uint8_t *fanout_hash(const struct fanout *f, uint32_t position);
/* The first position whose id is not below hash[0..hash_size). */
uint32_t fanout_lower_bound(const struct fanout *f, const uint8_t *hash);
/* The position of an id; false when it is not there. */
bool fanout_find(const struct fanout *f, const uint8_t *hash, uint32_t *position);

#endif

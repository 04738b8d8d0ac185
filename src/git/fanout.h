/*
 * Sorted object ids behind a fan-out table, as pack indexes, multi-pack indexes and commit-graphs
 * have them: 256 counts of the ids whose first byte is at most that.
 */
#ifndef GIT_FANOUT_H
#define GIT_FANOUT_H

#include "base/ctx.h"
#include "base/hash.h"

enum { FANOUT_SIZE = 256 * 4 };

/* Views into bytes that somebody else keeps. Read by any number of threads. */
struct fanout {
	enum hash_algo algo;
	uint32_t count;
	const uint8_t *table, *ids;
};

/* Checks that the counts do not go back; sets count. The ids are the caller's to set. ERR_CORRUPT. */
enum err fanout_parse(struct ctx *c, enum hash_algo algo, const uint8_t *table, struct fanout *out)
	MUST;
/* Checks that the ids are sorted and where the table says. ERR_CORRUPT. */
enum err fanout_verify(struct ctx *c, const struct fanout *f) MUST;

/* The positions from *low on, before *high, of the ids with that first byte: the table alone says. */
void fanout_range(const struct fanout *f, uint8_t first, uint32_t *low, uint32_t *high);
const uint8_t *fanout_hash(const struct fanout *f, uint32_t position);
/* The first position whose id is not below hash[0..hash_size). */
uint32_t fanout_lower_bound(const struct fanout *f, const uint8_t *hash);
/* The position of an id; false when it is not there. */
bool fanout_find(const struct fanout *f, const uint8_t *hash, uint32_t *position);

#endif

/*
 * Packs that were made for somebody, for whoever asks for the same again or at the same time.
 *
 * An identical request (same repository, same version, same wants, haves, depth, filter …) is
 * answered from what is kept; while it is being made, all who ask for it read along. What is kept is
 * bounded in bytes and in age; a newer version of a repository drops what there is of older ones.
 * Safe for any number of threads.
 */
#ifndef CORE_PACK_CACHE_H
#define CORE_PACK_CACHE_H

#include "core/pack_tape.h"

struct pack_cache;

/* bytes_max: of packs kept, most of which lie in spools of the blob store; 0: only those who ask at
 * the same time share. age_max: microseconds. */
struct pack_cache *pack_cache_open(uint64_t bytes_max, int64_t age_max);
/* Nobody may be using it any more. Before the snapshots and the blob store. */
void pack_cache_close(struct pack_cache *cache);

/* Drops what is too old. `now`: world->monotonic(). */
void pack_cache_trim(struct pack_cache *cache, int64_t now);
/* Drops what there is of a repository. */
void pack_cache_drop(struct pack_cache *cache, int64_t repo_id);

/* What happened since it was opened. */
struct pack_cache_stats {
	uint64_t made, joined, hits; /* computed; read along; answered from what was there */
	uint64_t entries, bytes, memory;
};
struct pack_cache_stats pack_cache_stats(struct pack_cache *cache);

/* One request for a pack. */
struct pack_job {
	struct snapshot *snapshot;
	/* Nobody waits for it. Whoever asks for the same meanwhile makes it at their own pace, and
	 * this making ends: ERR_CANCELED. What is too large to be kept ends it too: ERR_TOO_BIG. */
	bool unattended;
	uint8_t key[HASH_MAX]; /* SHA-256 over all else that decides which bytes come out */
	enum err (*make)(
		struct ctx *c, struct pack_job *self, struct sink *to, struct pack_counts *counts);
	struct sink *progress; /* for a person to read while it is made; may be NULL */

	struct sink
		*notes; /* what `make` tells of its progress goes here, to all who wait for it */
};

/* Is it kept, or being made? Where nothing is kept for later, nothing is worth being made: true. */
bool pack_cache_holds(struct ctx *c, struct pack_cache *cache, const struct pack_job *job);

/*
 * Writes the pack to `to`: a kept one, one that is being made, or one that job->make makes now, of
 * which the client has each byte as soon as it takes it. While only that client reads, it is waited
 * for; while others read along, nobody waits for it, and the making goes on even when it has gone.
 * When making fails, its error is also that of all who read along.
 */
enum err pack_cache_send(struct ctx *c, struct core *core, struct pack_job *job, struct sink *to,
	struct pack_counts *counts) MUST;

#endif

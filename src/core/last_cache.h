/*
 * What was found to have changed last in a folder, kept in this process: as of the few commits
 * that were looked at lately, so that a look as of a newer one has to go back to these only.
 *
 * Safe for any number of threads. Bounded: a new answer takes the place of older ones.
 */
#ifndef CORE_LAST_CACHE_H
#define CORE_LAST_CACHE_H

#include "base/ctx.h"
#include "base/oid.h"
#include "base/str.h"

struct last_cache *last_cache_open(void);
void last_cache_close(struct last_cache *cache);

/* Answers that a folder has at most. */
enum { LAST_CACHE_WAYS = 4 };

struct last_answer {
	struct oid commit;
	struct str value;
};

/* The answers that are known of a folder, copied into c->arena; how many. `cache` may be NULL: none. */
size_t last_cache_get(struct ctx *c, struct last_cache *cache, struct str folder,
	struct last_answer out[LAST_CACHE_WAYS]);
void last_cache_put(struct last_cache *cache, struct str folder, const struct last_answer *answer);

#endif

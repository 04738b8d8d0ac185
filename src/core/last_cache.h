/*
 * What was found to have changed last in a folder, kept in this process: a page of a folder walks
 * history once for each commit, not for each visitor.
 *
 * Safe for any number of threads. Bounded: a new answer takes the place of an older one.
 */
#ifndef CORE_LAST_CACHE_H
#define CORE_LAST_CACHE_H

#include "base/ctx.h"
#include "base/str.h"

struct last_cache *last_cache_open(void);
void last_cache_close(struct last_cache *cache);

/* The answer, copied into c->arena; false where it is not known. `cache` may be NULL: it never is. */
bool last_cache_get(struct ctx *c, struct last_cache *cache, struct str key, struct str *value);
void last_cache_put(struct last_cache *cache, struct str key, struct str value);

#endif

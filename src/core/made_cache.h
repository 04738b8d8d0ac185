/*
 * What was made of objects lately, kept in this process: a file's spans, who wrote its lines, a folder's
 * languages.
 *
 * A key names all that the value rests on, so a value never becomes wrong. Safe for any number of threads.
 * Bounded: a new value takes the place of older ones.
 */
#ifndef CORE_MADE_CACHE_H
#define CORE_MADE_CACHE_H

#include "base/ctx.h"
#include "base/str.h"

/* Longer values are not kept. */
enum { MADE_VALUE_MAX = 1 << 20 };

struct made_cache *made_cache_open(void);
void made_cache_close(struct made_cache *cache);

/* A copy in c->arena, aligned as the arena aligns; false: there is none. `cache` may be NULL. */
bool made_cache_get(struct ctx *c, struct made_cache *cache, struct str key, struct str *out);
void made_cache_put(struct made_cache *cache, struct str key, struct str value);

#endif

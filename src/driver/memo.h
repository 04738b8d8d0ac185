/*
 * What a service answered lately, kept in memory for a short time: for drivers that would ask the same again
 * and again.
 *
 * Bounded: a new answer takes the place of one that ends sooner. A key is a SHA-256 of all that the answer
 * rests on, so no secret can be read from it. Safe for any number of threads.
 */
#ifndef DRIVER_MEMO_H
#define DRIVER_MEMO_H

#include "base/ctx.h"
#include "base/str.h"

enum { MEMO_KEY = 32, MEMO_VALUE_MAX = 4096 };

struct memo;

/* For at least `most` answers. */
struct memo *memo_open(size_t most);
void memo_close(struct memo *m);

/* A copy in c->arena; false: there is none, or its time has passed. */
bool memo_get(struct ctx *c, struct memo *m, const uint8_t key[MEMO_KEY], struct str *out);
/* Keeps it for so many milliseconds. One of more than MEMO_VALUE_MAX bytes is not kept. */
void memo_put(struct ctx *c, struct memo *m, const uint8_t key[MEMO_KEY], struct str value,
	int64_t milliseconds);
/* Forgets all. */
void memo_clear(struct memo *m);

#endif

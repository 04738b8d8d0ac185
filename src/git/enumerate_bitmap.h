/*
 * The same as enumerate_run finds, by a bitmap: for clones and big fetches.
 */
#ifndef GIT_ENUMERATE_BITMAP_H
#define GIT_ENUMERATE_BITMAP_H

#include "git/bitmap.h"
#include "git/enumerate.h"

enum { ENUMERATE_WALK_MAX = 500 };

/* Of all bitmaps that of the most objects; NULL where there is none. Those that are offered are opened. */
enum err enumerate_bitmap_of(struct ctx *c, const struct odb *odb, const struct bitmap **out) MUST;

/*
 * The bitmap to enumerate by; NULL where there is none, or none is of use: for shallow histories,
 * filters by size or path, and without a wanted commit.
 */
enum err enumerate_bitmap(struct ctx *c, const struct enumerate *e, const struct numbers *wanted,
	const struct bitmap **out) MUST;

/* Fills e->send for `wanted` commits when the other side has e->known; leaves e->commits as it is. */
enum err enumerate_by_bitmap(struct ctx *c, struct enumerate *e, const struct bitmap *b,
	const struct numbers *wanted) MUST;

#endif

/*
 * Making the bitmap of a pack, or of several, that hold all that some commits lead to.
 */
#ifndef GIT_BITMAP_WRITE_H
#define GIT_BITMAP_WRITE_H

#include "base/stream.h"
#include "git/bitmap.h"
#include "git/walk.h"

enum { BITMAP_TIPS_MAX = 20000 };

/* Set what is above the blank line, call bitmap_write. */
struct bitmap_write {
	struct graph *graph; /* its reader reads the packs */
	const struct bitmap_objects *objects;
	const struct numbers *tips;    /* commits that get an entry each: those that refs lead to */
	const struct numbers *commits; /* all that they lead to, newest first, as walk_new lists */
	bool lookup_table;             /* for git, which then need not read all entries */
	struct sink *to;

	uint32_t entries;
};

/*
 * Beside tips, many of the newest commits and ever fewer of the older ones get an entry. Reads each
 * tree about once. ERR_NOT_FOUND when something that they lead to is not among the objects.
 */
enum err bitmap_write(struct ctx *c, struct bitmap_write *w) MUST;

/* Which commits get an entry, oldest first: in `out`, which lies in an arena of the caller. */
enum err bitmap_select(struct ctx *c, const struct bitmap_write *w, struct numbers *out) MUST;

#endif

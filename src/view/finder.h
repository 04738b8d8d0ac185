/*
 * Finding a file by a few letters of its path: in the browser, over all paths of a revision.
 *
 * Letters match in their order, upper or lower case; what begins a word, follows the letter before or lies in the name
 * of the file counts for more. One pass over the paths, no index: 100,000 of them take some milliseconds.
 */
#ifndef VIEW_FINDER_H
#define VIEW_FINDER_H

#include "base/buf.h"

enum { FINDER_HITS_MAX = 20, FINDER_QUERY_MAX = 64 };

struct finder_hit {
	struct str path;
	int score;
	uint32_t at[FINDER_QUERY_MAX]; /* which bytes of it matched, ascending */
	size_t count;
};

/*
 * The best of `paths`, each of which ends in a NUL, best first; returns how many. Of a query longer than
 * FINDER_QUERY_MAX only so much counts, and spaces count for nothing. An empty one finds the first.
 */
size_t finder_find(struct str paths, struct str query, struct finder_hit hits[FINDER_HITS_MAX]);

/* The hits as the options of a listbox: links that begin with `base`: "/NAME/blob/REV/", encoded. */
void view_finder(struct buf *out, struct str base, const struct finder_hit *hits, size_t count);

#endif

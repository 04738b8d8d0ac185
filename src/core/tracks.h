/*
 * The lines beside a list of commits that show who is whose parent: `git log --graph`, as columns.
 *
 * Commits come in the order of the list, none before one that leads to it. Each open line waits in a
 * lane for its commit; a lane that ended is taken again, so that there are no more than lines at once.
 */
#ifndef CORE_TRACKS_H
#define CORE_TRACKS_H

#include "git/walk.h"
#include "model/browse.h"

struct tracks {
	struct arena *arena;
	VEC_OF(uint32_t) waits; /* of each lane the commit it waits for, plus 1; 0: it is free */
};

void tracks_init(struct tracks *l, struct arena *arena);
/* A line that comes from above the list, in the next lane. */
void tracks_open(struct tracks *l, uint32_t commit);
/* The next commit of the list. */
void tracks_next(struct tracks *l, uint32_t commit, const uint32_t *parents, size_t count,
	struct lane_row *out);

#endif

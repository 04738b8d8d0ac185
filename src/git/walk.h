/*
 * Walks over commits, newest first.
 */
#ifndef GIT_WALK_H
#define GIT_WALK_H

#include "git/graph.h"

/* A list of objects by number, for vec_push. {.arena = a} is an empty one. */
struct numbers {
	struct arena *arena;
	uint32_t *at;
	size_t len, cap;
};

struct queued {
	int64_t date;
	uint64_t turn;
	uint32_t number;
};

/*
 * A queue of commits that gives the newest first; of the same date, the one that came first.
 * {.heap.arena = a} is an empty one.
 */
struct commit_queue {
	VEC_OF(struct queued) heap;
	uint64_t pushed;
};

void commit_queue_push(struct commit_queue *q, uint32_t number, int64_t date);
/* False when it is empty. */
bool commit_queue_pop(struct commit_queue *q, uint32_t *number);

/*
 * Lists in *out (in the graph's arena), newest first, the commits that lead from `wants` (commits) and not from what is
 * marked MARK_KNOWN among `known` (commits). Commits that `known` leads to become MARK_KNOWN; with
 * dates that lie badly, not all of them: then the list is longer than it need be.
 * With `since` not 0, a commit older than it counts as known, and so does all that it leads to.
 */
struct walk_limits {
	int64_t since;
};
enum err walk_new(struct ctx *c, struct graph *g, const struct numbers *wants,
	const struct numbers *known, struct walk_limits limits, struct numbers *out) MUST;

/*
 * Does each of `from` lead to one of `to`? Looks no further back than the oldest of `to`, so that
 * the answer may be no where dates lie badly.
 */
enum err walk_all_reach(struct ctx *c, struct graph *g, const struct numbers *from,
	const struct numbers *to, bool *out) MUST;

#endif

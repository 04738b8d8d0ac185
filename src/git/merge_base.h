/*
 * Where two lines of history meet.
 *
 * Commits are numbers of a graph (git/graph.h), whose marks these functions leave alone. Dates only
 * say where to look first: the answers are right however clocks went, but for the counts (below).
 * Where all commits are in the commit-graph, its generations say where to look and when to stop.
 */
#ifndef GIT_MERGE_BASE_H
#define GIT_MERGE_BASE_H

#include "git/walk.h"

/*
 * All best common ancestors of two commits, newest first, as `git merge-base --all`: none of them
 * leads to another. Empty where histories have nothing in common. Into `out`, in the graph's arena.
 */
enum err merge_bases(struct ctx *c, struct graph *g, uint32_t a, uint32_t b, struct numbers *out)
	MUST;

/* Does `of` lead to `ancestor`? A commit leads to itself. */
enum err is_ancestor(struct ctx *c, struct graph *g, uint32_t ancestor, uint32_t of, bool *out)
	MUST;

/*
 * How many commits only `a` leads to, and how many only `b`. Where dates lie badly it may count a
 * few that both lead to, as git does; not so with generations.
 */
struct ahead_behind {
	size_t ahead, behind;
};
enum err ahead_behind(
	struct ctx *c, struct graph *g, uint32_t a, uint32_t b, struct ahead_behind *out) MUST;

/* The commits that `to` leads to and `from` does not, newest first: `git log from..to`. */
enum err commits_between(
	struct ctx *c, struct graph *g, uint32_t from, uint32_t to, struct numbers *out) MUST;

#endif

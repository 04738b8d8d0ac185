/*
 * Writing git's commit-graph, as `git commit-graph write --changed-paths` does, byte by byte.
 */
#ifndef GIT_COMMIT_GRAPH_WRITE_H
#define GIT_COMMIT_GRAPH_WRITE_H

#include "base/stream.h"
#include "git/commit_graph.h"
#include "git/walk.h"

/* Set what is above the blank line, call commit_graph_write. */
struct commit_graph_write {
	struct graph *graph;
	const struct numbers *commits;     /* each once, with all that they lead to, in any order */
	bool changed_paths;                /* filters too */
	const struct commit_graph *before; /* filters that it has are taken from it; may be NULL */
	struct sink *to;

	uint32_t filters_made; /* anew */
};

/*
 * Memory: about 60 bytes per commit, and the filters. ERR_NOT_FOUND for a commit whose parent is
 * not in the list.
 */
enum err commit_graph_write(struct ctx *c, struct commit_graph_write *w) MUST;

#endif

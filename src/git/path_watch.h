/*
 * What lies at one path, commit by commit: the question that a file's history and a folder's last
 * changes ask.
 *
 * Each commit is looked into once at most; not at all where its changed-path filter says that it
 * has there what its first parent has. Of several that surely have the same, where objects lie far
 * away, the one is looked into whose neighbour will be.
 */
#ifndef GIT_PATH_WATCH_H
#define GIT_PATH_WATCH_H

#include "git/graph.h"

struct path_seen {
	bool known;
	bool here;     /* it was read in this commit, not in one that surely has the same */
	uint32_t mode; /* as git compares them; 0: there is nothing */
	struct oid id;
};

struct path_watch {
	struct graph *graph;
	struct str path; /* "": the root tree */
	struct bloom_path keys;
	VEC_OF(struct path_seen) seen; /* by number in graph->commits */
};

/* `path` must live as long as the graph. */
void path_watch_init(struct path_watch *w, struct graph *g, struct str path);

/* What a commit has at the path. Leaves nothing in c->arena. */
enum err path_watch_at(struct ctx *c, struct path_watch *w, uint32_t number, struct path_seen *out)
	MUST;

/*
 * Leaps from a commit that has been read, as graph_leap does, to one that surely has the same there.
 * `leap` says how; what is sought is the path.
 */
enum err path_watch_leap(struct ctx *c, struct path_watch *w, uint32_t number,
	struct graph_leap *leap, uint32_t *out) MUST;

/* Has a commit the same there as its parent with that index? */
enum err path_watch_same(
	struct ctx *c, struct path_watch *w, uint32_t number, uint32_t parent, bool *out) MUST;

#endif

/*
 * What one request has learned of a repository's objects: a number for each, its type, marks, and
 * of commits the tree, the parents and the date.
 *
 * It owns an arena for all of that, so that whoever reads objects into c->arena may rewind it. One
 * thread at a time.
 */
#ifndef GIT_GRAPH_H
#define GIT_GRAPH_H

#include "base/vec.h"
#include "git/odb.h"
#include "git/oidmap.h"

/* Bytes that come from afar at once for who walks: commits and trees lie by kind and age. */
enum { GRAPH_AROUND = 128 << 10 };

/* Marks on an object. */
enum {
	MARK_KNOWN = 1 << 0,  /* the other side has it, with all that it leads to */
	MARK_SEND = 1 << 1,   /* is to be sent */
	MARK_SEEN = 1 << 2,   /* was queued, or its tree was walked */
	MARK_PARSED = 1 << 3, /* a commit whose parents are known here */
	MARK_GRAFT = 1 << 4,  /* a commit whose parents are not to be followed */
	MARK_WANTED = 1 << 5, /* was asked for by its id */
	MARK_REACH = 1 << 6,  /* leads to something sought: walk_all_reach */
	MARK_DONE = 1 << 7,   /* its tree has been walked as a whole */
};

struct node {
	uint8_t type; /* enum object_type; OBJECT_NONE: not known yet */
	uint8_t marks;
	uint16_t depth; /* of a tree below its root: the least at which it was walked */
	uint32_t
		commit; /* number in graph.commits, of a parsed commit; before that, where it is known, 1 +
			  * the position in the commit-graph */
};

struct commit_info {
	int64_t date; /* the committer's, seconds since 1970 */
	int64_t order; /* what walks go by: the corrected date where it is known; more than any of those,
			* by date, beside a commit-graph that has not this one; else the date */
	bool exact; /* it is known: `order` is more than that of each parent */
	uint32_t tree;
	uint32_t parents; /* the first one's place in graph.parents */
	uint32_t parent_count;
	uint32_t distance; /* free for the walk of the moment */
	uint32_t position; /* in the odb's commit-graph; GRAPH_NOWHERE: it is not there */
};

enum { GRAPH_NOWHERE = 0xffffffff };

struct graph {
	struct odb_reader *reader;
	struct commit_graph *all; /* the odb's; NULL: none, or it cannot be read */
	size_t looks;             /* at that */
	struct oidmap ids;
	struct arena arena;
	struct node **blocks;
	uint32_t block_cap;
	VEC_OF(struct commit_info) commits;
	VEC_OF(uint32_t) parents;
};

void graph_init(struct graph *g, struct odb_reader *reader);
void graph_done(struct graph *g);

/* ctx_check_with the graph's arena: for the loops that fill it. */
static inline MUST enum err graph_check(struct ctx *c, const struct graph *g)
{
	return ctx_check_with(c, &g->arena);
}

/* The number of an object, new or not, which need not exist. */
uint32_t graph_add(struct graph *g, const struct oid *id);
struct node *graph_node(const struct graph *g, uint32_t number);

static inline bool graph_has(const struct graph *g, uint32_t number, unsigned marks)
{
	return (graph_node(g, number)->marks & marks) != 0;
}

/* Sets marks; says whether none of them was there before. */
bool graph_mark(struct graph *g, uint32_t number, unsigned marks);
void graph_unmark_all(struct graph *g, unsigned marks);

/* The object's type, looked up where it is not known. ERR_NOT_FOUND. */
enum err graph_type(struct ctx *c, struct graph *g, uint32_t number, enum object_type *out) MUST;

/*
 * The commit, read where it has not been: from the odb's commit-graph if it is there. The pointer lasts until the next commit is read.
 * ERR_NOT_FOUND, ERR_INVALID when it is something else.
 */
enum err graph_commit(struct ctx *c, struct graph *g, uint32_t number, struct commit_info **out)
	MUST;

/* The position of a commit in the odb's commit-graph; GRAPH_NOWHERE: it is not there. */
uint32_t graph_position(struct ctx *c, struct graph *g, const struct oid *id);

/* The changed-path filter of a commit that has been read, against its first parent; false: it has
 * none. With the settings of the odb's commit-graph. */
bool graph_filter(struct ctx *c, struct graph *g, uint32_t number, struct str *out);
/* A path made ready for these filters, in the graph's arena. */
struct bloom_path graph_path(struct graph *g, struct str path);
/* Surely a commit that has been read has the same at a path as its first parent, by its filter. */
bool graph_unchanged(
	struct ctx *c, struct graph *g, uint32_t number, const struct bloom_path *path);

/*
 * A leap over commits of the commit-graph that a walk need not look at: from first parent to first
 * parent, while filters say that what is sought is the same. They do not become part of the graph.
 */
struct graph_leap {
	const struct bloom_path *path; /* what is sought; NULL: `same` knows */
	bool (*same)(const struct graph_leap *self, const struct bloom_settings *bloom,
		struct str filter);
	/* The walk has commits to look at first that are as new as this, by `order` or `by_date`. */
	int64_t newer;
	bool by_date;
	const uint32_t *stops; /* positions of commits to look at */
	size_t stop_count;
	size_t steps; /* at most; then: so many */
};
/* The commit, by number, to which it goes from one that has been read: that one where steps are 0. */
uint32_t graph_leap(struct ctx *c, struct graph *g, uint32_t number, struct graph_leap *leap);
/* Is all of the commit-graph here, so that a leap brings nothing from afar? */
bool graph_is_near(const struct graph *g);

/* The parents to follow: none of a graft. Valid until the next commit is read. */
const uint32_t *graph_parents(const struct graph *g, uint32_t number, uint32_t *count);

#endif

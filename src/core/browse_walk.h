/*
 * Walking history newest first, within a budget: what core/browse_*.c share.
 *
 * Caller's memory; walk_done frees what it holds. What it hands out lives until then, and what is
 * read in between lies in `scratch`, which is rewound by every walk_next.
 */
#ifndef CORE_BROWSE_WALK_H
#define CORE_BROWSE_WALK_H

#include "base/map.h"
#include "base/vec.h"
#include "core/browse.h"

struct walk_node {
	struct oid id, tree;
	int64_t date; /* of the committer */
	struct oid *parents;
	size_t parent_count;
	bool queued, added;
	uint64_t turn; /* when it was queued: of the same date, the first comes first */
	void *extra;   /* the user's */
};

struct walk {
	struct browse *browse;
	struct arena arena;   /* nodes */
	struct arena scratch; /* objects being looked at */
	struct arena_mark mark;
	struct ctx reading; /* the request's ctx, but with `scratch` */
	struct map seen;
	struct walk_node **heap;
	size_t count, cap;
	uint64_t turns;
	size_t steps, steps_max;
	int64_t until; /* world->monotonic() */
};

void walk_init(struct ctx *c, struct walk *w, struct browse *b, size_t steps, int64_t micros);
void walk_done(struct walk *w);
#define WALK __attribute__((cleanup(walk_done))) struct walk

/* Reads a commit, once; does not queue it. */
enum err walk_load(struct ctx *c, struct walk *w, const struct oid *id, struct walk_node **out)
	MUST;
/* Queues a commit once; *out (may be NULL) is its node, new or known. */
enum err walk_add(struct ctx *c, struct walk *w, const struct oid *id, struct walk_node **out) MUST;
/* Queues a node that walk_next gave before: clocks differ, so a parent may come before its child. */
void walk_again(struct walk *w, struct walk_node *node);
/* The newest of the queue; NULL when it is empty. */
struct walk_node *walk_next(struct walk *w);
/* Is the budget spent? */
bool walk_spent(struct ctx *c, const struct walk *w);

/* The mode and id of what is at `path` under a tree, all zero where there is nothing. "" is the tree.
 */
enum err walk_entry(struct ctx *c, struct walk *w, const struct oid *tree, struct str path,
	struct tree_entry *out) MUST;

/* The entry at `path` of a revision, whatever it is. ERR_NOT_FOUND. */
enum err browse_entry(struct ctx *c, struct browse *b, const struct revision *rev, struct str path,
	struct tree_entry *out) MUST;

/* A commit as a line of a list, in c->arena. */
enum err browse_line(struct ctx *c, struct browse *b, const struct oid *id, struct commit_line *out)
	MUST;

#endif

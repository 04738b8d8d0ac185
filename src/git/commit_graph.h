/*
 * Reading git's commit-graph (gitformat-commit-graph(5)): of each commit of a repository its tree,
 * parents, date and generation, and filters of the paths that it changed.
 *
 * Views into bytes that the owner keeps; read by any number of threads. The bytes may be hostile:
 * whatever is read from them is checked then.
 */
#ifndef GIT_COMMIT_GRAPH_H
#define GIT_COMMIT_GRAPH_H

#include "base/oid.h"
#include "git/bloom.h"
#include "git/fanout.h"

struct commit_graph {
	struct fanout ids;
	const uint8_t *data;                    /* per commit: tree, parents, level and date */
	const uint8_t *edges;                   /* parents from the third on */
	const uint8_t *offsets, *large_offsets; /* corrected dates; NULL: the file has none */
	const uint8_t *filter_ends, *filters;   /* NULL: the file has none */
	uint64_t edge_count, large_count, filter_bytes;
	struct bloom_settings bloom;
};

/*
 * A whole file; hashes, order and every commit are checked with `verify`. ERR_CORRUPT;
 * ERR_UNSUPPORTED for a link of a chain of files.
 */
enum err commit_graph_parse(struct ctx *c, enum hash_algo algo, struct str bytes, bool verify,
	struct commit_graph *out) MUST;

bool commit_graph_find(const struct commit_graph *g, const struct oid *id, uint32_t *position);
struct oid commit_graph_oid(const struct commit_graph *g, uint32_t position);

enum { COMMIT_GRAPH_PARENTS_MAX = 1 << 20 };

struct commit_graph_entry {
	struct oid tree;
	int64_t date;   /* the committer's, seconds since 1970 */
	uint32_t level; /* more than that of each parent */
	uint64_t
		generation; /* likewise: the corrected date where the file has it, else the level */
	uint32_t parent_count;
	uint32_t parents[2];  /* positions of the first two */
	const uint8_t *edges; /* of the others, from the second on where there are more than two */
};

/* The commit at a position below ids.count. ERR_CORRUPT. */
enum err commit_graph_get(struct ctx *c, const struct commit_graph *g, uint32_t position,
	struct commit_graph_entry *out) MUST;
/* The position of the parent with that index, below parent_count. */
uint32_t commit_graph_parent(const struct commit_graph_entry *e, uint32_t index);

/* The changed-path filter of a commit against its first parent, for bloom_may_hold with g->bloom;
 * false where there is none. */
bool commit_graph_filter(const struct commit_graph *g, uint32_t position, struct str *out);

#endif

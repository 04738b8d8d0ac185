/*
 * Reading git's commit-graph (gitformat-commit-graph(5)): of each commit of a repository its tree,
 * parents, date and generation, and filters of the paths that it changed.
 *
 * Read by any number of threads. The bytes may be hostile: whatever is read from them is checked
 * then. What is only derived from them, and whether their hash is right, is not (but with `verify`):
 * they make things faster, and lie where packs lie.
 */
#ifndef GIT_COMMIT_GRAPH_H
#define GIT_COMMIT_GRAPH_H

#include "base/oid.h"
#include "git/bloom.h"
#include "git/chunks.h"
#include "git/lookup.h"

struct commit_graph {
	struct lookup file;
	enum hash_algo algo;
	uint32_t count;
	struct chunk_place fanout, ids,
		data;             /* data: per commit its tree, parents, level and date */
	struct chunk_place edges; /* parents from the third on */
	struct chunk_place offsets, large_offsets; /* corrected dates; `at` 0: the file has none */
	struct chunk_place filter_ends, filters;   /* `at` 0: the file has none */
	struct bloom_settings bloom;
	const uint8_t *fanout_table;
};

/*
 * A whole file in memory that the caller keeps; hashes, order and every commit are checked with
 * `verify`. ERR_CORRUPT; ERR_UNSUPPORTED for a link of a chain of files.
 */
enum err commit_graph_parse(struct ctx *c, enum hash_algo algo, struct str bytes, bool verify,
	struct commit_graph *out) MUST;
/*
 * One in an extent that the caller keeps open as long. Of a large one that lies far away only the
 * beginning is read. The same errors, and the extent's, here and in all that takes a context.
 */
enum err commit_graph_open(
	struct ctx *c, enum hash_algo algo, struct extent *bytes, struct commit_graph *out) MUST;
/* Makes all of it be here, for who looks at many of its commits. */
enum err commit_graph_whole(struct ctx *c, struct commit_graph *g) MUST;
/* Is that as cheap as the next looks will be, for who has looked at so many? */
bool commit_graph_whole_pays(const struct commit_graph *g, size_t looks);
/*
 * Bytes of what lies behind the commits' rows, which are dates and filters: few for each, so that
 * who walks soon needs nearly all. 0: they are here, or are too many for that.
 */
size_t commit_graph_rest(const struct commit_graph *g);
enum err commit_graph_bring_rest(struct ctx *c, const struct commit_graph *g) MUST;

/* *found: is the commit there, at *position? */
enum err commit_graph_find(struct ctx *c, const struct commit_graph *g, const struct oid *id,
	uint32_t *position, bool *found) MUST;
/* The id at a position below count. */
enum err commit_graph_oid(
	struct ctx *c, const struct commit_graph *g, uint32_t position, struct oid *out) MUST;

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

/* The commit at a position below count. ERR_CORRUPT. */
enum err commit_graph_get(struct ctx *c, const struct commit_graph *g, uint32_t position,
	struct commit_graph_entry *out) MUST;
/* The same, but of the tree and, without `generation`, of what that is: for who goes over many. */
enum err commit_graph_pass(struct ctx *c, const struct commit_graph *g, uint32_t position,
	bool generation, struct commit_graph_entry *out) MUST;
/* The position of the parent with that index, below parent_count. */
uint32_t commit_graph_parent(const struct commit_graph_entry *e, uint32_t index);

/* The changed-path filter of a commit against its first parent, for bloom_may_hold with g->bloom;
 * empty where there is none. */
enum err commit_graph_filter(
	struct ctx *c, const struct commit_graph *g, uint32_t position, struct str *out) MUST;

#endif

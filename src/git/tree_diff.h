/* Which files differ between two trees. Equal sub-trees are never opened; no recursion. */
#ifndef GIT_TREE_DIFF_H
#define GIT_TREE_DIFF_H

#include "git/odb.h"

struct tree_change {
	struct str path;
	uint32_t old_mode, new_mode; /* 0: not there */
	struct oid old_id, new_id;
};

struct tree_changes {
	struct tree_change *at; /* in the order of a depth-first walk */
	size_t count;           /* <= the limit */
	size_t total;           /* how many there are; not counted beyond TREE_DIFF_COUNT_MAX */
	bool cut; /* what may come from afar was spent: there may be more (base/extent.h) */
};

enum { TREE_DIFF_DEPTH_MAX = 512, TREE_DIFF_COUNT_MAX = 200000 };

/*
 * `old` or `new` may be NULL: the empty tree. Lists the first `limit` changes. What became
 * something else (a file a folder or a link) is a deletion and an addition. ERR_TOO_BIG past the
 * depth.
 */
enum err tree_diff(struct ctx *c, struct odb_reader *r, const struct oid *old,
	const struct oid *new, size_t limit, struct tree_changes *out) MUST;

#endif

/*
 * Folders in which some files are changed: the tree objects that say so.
 *
 * Folders come into being with their first file and go away with their last. A file that stands where a
 * folder is wanted goes away for it: who does not want that looks before.
 */
#ifndef GIT_TREE_EDIT_H
#define GIT_TREE_EDIT_H

#include "git/merge_tree.h"

struct tree_put {
	struct str path;
	uint32_t mode; /* 0: it goes away, whether it was there or not */
	struct oid id;
};

struct tree_edited {
	struct oid tree;
	const struct merge_object *objects; /* new trees, each once; some may be there already */
	size_t object_count;
};

/* `tree` (NULL: the empty one) with all of these in it, no two of one path. ERR_CONFLICT: a file and a folder
 * would have one name. Lies in c->arena. */
enum err tree_edit(struct ctx *c, struct odb_reader *r, const struct oid *tree,
	const struct tree_put *puts, size_t count, struct tree_edited *out) MUST;

#endif

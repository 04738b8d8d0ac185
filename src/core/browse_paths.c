/* All files of a revision, by their paths alone. */
#include "core/browse.h"

#include "git/tree_diff.h"

enum err browse_paths(struct ctx *c, struct browse *b, const struct oid *commit, struct buf *out)
{
	struct oid tree;
	enum object_type type;
	struct tree_changes all;
	TRY(odb_peel(c, &b->reader, commit, OBJECT_TREE, &tree, &type));
	TRY(tree_diff(c, &b->reader, NULL, &tree, BROWSE_PATHS_MAX, &all));
	for (size_t i = 0; i < all.count; i++) {
		buf_str(out, all.at[i].path);
		buf_byte(out, 0);
	}
	return OK;
}

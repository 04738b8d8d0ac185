/* All files of a revision, by their paths alone. */
#include "core/browse.h"

#include "git/tree_diff.h"

enum { BYTES_MAX = 16 << 20 };

enum err browse_paths(struct ctx *c, struct browse *b, const struct oid *commit, struct buf *out,
	struct paths_part *part)
{
	struct oid tree;
	enum object_type type;
	struct tree_changes all;
	TRY(odb_peel(c, &b->reader, commit, OBJECT_TREE, &tree, &type));
	TRY(tree_diff(c, &b->reader, NULL, &tree, BROWSE_PATHS_MAX, &all));
	size_t count = 0;
	for (; count < all.count && out->len + all.at[count].path.len < BYTES_MAX; count++) {
		buf_str(out, all.at[count].path);
		buf_byte(out, 0);
	}
	*part = (struct paths_part){
		.count = count, .cut = all.cut || count < all.total, .too_far = all.cut};
	return OK;
}

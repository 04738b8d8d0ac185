#include "git/tree_edit.h"

#include "git/merge_parts.h"

enum err tree_edit(struct ctx *c, struct odb_reader *r, const struct oid *tree,
	const struct tree_put *puts, size_t count, struct tree_edited *out)
{
	struct merging m = {.reader = r};
	struct oid from;
	m.paths.arena = m.conflicts.arena = m.objects.arena = m.known.arena = c->arena;
	c->world->random(&m.known.seed, sizeof m.known.seed);
	if (tree)
		from = *tree;
	else
		merge_keep(&m, OBJECT_TREE, STR(""), &from);
	for (size_t i = 0; i < count; i++)
		*vec_push(&m.paths) = (struct merge_path){
			.path = puts[i].path, .result = {puts[i].mode, puts[i].id}};
	TRY(merge_write(c, &m, &from, &out->tree));
	if (m.conflicts.len)
		return fail(c, ERR_CONFLICT, "\"%.*s\" cannot be a file and a folder",
			STR_FMT(m.conflicts.at[0].path));
	/* The empty tree was only begun with, unless it is what is left. */
	size_t skip = !tree && !oid_eq(&from, &out->tree);
	out->objects = m.objects.at + skip;
	out->object_count = m.objects.len - skip;
	return OK;
}

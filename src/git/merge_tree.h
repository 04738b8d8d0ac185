/*
 * Merging two commits without a work tree: the tree that `git merge-tree --write-tree` makes.
 *
 * Contents are merged line by line, files that one side renamed are merged where they went; a history
 * that criss-crosses is merged upon a base that is merged itself. Folders are not followed where
 * they were renamed. What is new is kept in memory (result.objects): the caller writes it.
 */
#ifndef GIT_MERGE_TREE_H
#define GIT_MERGE_TREE_H

#include "git/graph.h"

#define MERGE_CONFLICTS(X)                                          \
	X(CONTENT, "both changed the same lines")                   \
	X(ADD_ADD, "both added it, with different content")         \
	X(MODIFY_DELETE, "one changed it, the other deleted it")    \
	X(RENAME_DELETE, "one renamed it, the other deleted it")    \
	X(RENAME_RENAME, "both renamed it, to different names")     \
	X(RENAME_ADD, "one renamed a file to what the other added") \
	X(BINARY, "both changed a file that has no lines")          \
	X(KIND, "both changed it, and not as files")                \
	X(MODE, "both changed its mode")                            \
	X(FILE_FOLDER, "a file here is a folder there")

enum merge_conflict_kind {
#define MERGE_KIND(kind, text) MERGE_##kind,
	MERGE_CONFLICTS(MERGE_KIND)
#undef MERGE_KIND
};

/* For a person: one of the texts above. */
const char *merge_conflict_text(enum merge_conflict_kind kind);

struct merge_conflict {
	enum merge_conflict_kind kind;
	struct str path;
};

struct merge_object {
	struct oid id;
	struct object object;
};

struct merge_result {
	struct oid tree; /* with conflicts: what could be merged, and markers where not */
	const struct merge_conflict *conflicts;
	size_t conflict_count;
	const struct merge_object *objects; /* new ones: trees and blobs, some of them passing */
	size_t object_count;
};

struct merge_names {
	const char *ours, *theirs; /* on the markers of conflicts */
};

enum { MERGE_PATHS_MAX = 200000, MERGE_DEPTH_MAX = 512, MERGE_BASES_MAX = 16 };

/* Two commits of g, upon their merge base. ERR_TOO_BIG past the caps. Lies in c->arena. */
enum err merge_commits(struct ctx *c, struct graph *g, uint32_t ours, uint32_t theirs,
	const struct merge_names *names, struct merge_result *out) MUST;

#endif

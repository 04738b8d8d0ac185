/*
 * Git objects as bytes, parsed in place: views into the caller's bytes, nothing copied.
 *
 * Formats: gitformat-pack(5), git-commit-tree(1), git-mktree(1). Parsing is tolerant where git is
 * when it reads history that exists; strictness on what arrives is git/fsck.h.
 */
#ifndef GIT_OBJECT_H
#define GIT_OBJECT_H

#include "base/ctx.h"
#include "base/oid.h"
#include "base/stream.h"

/* The numbers are those of the pack format. */
enum object_type {
	OBJECT_NONE = 0,
	OBJECT_COMMIT = 1,
	OBJECT_TREE = 2,
	OBJECT_BLOB = 3,
	OBJECT_TAG = 4,
	OBJECT_OFS_DELTA = 6,
	OBJECT_REF_DELTA = 7,
};

struct object {
	enum object_type type; /* never a delta */
	struct str bytes;
};

/* "commit", "tree", "blob", "tag"; and back: OBJECT_NONE for any other word. */
const char *object_type_name(enum object_type type);
enum object_type object_type_parse(struct str name);

/* The id of an object: the hash of "TYPE SIZE\0" and its bytes. */
void object_hash(enum hash_algo algo, const struct object *o, struct oid *out);

/* "Name <mail> seconds +hhmm". A malformed part is empty or 0. */
struct signature {
	struct str name, email;
	int64_t seconds;
	int offset_minutes;
};

struct commit {
	struct oid tree;
	struct oid *parents; /* in c->arena */
	size_t parent_count;
	struct signature author, committer;
	struct str encoding; /* empty: UTF-8 */
	struct str message;
};

enum err commit_parse(struct ctx *c, enum hash_algo algo, struct str bytes, struct commit *out)
	MUST;

/* The first line of a message, and what comes after the blank line. */
struct str message_subject(struct str message);
struct str message_body(struct str message);

struct tag {
	struct oid target;
	enum object_type target_type;
	struct str name;
	struct signature tagger; /* name empty where there is none */
	struct str message;
};

enum err tag_parse(struct ctx *c, enum hash_algo algo, struct str bytes, struct tag *out) MUST;

enum {
	MODE_TREE = 0040000,
	MODE_FILE = 0100644,
	MODE_EXECUTABLE = 0100755,
	MODE_SYMLINK = 0120000,
	MODE_GITLINK = 0160000
};

/* A mode as git compares it: of a file's permissions one counts, and old gits wrote others too. */
static inline uint32_t mode_plain(uint32_t mode)
{
	if ((mode & 0170000) != 0100000)
		return mode & 0170000;
	return mode & 0100 ? MODE_EXECUTABLE : MODE_FILE;
}

struct tree_entry {
	uint32_t mode;
	struct str name;
	struct oid id;
};

static inline bool tree_entry_is_tree(const struct tree_entry *e)
{
	return (e->mode & 0170000) == MODE_TREE;
}

static inline bool tree_entry_is_gitlink(const struct tree_entry *e)
{
	return (e->mode & 0170000) == MODE_GITLINK;
}

/* Cuts the next entry off *rest; *more false at the end. ERR_CORRUPT on a bad entry. */
enum err tree_next(struct ctx *c, enum hash_algo algo, struct str *rest, struct tree_entry *out,
	bool *more) MUST;

/* git's order of names in a tree, where a tree's name ends as if in '/'. */
int tree_name_cmp(struct str a, bool a_is_tree, struct str b, bool b_is_tree);

#endif

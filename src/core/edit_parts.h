/* The objects of an edit; for edit*.c alone. */
#ifndef CORE_EDIT_PARTS_H
#define CORE_EDIT_PARTS_H

#include "base/vec.h"
#include "git/odb.h"

struct edit_new {
	struct oid id;
	enum object_type type;
	struct extent *content;
};

/* Those that the repository does not have yet, each once. */
struct edit_objects {
	enum hash_algo algo;
	struct odb_reader *known;
	VEC_OF(struct edit_new) list;
};

/* `content` stays the caller's, and open. */
enum err edit_blob(struct ctx *c, struct edit_objects *o, struct extent *content, struct oid *id)
	MUST;
/* `id` may be NULL. */
enum err edit_object(
	struct ctx *c, struct edit_objects *o, const struct object *object, struct oid *id) MUST;

/* All of them as a pack, in a spool that the caller closes. */
enum err edit_pack(struct ctx *c, const struct edit_objects *o, struct spool_maker *spools,
	struct spool **out) MUST;

struct edit_words {
	struct oid tree;
	const struct oid *parent; /* NULL: it is a first one */
	struct str username, host;
	struct str message;
	int64_t now;
};
/* A commit's bytes: its message with '\n' alone, and one at its end. */
struct str edit_commit_text(struct ctx *c, const struct edit_words *words);

#endif

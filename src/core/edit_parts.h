/* The objects of an edit; for edit*.c alone. */
#ifndef CORE_EDIT_PARTS_H
#define CORE_EDIT_PARTS_H

#include "base/vec.h"
#include "core/push.h"
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

/* Receives all of them as the pack of this push; nothing where all are there. */
enum err edit_push(struct ctx *c, const struct edit_objects *o, struct push *push) MUST;

/* ERR_INVALID: it is none for a commit or a tag; ERR_TOO_BIG. */
enum err edit_message_check(struct ctx *c, struct str message) MUST;

struct edit_words {
	struct oid tree;
	const struct oid *parent; /* NULL: it is a first one */
	struct str username, host;
	struct str message;
	int64_t now;
};
/* A commit's bytes: its message with '\n' alone, and one at its end. */
struct str edit_commit_text(struct ctx *c, const struct edit_words *words);

struct edit_tag {
	struct oid of;
	enum object_type type; /* of what it is of */
	struct str name;       /* without refs/tags/ */
	struct str username, host;
	struct str message;
	int64_t now;
};
/* The same of an annotated tag. */
struct str edit_tag_text(struct ctx *c, const struct edit_tag *tag);

#endif

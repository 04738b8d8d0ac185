/*
 * The set of ids that objects name, each once, with the type that it must have.
 *
 * open/close: its memory is its own, because a set that grows in an arena would leave its former
 * selves there. One thread.
 */
#ifndef GIT_LINKS_H
#define GIT_LINKS_H

#include "base/ctx.h"
#include "git/object.h"

/* Ids that one set holds at most. */
enum { LINKS_MAX = 32 << 20 };

struct link {
	uint8_t hash[HASH_MAX];
	uint8_t type; /* enum object_type; OBJECT_NONE: the slot is free */
};

struct links {
	enum hash_algo algo;
	uint64_t seed;
	struct link *slots; /* cap of them, a power of two */
	size_t count, cap;
};

void links_init(struct links *l, enum hash_algo algo, uint64_t seed);
void links_done(struct links *l);

/* ERR_CORRUPT when the id was named as another type before; ERR_TOO_BIG over LINKS_MAX. */
enum err links_add(struct ctx *c, struct links *l, const struct oid *id, enum object_type type)
	MUST;

/* Adds what `o` names: a commit's tree and parents, a tree's entries but for gitlinks, a tag's
 * target. `like`: of a tree, the bytes of another one (or none) whose links need not be added again;
 * what both name in the same way is left out. ERR_CORRUPT on an object that cannot be read. */
enum err links_add_object(struct ctx *c, struct links *l, const struct object *o, struct str like)
	MUST;

#endif

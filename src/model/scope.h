/*
 * What a key is limited to, beside its permission and its time. A key can never do more than
 * whoever made it: a scope only takes away.
 *
 * It is told as JSON, the same in the API, in the database and in a minted key (model/minted.h):
 *
 *	{"repositories": ["team-*"], "refs": ["agent-*"], "paths": ["docs"],
 *	 "operations": ["repository.fetch", "ref.create"], "bytes": 1000000}
 *
 * What is left out is not limited. Values; their text belongs to whoever made them.
 */
#ifndef MODEL_SCOPE_H
#define MODEL_SCOPE_H

#include "model/operation.h"
#include "model/pattern.h"

struct scope {
	struct patterns repos; /* others do not exist for it */
	struct patterns refs;  /* what a push may make, move and remove; all can be read */
	struct patterns paths; /* the files that a push may change; all can be read */
	uint32_t operations;   /* a set of operation_bit; 0: all */
	int64_t bytes; /* how many may be sent and received through it in all; 0: any number */
};

enum { SCOPE_JSON_MAX = 64 << 10 };

/* The members of `object` that are known above; ERR_INVALID says what is wrong with them, and names
 * what is not known. NULL: nothing is limited. Its text lives as long as the JSON. */
enum err scope_from_json(struct ctx *c, const struct json *object, struct scope *out) MUST;
/* The same from text as scope_text gave it; "": nothing is limited. */
enum err scope_parse(struct ctx *c, struct str text, struct scope *out) MUST;
/* The object; and its members alone, into one that is begun. */
void scope_to_json(struct json_writer *w, const struct scope *scope);
void scope_members_to_json(struct json_writer *w, const struct scope *scope);
/* As a text, in the arena; "" where nothing is limited. */
struct str scope_text(struct arena *a, const struct scope *scope);

bool scope_is_empty(const struct scope *scope);

/* NULL is a scope that limits nothing. The arena is as before when they return. */
bool scope_has_repo(struct arena *a, const struct scope *scope, struct str name);
bool scope_has_ref(struct arena *a, const struct scope *scope, struct str name);
bool scope_has_path(struct arena *a, const struct scope *scope, struct str path);
/* Who may do something to a ref may push; who may push, and is told nothing of refs, may do all to
 * them. What is limited to some repositories, refs or paths is for no account and no instance, and what
 * is limited to refs or paths changes nothing of a whole repository (its settings, rules, who may what)
 * and does not delete it, unless it names these operations. */
bool scope_has_operation(const struct scope *scope, enum operation operation);

#endif

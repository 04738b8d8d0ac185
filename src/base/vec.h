/*
 * A growing array in an arena: declare `struct { VEC(type) }`-like with VEC_OF, use with vec_push.
 *
 *	VEC_OF(struct oid) wants = {.arena = c->arena};
 *	*vec_push(&wants) = id;
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include "base/arena.h"

#include <string.h>

#define VEC_OF(type)                 \
	struct {                     \
		struct arena *arena; \
		type *at;            \
		size_t len, cap;     \
	}

/* A pointer to one more, zeroed, element. */
#define vec_push(v)                                                                             \
	((v)->len == (v)->cap                                                                   \
			? ((v)->at = vec_grow((v)->arena, (v)->at, &(v)->cap, sizeof *(v)->at)) \
			: 0,                                                                    \
		(__typeof__((v)->at))memset(&(v)->at[(v)->len++], 0, sizeof *(v)->at))

void *vec_grow(struct arena *a, void *at, size_t *cap, size_t size);

#endif

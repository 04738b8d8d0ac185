#include "base/vec.h"

#include "base/err.h"

#include <stdint.h>

void *vec_grow(struct arena *a, void *at, size_t *cap, size_t size)
{
	size_t more = *cap ? *cap * 2 : 8;
	ASSERT(more <= SIZE_MAX / 2 / size);
	at = arena_grow(a, at, *cap * size, more * size);
	*cap = more;
	return at;
}

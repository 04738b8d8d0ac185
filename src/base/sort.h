/* Sorting of arrays: stable, n log n whatever the input. */
#ifndef BASE_SORT_H
#define BASE_SORT_H

#include "base/arena.h"

/* <0, 0, >0. `arg` is what the caller of sort_array gave. */
typedef int sort_cmp(const void *a, const void *b, const void *arg);

/*
 * Sorts `count` elements of `size` bytes. Needs as much again of `scratch`, and gives it back.
 */
void sort_array(
	struct arena *scratch, void *at, size_t count, size_t size, sort_cmp *cmp, const void *arg);

#endif

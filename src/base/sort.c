#include "base/sort.h"

#include <string.h>

enum { RUN = 8 };

struct sort {
	size_t size;
	sort_cmp *cmp;
	const void *arg;
};

static void sort_run(const struct sort *s, char *at, size_t count, char *spare)
{
	for (size_t i = 1; i < count; i++) {
		size_t to = i;
		while (to > 0 && s->cmp(at + (to - 1) * s->size, at + i * s->size, s->arg) > 0)
			to--;
		if (to == i)
			continue;
		memcpy(spare, at + i * s->size, s->size);
		memmove(at + (to + 1) * s->size, at + to * s->size, (i - to) * s->size);
		memcpy(at + to * s->size, spare, s->size);
	}
}

/* Merges a[0..a_count) and what follows it, b[0..b_count), into `to`. */
static void merge(const struct sort *s, const char *a, size_t a_count, size_t b_count, char *to)
{
	const char *b = a + a_count * s->size, *a_end = b, *b_end = b + b_count * s->size;
	while (a < a_end && b < b_end) {
		const char **from = s->cmp(a, b, s->arg) <= 0 ? &a : &b;
		memcpy(to, *from, s->size);
		*from += s->size;
		to += s->size;
	}
	memcpy(to, a, (size_t)(a_end - a));
	memcpy(to + (a_end - a), b, (size_t)(b_end - b));
}

void sort_array(
	struct arena *scratch, void *at, size_t count, size_t size, sort_cmp *cmp, const void *arg)
{
	if (count < 2)
		return;
	struct sort s = {size, cmp, arg};
	struct arena_mark mark = arena_mark(scratch);
	char *from = at, *to = arena_raw(scratch, count * size);
	for (size_t i = 0; i < count; i += RUN)
		sort_run(&s, from + i * size, count - i < RUN ? count - i : RUN, to);
	for (size_t width = RUN; width < count; width *= 2) {
		for (size_t i = 0; i < count; i += 2 * width) {
			size_t a = count - i < width ? count - i : width;
			size_t b = count - i - a < width ? count - i - a : width;
			merge(&s, from + i * size, a, b, to + i * size);
		}
		char *swap = from;
		from = to;
		to = swap;
	}
	if (from != at)
		memcpy(at, from, count * size);
	arena_rewind(scratch, mark);
}

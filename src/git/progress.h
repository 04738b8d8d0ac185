/*
 * "Counting objects: 1234" for the person who waits, in git's words, about twice a second.
 */
#ifndef GIT_PROGRESS_H
#define GIT_PROGRESS_H

#include "base/stream.h"

struct progress {
	struct sink *to; /* NULL: nobody wants to know */
	const char *title;
	uint64_t total; /* 0: not known, so no percentage */
	uint64_t count;
	int64_t next;
};

void progress_begin(struct ctx *c, struct progress *p, const char *title, uint64_t total);
enum err progress_tick(struct ctx *c, struct progress *p, uint64_t count) MUST;
enum err progress_end(struct ctx *c, struct progress *p, uint64_t count) MUST;

#endif

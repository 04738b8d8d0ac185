/*
 * What changed within a line that was changed: the bytes to highlight in the old and in the new one.
 *
 * Words, runs of white space and single other characters are compared, as people read code.
 */
#ifndef GIT_WORD_DIFF_H
#define GIT_WORD_DIFF_H

#include "base/ctx.h"
#include "base/str.h"

/* Bytes [at, at + len) of a line. */
struct word_span {
	uint32_t at, len;
};

struct word_spans {
	struct word_span *at; /* in order, apart from each other */
	size_t count;
};

enum { WORD_LINE_MAX = 2000, WORDS_MAX = 500 };

/*
 * Leaves both empty where highlights would not help: the lines are equal, have too little in common,
 * or are too long (the caps above).
 */
enum err word_diff(struct ctx *c, struct str old, struct str new, struct word_spans *in_old,
	struct word_spans *in_new) MUST;

#endif

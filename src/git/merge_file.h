/*
 * Merging three texts line by line: what `git merge-file` says, byte for byte.
 *
 * Pure; the result lies in c->arena.
 */
#ifndef GIT_MERGE_FILE_H
#define GIT_MERGE_FILE_H

#include "base/ctx.h"
#include "base/str.h"

enum merge_style { MERGE_STYLE_MERGE, MERGE_STYLE_DIFF3 };

struct merge_texts {
	struct str base, ours, theirs;
	const char *base_name, *our_name, *their_name; /* on the markers; NULL: none */
	enum merge_style style;
	int marker_size; /* 0: 7 */
	/* Conflicts with nothing but punctuation between them become one, as in git merge-file. */
	bool join_plain;
};

struct merged_text {
	struct str text;
	size_t conflicts;
};

/* ERR_TOO_BIG when a text has more than DIFF_LINES_MAX lines. */
enum err merge_texts(struct ctx *c, const struct merge_texts *in, struct merged_text *out) MUST;

#endif

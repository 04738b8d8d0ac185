/*
 * The difference between two texts, line by line.
 *
 * E. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), in linear space, with git's
 * escapes from texts that have little in common and git's taste of where a change begins: the
 * result is what `git diff` says, always a correct difference, seldom not the shortest.
 */
#ifndef GIT_DIFF_H
#define GIT_DIFF_H

#include "base/ctx.h"
#include "base/str.h"

/* A text cut into lines, each with its '\n' (but perhaps the last). */
struct text_lines {
	struct str *at;
	uint32_t count;
};

/* Old lines [old_at, old_at + old_count) become the new ones; both counts are not 0. From 0. */
struct diff_edit {
	uint32_t old_at, old_count, new_at, new_count;
};

struct diff_script {
	struct text_lines old, new;
	struct diff_edit *edits;
	size_t count;
};

enum { DIFF_LINES_MAX = 400000 };

/* ERR_TOO_BIG when a text has more than DIFF_LINES_MAX lines. */
enum err diff_lines(struct ctx *c, struct str old, struct str new, struct diff_script *out) MUST;

/*
 * The same, of which the caller says how: git's merge does not look at indentation. White space may not
 * count at all, as with `git diff -w`, or not at the ends of lines (--ignore-space-at-eol).
 */
enum { DIFF_BY_INDENT = 1, DIFF_NO_SPACE = 2, DIFF_NO_SPACE_AT_END = 4 };
enum err diff_texts(
	struct ctx *c, struct str old, struct str new, unsigned how, struct diff_script *out) MUST;

/* Cuts what both texts end in, in blocks, as git's blame does before it compares. */
void diff_cut_tail(struct str *old, struct str *new);

/* Edits first .. first+count-1 and the lines around them, as one hunk of a unified diff. From 0. */
struct diff_span {
	size_t first, count;
	uint32_t old_at, old_count, new_at, new_count;
};

/* Cuts the next hunk with `context` lines around it; *at (0 at first) counts edits. False: none. */
bool diff_next_span(
	const struct diff_script *s, uint32_t context, size_t *at, struct diff_span *out);

#endif

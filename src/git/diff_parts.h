/*
 * The steps of a difference between two texts: what git/diff*.c share.
 *
 * The caps, costs and weights are those of git, so that people see the same hunks here and there,
 * and blame says the same.
 */
#ifndef GIT_DIFF_PARTS_H
#define GIT_DIFF_PARTS_H

#include "git/diff.h"

/*
 * One text, as the search sees it: equal lines have equal numbers. A number of 0 is of lines that are none of those
 * which are searched: they may be equal to each other, by their texts.
 */
struct diff_side {
	struct text_lines text;
	uint32_t *class;  /* of each line */
	uint8_t *changed; /* a flag for each line: the result. [-1] and [count] are always 0 */
	uint32_t *kept;   /* the lines that the search looks at */
	int32_t kept_count;
};

/* Room for what the search finds out of a side that has its lines. */
void diff_side_begin(struct ctx *c, struct diff_side *s);

struct diff_job {
	struct diff_side old, new;
	uint32_t *in_old, *in_new; /* how often each class occurs */
};
/* Counts the classes, from 0. */
void diff_count(struct diff_job *j);
/* What changed, once both sides have lines, classes and counts. */
enum err diff_compare(struct ctx *c, struct diff_job *j, bool indent, struct diff_script *out) MUST;

static inline bool diff_same(const struct diff_side *s, uint32_t a, uint32_t b)
{
	return s->class[a] == s->class[b] && (s->class[a] || str_eq(s->text.at[a], s->text.at[b]));
}

/* Sets `changed` of kept lines on both sides so that what is left of both is the same. */
enum err diff_search(struct ctx *c, struct diff_side *old, struct diff_side *new) MUST;

/* Moves the runs of changed lines of `s` to where people expect them; `indent`: by indentation. */
void diff_slide(struct diff_side *s, struct diff_side *other, bool indent);

/* A power of two near the square root, as git takes it for its limits. */
static inline int32_t diff_root(int64_t n)
{
	int32_t root = 1;
	for (; n > 0; n >>= 2)
		root <<= 1;
	return root;
}

#endif

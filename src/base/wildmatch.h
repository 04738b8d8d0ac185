/*
 * git's wildcards as gitignore(5) tells them, of paths: "*" and "?" stop at a slash, "**" between
 * slashes does not, "[a-z]", "[!a]" and "[[:digit:]]" are classes, "\" takes the next byte as it is.
 *
 * A pattern is made into steps, and a match is the set of steps that may come next, moved on byte by
 * byte: nothing is tried twice, so that the time is at most that of both lengths multiplied.
 */
#ifndef BASE_WILDMATCH_H
#define BASE_WILDMATCH_H

#include "base/bits.h"
#include "base/str.h"

enum { WILDMATCH_MAX = 4096 }; /* bytes of a pattern, and so its steps at most */

struct wild_step;

struct wildmatch {
	const struct wild_step *steps;
	uint32_t count;
};

/*
 * Makes steps of a pattern of up to WILDMATCH_MAX bytes, in `a`. The first `literal` bytes are no
 * wildcards, and a "**" right behind them counts as one between slashes, as it does in git. What
 * cannot be read, such as a "[" that nothing ends, matches nothing.
 */
struct wildmatch wildmatch_make(struct arena *a, struct str pattern, size_t literal);

/* How many steps there are to be before: bits of a set of them. */
static inline uint32_t wildmatch_bits(const struct wildmatch *m)
{
	return m->count + 1;
}

/* A text being matched. Both sets have wildmatch_bits; `at` says how far it is. */
struct wild_run {
	struct bits at, next;
	uint64_t work; /* goes up with all that is done */
};

/* Before any text. */
void wildmatch_begin(const struct wildmatch *m, struct bits *at);
/* Takes more of the text; false when nothing that begins so can match. */
bool wildmatch_take(const struct wildmatch *m, struct wild_run *run, struct str text);

/* Does what was taken match? */
static inline bool wildmatch_ends(const struct wildmatch *m, const struct wild_run *run)
{
	return bits_has(&run->at, m->count);
}

#endif

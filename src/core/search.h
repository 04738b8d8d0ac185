/*
 * Searching the files of a revision, and their names: what a page shows at once, and goes on from.
 *
 * Files are looked at in the order of their paths, in groups whose blobs are read in the order in which they
 * lie in their packs. Whatever takes longer than the budget, the walk over folders too, is cut there, and says
 * where to go on. A regular expression has a budget of its own for each file.
 */
#ifndef CORE_SEARCH_H
#define CORE_SEARCH_H

#include "core/browse.h"
#include "model/search.h"

enum { SEARCH_WORDS_MIN = 2, SEARCH_WORDS_MAX = 200, SEARCH_PATH_MAX = 1000 };

struct search_query {
	struct str words; /* found as it stands … */
	bool exact_case;  /* … or in any case of a to z */
	bool regex;       /* it is a regular expression, found within a line (port/regex.h) */
	bool names_only;  /* in paths alone */
	struct str
		path; /* only in this folder, or of what a pattern such as "*.c" fits; empty: all */
	struct str after; /* only paths behind this one; empty: from the first */
	size_t files;     /* at most so many that have it */
	int64_t micros;   /* how long it may take */
};

/* ERR_INVALID: too short or too long a text, or no regular expression. All of it lies in c->arena. */
enum err search_files(struct ctx *c, struct browse *b, const struct revision *rev,
	const struct search_query *query, struct search *out) MUST;

#endif

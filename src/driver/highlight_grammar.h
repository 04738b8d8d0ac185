/* What the drivers' files for highlighting share: grammars, and what their queries say. */
#ifndef DRIVER_HIGHLIGHT_GRAMMAR_H
#define DRIVER_HIGHLIGHT_GRAMMAR_H

#include "model/highlight.h"

#include <regex.h>
#include <stdbool.h>
#include <tree_sitter/api.h>

/* A row of what cmake/grammars.cmake found; the last has no name. */
struct grammar {
	const char *name;
	const TSLanguage *(*language)(void);
	const unsigned char *query;
	size_t query_len;
};
extern const struct grammar grammars[];

/* "#eq?", "#match?" or "#any-of?", or its opposite: a pattern holds where all of its predicates do. */
struct predicate {
	enum { PREDICATE_EQ, PREDICATE_EQ_CAPTURE, PREDICATE_MATCH, PREDICATE_ANY } kind;
	bool negated;
	uint32_t capture, other; /* `other`: of PREDICATE_EQ_CAPTURE */
	const char **texts;      /* of EQ (one) and ANY */
	size_t count;
	regex_t regex;
};

struct pattern {
	struct predicate *predicates;
	size_t count;
};

/* Does not change once it is made, and is used by any number of threads. */
struct highlight_query {
	TSQuery *query;
	struct pattern *patterns;
	enum highlight_class *classes; /* of each capture's name … */
	bool *paints;                  /* … where it says one: HIGHLIGHT_NONE takes colour away */
};

/* NULL where the query is not of that grammar; `why` (may be NULL) tells. */
struct highlight_query *highlight_query_make(const struct grammar *g, const char **why);
void highlight_query_free(struct highlight_query *q);

/* Do the predicates of a match's pattern hold? */
bool highlight_query_holds(
	const struct highlight_query *q, const TSQueryMatch *match, const char *text);

#endif

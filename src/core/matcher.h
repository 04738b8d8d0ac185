/*
 * Finding in texts what somebody typed: as it stands (core/needle.h), or as a regular expression, which is found
 * within lines (port/regex.h).
 */
#ifndef CORE_MATCHER_H
#define CORE_MATCHER_H

#include "core/needle.h"
#include "port/regex.h"

/* Caller's memory; one thread. */
struct matcher {
	struct needle needle; /* where there is no: */
	struct regex *regex;
	int64_t until;   /* c->world->monotonic(), after which the expression gives up */
	bool long_lines; /* a line was longer than REGEX_TEXT_MAX: only its beginning was looked at */
};

/*
 * The first match from `from` on; the lines of an expression are the text's. ERR_TIMEOUT when it is not known at
 * m->until.
 */
enum err matcher_find(struct ctx *c, struct matcher *m, struct str text, size_t from,
	struct regex_match *out) MUST;

#endif

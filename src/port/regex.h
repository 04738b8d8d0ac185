/*
 * Port: regular expressions that somebody typed, found in whatever texts there are.
 *
 * Neither side can be trusted with time: some expressions take a text of length n in 2^n steps. So who
 * asks says until when, and is told where it was too much. No driver: there are none.
 */
#ifndef PORT_REGEX_H
#define PORT_REGEX_H

#include "base/ctx.h"
#include "base/str.h"

/* Longer expressions are refused, and of a longer text only so much is to be given: the time between two looks
 * at the clock grows with it. */
enum { REGEX_PATTERN_MAX = 200, REGEX_TEXT_MAX = 16 << 10 };

struct regex_match {
	bool found;
	size_t at, len; /* len may be 0 */
};

/* An expression that was compiled. One thread at a time. */
struct regex {
	const struct regex_ops *ops;
};

struct regex_ops {
	/*
	 * The first match in `text`, one line of any bytes, from `from` on; what is before is seen by "^" and
	 * "\b". ERR_TIMEOUT when it is not known at `until` (c->world->monotonic()), or would take more
	 * memory than the driver gives.
	 */
	enum err (*find)(struct ctx *c, struct regex *self, struct str text, size_t from,
		int64_t until, struct regex_match *out);
	void (*close)(struct regex *self);
};

/* One for all, which needs no closing. */
struct regex_engine {
	const struct regex_engine_ops *ops;
};

struct regex_engine_ops {
	/* ERR_INVALID says what is wrong with it, and after which of its bytes. ERR_UNSUPPORTED without the
	 * library, which is loaded with the first expression. */
	enum err (*compile)(struct ctx *c, struct regex_engine *self, struct str pattern,
		bool exact_case, struct regex **out);
};

/* `e` may be NULL: ERR_UNSUPPORTED. */
static inline MUST enum err regex_compile(struct ctx *c, struct regex_engine *e, struct str pattern,
	bool exact_case, struct regex **out)
{
	*out = NULL;
	if (!e)
		return fail(c, ERR_UNSUPPORTED, "there are no regular expressions here");
	return e->ops->compile(c, e, pattern, exact_case, out);
}

static inline MUST enum err regex_find(struct ctx *c, struct regex *r, struct str text, size_t from,
	int64_t until, struct regex_match *out)
{
	*out = (struct regex_match){0};
	return r->ops->find(c, r, text, from, until, out);
}

static inline void regex_close(struct regex **r)
{
	if (*r)
		(*r)->ops->close(*r);
	*r = NULL;
}

#endif

/* Port: how hard a password is to guess, for whoever knows how people choose theirs. */
#ifndef PORT_STRENGTH_H
#define PORT_STRENGTH_H

#include "base/ctx.h"
#include "base/str.h"

struct strength {
	const struct strength_ops *ops;
};

/* What a password needs to be taken. With it, no rule says which characters there must be, and a
 * short one of PASSWORD_MIN characters (model/user.h) may be as good as a long one. */
enum { STRENGTH_ENOUGH = 3 };

struct strength_verdict {
	/*
	 * 0: among the first thousand guesses. 1: the first million. 2: within 10^8. 3: within
	 * 10^10, which a stolen hash of argon2id holds out against for years. 4: beyond.
	 */
	int score;
	const char *reason; /* "it is a common word or password": completes a sentence about it */
};

struct strength_ops {
	/*
	 * `known` are words that a guesser tries first: the person's name, the instance's.
	 * Costs no more for a long password than hashing it. Never fails.
	 */
	struct strength_verdict (*judge)(struct ctx *c, struct strength *self, struct str password,
		const struct str *known, size_t count);
	void (*close)(struct strength *self);
};

static inline struct strength_verdict strength_judge(struct ctx *c, struct strength *s,
	struct str password, const struct str *known, size_t count)
{
	return s->ops->judge(c, s, password, known, count);
}

/* ERR_INVALID, with words for the person, unless it is STRENGTH_ENOUGH. */
static inline MUST enum err strength_check(struct ctx *c, struct strength *s, struct str password,
	const struct str *known, size_t count)
{
	struct strength_verdict v = strength_judge(c, s, password, known, count);
	if (v.score < STRENGTH_ENOUGH)
		return fail(c, ERR_INVALID,
			"this password is easy to guess: %s. Take four or more words that have "
			"nothing to do with each other, or let a password manager make one",
			v.reason);
	return OK;
}

static inline void strength_close(struct strength *s)
{
	if (s)
		s->ops->close(s);
}

#endif

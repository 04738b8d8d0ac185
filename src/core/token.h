/* Verbs on one's own API tokens. */
#ifndef CORE_TOKEN_H
#define CORE_TOKEN_H

#include "core/expected.h"

struct token_new {
	struct str name;
	enum permission limit; /* READ, WRITE or ADMIN */
	int64_t seconds;       /* how long it lives; 0: for ever */
	struct scope scope;    /* what else it is limited to */
};

/*
 * *secret is shown once and never again. A token may make tokens if its limit is ADMIN: none that
 * outlives it or may do more. One that is limited itself needs account.change for it; what it makes
 * has its own scope, which nobody names anew (ERR_DENIED). One with a budget of bytes makes none:
 * that would be another budget. ERR_INVALID, ERR_UNAUTH to the anonymous.
 */
enum err token_create(struct ctx *c, struct core *core, const struct actor *who,
	const struct token_new *what, struct token *out, struct str *secret) MUST;

/* One's own, newest first. */
enum err token_list(struct ctx *c, struct core *core, const struct actor *who, struct token **out,
	size_t *count) MUST;

/* One's own; ERR_NOT_FOUND for any other. */
enum err token_revoke(struct ctx *c, struct core *core, const struct actor *who, int64_t id) MUST;
/* The same, only if it still is what was seen. ERR_CONFLICT. */
enum err token_revoke_seen(struct ctx *c, struct core *core, const struct actor *who, int64_t id,
	struct expected *expected) MUST;

#endif

/* Verbs on one's own API tokens. */
#ifndef CORE_TOKEN_H
#define CORE_TOKEN_H

#include "core/core.h"

struct token_new {
	struct str name;
	enum permission limit; /* READ, WRITE or ADMIN */
	int64_t seconds;       /* how long it lives; 0: for ever */
};

/*
 * *secret is shown once and never again. A token may make tokens if its limit is ADMIN.
 * ERR_INVALID, ERR_DENIED, ERR_UNAUTH to the anonymous.
 */
enum err token_create(struct ctx *c, struct core *core, const struct actor *who,
	const struct token_new *what, struct token *out, struct str *secret) MUST;

/* One's own, newest first. */
enum err token_list(struct ctx *c, struct core *core, const struct actor *who, struct token **out,
	size_t *count) MUST;

/* One's own; ERR_NOT_FOUND for any other. */
enum err token_revoke(struct ctx *c, struct core *core, const struct actor *who, int64_t id) MUST;

#endif

/*
 * Verbs on identities: whom an account is connected with at a provider, so that they can sign in to it
 * from there (core/sso.h). Nobody is ever connected for having the same name or email address.
 */
#ifndef CORE_IDENTITY_H
#define CORE_IDENTITY_H

#include "core/core.h"
#include "core/expected.h"
#include "model/identity.h"

/* One's own, or anybody's for the owner, as are the others. The oldest first. */
enum err identity_list(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, struct identity **out, size_t *count) MUST;

/* Ends the sessions that were begun by it, and what its provider's groups gave. ERR_NOT_FOUND;
 * ERR_INVALID of one's own last way to sign in, ERR_DENIED of one's own by a key. */
enum err identity_remove(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, int64_t id) MUST;
/* The same, only if it still is what was seen. ERR_CONFLICT. */
enum err identity_remove_seen(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, int64_t id, struct expected *expected) MUST;

struct identity_new {
	struct str username;          /* whose account */
	struct str provider, subject; /* "corp", and exactly what it calls them */
};

/* Connects an account with somebody, or with a machine, who has not been here: the owner's alone.
 * ERR_NOT_FOUND, ERR_INVALID, ERR_EXISTS; ERR_DENIED of a key that would connect the owner, or who has a
 * second factor. */
enum err identity_add(struct ctx *c, struct core *core, const struct actor *who,
	const struct identity_new *what, struct identity *out) MUST;

/* How many ways to sign in, of those that there are now, somebody has: a password that counts is one. */
size_t identity_ways(const struct core *core, const struct user *user,
	const struct identity *identities, size_t count);

/* ERR_NOT_FOUND of a name that is no provider's. */
enum err identity_provider(
	struct ctx *c, const struct core *core, struct str name, struct provider **out) MUST;

/* For verbs that have asked whether it may: connects it, with its event and audit entry. ERR_EXISTS where
 * an account has it. */
enum err identity_link(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct user *user, struct identity *identity) MUST;

#endif

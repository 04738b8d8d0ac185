/* Verbs on invitations: links by which people make themselves an account. */
#ifndef CORE_INVITATION_H
#define CORE_INVITATION_H

#include "core/core.h"
#include "core/expected.h"
#include "model/invitation.h"

struct invitation_new {
	struct str username; /* empty: they choose it */
	int64_t seconds;     /* how long the link works: to INVITATION_SECONDS_MAX */
	const struct invitation_grant *grants; /* by their repo's name; one for each repository */
	size_t grant_count;                    /* to INVITATION_GRANTS_MAX */
};

enum { INVITATION_SECONDS_MAX = 90 * 86400 };

/* The owner's alone, as are the next two. *secret is shown once. ERR_INVALID, ERR_NOT_FOUND of a
 * repository, ERR_EXISTS of a username that is taken. */
enum err invitation_create(struct ctx *c, struct core *core, const struct actor *who,
	const struct invitation_new *what, struct invitation *out, struct str *secret) MUST;
/* Those that can still be accepted, newest first. */
enum err invitation_list(struct ctx *c, struct core *core, const struct actor *who,
	struct invitation **out, size_t *count) MUST;
/* ERR_NOT_FOUND. */
enum err invitation_revoke(struct ctx *c, struct core *core, const struct actor *who, int64_t id)
	MUST;
/* The same, only if it still is what was seen. ERR_CONFLICT. */
enum err invitation_revoke_seen(struct ctx *c, struct core *core, const struct actor *who,
	int64_t id, struct expected *expected) MUST;

/* What a link invites to. ERR_UNAUTH when it is unknown, used, revoked or expired. */
enum err invitation_look(
	struct ctx *c, struct core *core, struct str secret, struct invitation *out) MUST;
/*
 * Makes the account, gives what was promised, and uses the link up. `username` is not looked at where
 * the invitation has one. ERR_INVALID of a name or password, ERR_EXISTS of a name that is taken:
 * these leave the link. ERR_DENIED where passwords are the owner's alone.
 */
enum err invitation_accept(struct ctx *c, struct core *core, struct str secret, struct str username,
	struct str password, struct actor *who) MUST;

/* By which a link is known without its secret: 32 bytes in c->arena. */
struct str invitation_digest(struct ctx *c, struct str secret);
/* For another verb's transaction: the same as invitation_accept for an account without a password. `user` has
 * the username to take where the invitation has none, and becomes what was made. ERR_UNAUTH, ERR_EXISTS. */
enum err invitation_use(
	struct ctx *c, struct db_tx *tx, struct str digest, struct user *user, struct str via) MUST;

#endif

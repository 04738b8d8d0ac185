/*
 * Who are you? Credentials and one-time links; who stays signed in: core/session.h.
 *
 * While core->kv is lost failures are not counted; who proves themselves with each request, as git
 * does, is let in as ever. What comes out lives in c->arena.
 */
#ifndef CORE_LOGIN_H
#define CORE_LOGIN_H

#include "core/core.h"

/*
 * Who these credentials prove: a password, or a token in the password's or the bearer's place.
 * ERR_UNAUTH when nobody, and of a password whose account has a second factor, or must have one and has none
 * (LOGIN_CACHE_RULE_SECONDS after it was asked of everybody, where a process did not hear of it at once).
 * ERR_RATE_LIMITED after too many failures (core/tries.h) for that name from that peer ("127.0.0.1"; empty:
 * unknown), unless this process knows them and saw none of these failures; or while as many passwords are hashed as may be.
 *
 * It may have been proven minutes ago (core/login_cache.h), and have ended since: whoever acts on it
 * asks core/permit.h in their transaction.
 */
enum err login_credential(struct ctx *c, struct core *core, const struct credential *cred,
	struct str peer, struct actor *who) MUST;

/* Where it is tried: an address as above, and what a browser there keeps (core/known_browser.h; or empty). */
struct login_from {
	struct str peer, device;
};
/* The same for who can ask for the second factor: *who is half then (model/actor.h), which no permit
 * takes for anybody. */
enum err login_person(struct ctx *c, struct core *core, const struct credential *cred,
	const struct login_from *from, struct actor *who) MUST;
/* Who works by a certificate whose name TLS has verified ("dns:a.example.org"); anonymous where nobody does. */
enum err login_certificate(
	struct ctx *c, struct core *core, struct str name, struct str peer, struct actor *who) MUST;

/* One ends with a new password, with a first second factor, and where all sessions are ended at once. */
struct login_link {
	struct str username; /* who can sign in by it, once … */
	int64_t seconds;     /* … within these */
};

/* A link's secret. The owner's alone; `who` NULL: for who runs the machine. ERR_NOT_FOUND. */
enum err login_link_create(struct ctx *c, struct core *core, const struct actor *who,
	const struct login_link *what, struct str *secret) MUST;
/* Uses a link up. ERR_UNAUTH when it is unknown, used or expired. *who is half where there is a second
 * factor. */
enum err login_link_take(struct ctx *c, struct core *core, struct str secret, struct actor *who)
	MUST;

/* After the commit that ended it: all processes forget that a token, or (token_id 0) any credential,
 * proved somebody; or (user_id 0) whether everybody must have a second factor. Only tidiness: who is lost to
 * the world, or late, refuses them as well. */
void login_ended(struct ctx *c, struct core *core, int64_t user_id, int64_t token_id);

/* What to store for a new password (or token secret): asks the drivers in order. */
enum err login_enrol(struct ctx *c, struct core *core, struct str secret, struct str *stored) MUST;

#endif

/*
 * Passkeys: registering them, and what they prove. They are second factors too (core/factor.h), and by
 * themselves prove somebody without a name or a password: then the authenticator must have asked for a
 * PIN, a finger or a face.
 *
 * A ceremony is: options go out with a page, and with them, sealed, what they were made for; both the
 * browser's answer and the latter come back within PASSKEY_SECONDS. Nothing is kept meanwhile; that an
 * answer is taken once only, core->kv knows: while it is lost, none is (ERR_UNAVAILABLE).
 *
 * `origin`: of our pages, as this browser reaches them. ERR_UNSUPPORTED where browsers have no passkeys.
 * What comes out lives in c->arena.
 */
#ifndef CORE_PASSKEY_H
#define CORE_PASSKEY_H

#include "core/factor.h"

enum { PASSKEY_SECONDS = 300 };

struct passkey_ask {
	struct str options;  /* JSON, for the browser */
	struct str ceremony; /* [A-Za-z0-9_-], to come back with the answer */
};

struct passkey_answer {
	struct str json, ceremony, origin;
};

/* For a new one of one's own. ERR_INVALID for more than PASSKEYS_MAX. */
enum err passkey_ask_new(struct ctx *c, struct core *core, const struct actor *who,
	struct str origin, struct passkey_ask *out) MUST;
/* ERR_INVALID, ERR_EXISTS. *fresh as of factor_totp_add. */
enum err passkey_add(struct ctx *c, struct core *core, const struct actor *who,
	const struct passkey_answer *answer, struct str name, const struct recovery_code **fresh)
	MUST;

/* One's own. ERR_NOT_FOUND; removing as factor_totp_remove. */
enum err passkey_rename(struct ctx *c, struct core *core, const struct actor *who, int64_t id,
	struct str name) MUST;
enum err passkey_remove(struct ctx *c, struct core *core, const struct actor *who, int64_t id) MUST;

/* Whose passkey is here? */
enum err passkey_ask_anybody(
	struct ctx *c, struct core *core, struct str origin, struct passkey_ask *out) MUST;
/* Who that proves, via "passkey". `peer`: where it comes from. ERR_UNAUTH; ERR_DENIED where there may be
 * a copy of the key. */
enum err passkey_sign_in(struct ctx *c, struct core *core, const struct passkey_answer *answer,
	struct str peer, struct actor *who) MUST;

/* As second factor of somebody whose password was right; out->options empty: they have none. */
enum err passkey_ask_second(struct ctx *c, struct core *core, const struct actor *who,
	struct str origin, struct passkey_ask *out) MUST;
enum err passkey_check_second(struct ctx *c, struct core *core, const struct actor *who,
	const struct passkey_answer *answer) MUST;

#endif

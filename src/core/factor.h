/*
 * Second factors: an authenticator app (TOTP), passkeys (core/passkey.h) and recovery codes.
 *
 * An account has a second factor when it has an app or a passkey. From the commit on that added the first
 * one the password alone proves nobody; all sessions end with it, and all proofs that processes keep
 * (user.generation), so that each is begun anew with both. Recovery codes come with the first one and
 * go with the last.
 *
 * Changes are for who comes in person: a key is ERR_DENIED. What comes out lives in c->arena.
 */
#ifndef CORE_FACTOR_H
#define CORE_FACTOR_H

#include "core/core.h"
#include "model/factor.h"
#include "model/recovery.h"

/* Actions of the audit log that are no events. */
#define AUDIT_FACTOR_USED "second_factor.used"
#define AUDIT_FACTOR_REFUSED "second_factor.refused"
#define AUDIT_FACTOR_BLOCKED "second_factor.blocked"

/* One's own, or anybody's for the owner. */
enum err factor_list(struct ctx *c, struct core *core, const struct actor *who, struct str username,
	struct factors *out) MUST;

/* A secret for an app, which counts for nothing until factor_totp_add. */
struct totp_offer {
	struct str text;   /* base32, to be typed */
	struct str uri;    /* otpauth://, for a QR code */
	struct str sealed; /* for factor_totp_add: only for this account */
};

/* `host`: what the app shows beside the username. `sealed`: of an offer that goes on; what is none gets a
 * new one. ERR_EXISTS when there is an app. */
enum err factor_totp_offer(struct ctx *c, struct core *core, const struct actor *who,
	struct str host, struct str sealed, struct totp_offer *out) MUST;

/*
 * The app makes codes of the offered secret: `typed` is one. ERR_INVALID when it is not, or the offer is
 * none. *fresh: RECOVERY_CODES codes, to be shown once, when this is the first factor; else NULL.
 */
enum err factor_totp_add(struct ctx *c, struct core *core, const struct actor *who,
	struct str sealed, struct str typed, const struct recovery_code **fresh) MUST;

/* ERR_NOT_FOUND; ERR_DENIED for the last factor where everybody must have one. */
enum err factor_totp_remove(struct ctx *c, struct core *core, const struct actor *who) MUST;

/* Instead of those there were. ERR_INVALID without a second factor. */
enum err factor_recovery_make(struct ctx *c, struct core *core, const struct actor *who,
	const struct recovery_code **fresh) MUST;

/* Removes all second factors, passkeys and codes of somebody who lost theirs. The owner's alone; the
 * owner's own not with a key. ERR_NOT_FOUND. */
enum err factor_reset(
	struct ctx *c, struct core *core, const struct actor *who, struct str username) MUST;

/* Must everybody have one? Who has none is then led to it by the pages, and their password alone opens nothing
 * (core/login.h). The owner's alone. */
enum err factor_require(struct ctx *c, struct core *core, const struct actor *who, bool required)
	MUST;
/* In a transaction. */
enum err factor_is_required(struct ctx *c, struct db_tx *tx, bool *out) MUST;

/*
 * Is `typed` a code of this account's app, or one of its recovery codes? It is used up then. ERR_UNAUTH
 * when it is neither; ERR_RATE_LIMITED after too many, as of passwords, and after more for this account from
 * anywhere, within minutes or within a day: that bounds who guesses from many addresses, and for long, and refuses
 * no recovery code and no passkey. What these prove ends it.
 * *how: "totp" or "recovery". The actor's password was right just now.
 */
enum err factor_check_code(struct ctx *c, struct core *core, const struct actor *who,
	struct str typed, const char **how) MUST;

/* For core/passkey.c, in its transaction. */

/* Begins a transaction for who comes in person to change theirs. *out: they. */
enum err factor_begin(struct ctx *c, struct core *core, const struct actor *who, enum db_mode mode,
	struct db_tx **tx, struct user *out) MUST;

/* What was added or went: "passkey" and its name, "totp" and none. */
struct factor_change {
	const char *kind;
	struct str name;
};
/* It is added; `user` as of before. *fresh as above; then its sessions end with the commit. */
enum err factor_added(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct user *user, const struct factor_change *what,
	const struct recovery_code **fresh) MUST;
/* It is removed. */
enum err factor_removed(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct factor_change *what) MUST;
/* It is called what->name now. */
enum err factor_renamed(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct factor_change *what) MUST;
/* After the commit: by what cannot be guessed they proved who they are, so wrong codes of before count no more. */
void factor_proved(struct ctx *c, struct core *core, const struct actor *who);
/* One was good: written down. */
enum err factor_used(struct ctx *c, struct db_tx *tx, const struct actor *who, const char *how)
	MUST;

#endif

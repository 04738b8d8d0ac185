/*
 * The instance as an issuer of access tokens: its keys, and what it signs by them.
 *
 * Keys are rows, made when one is needed, so any process issues and any other verifies
 * (driver/auth_access.c); only who issues opens the secret part. A new key is published ISSUER_LEAD
 * seconds before it signs, and the one before it stays until the last token that it signed has ended.
 */
#ifndef CORE_ISSUER_H
#define CORE_ISSUER_H

#include "core/core.h"
#include "model/access_token.h"
#include "model/issuer_key.h"

/* How long others may keep the set of keys, and how much longer a key is published before it signs. */
enum { ISSUER_KEYS_FRESH = 300, ISSUER_LEAD = 900 };

/* Signs what.now is filled in for, as is what.seconds and what.id. A write transaction: it may have to
 * make a key. ERR_UNAVAILABLE where the secret part cannot be opened here. */
enum err issuer_sign(struct ctx *c, struct core *core, struct db_tx *tx, struct access_token *what,
	struct str *out) MUST;

/* The public keys that are good, or will be: as text, in c->arena (JWK Set, RFC 7517). */
enum err issuer_jwks(struct ctx *c, struct core *core, struct str *out) MUST;

/* For the owner. The one that begins last first; without the secret part. */
enum err issuer_key_list(struct ctx *c, struct core *core, const struct actor *who,
	struct issuer_key **out, size_t *count) MUST;
/* Another one, which signs in ISSUER_LEAD seconds. `now`: at once, and all others go with what they
 * signed: devices get new tokens by themselves. */
enum err issuer_key_rotate(struct ctx *c, struct core *core, const struct actor *who, bool now,
	struct issuer_key *out) MUST;

#endif

/*
 * API keys that people mint by themselves: "nbj_" and a JWT whose header has the type MINTED_TYPE and,
 * as "kid", the thumbprint (RFC 7638) of the key that it is signed by. Claims: "iss" MINTED_ISSUER,
 * "sub" the username, "aud" the instance's id, "exp" within MINTED_SECONDS_MAX, "jti" by which one can
 * be revoked, and what it is limited to (model/limits_claim.h).
 */
#ifndef MODEL_MINTED_H
#define MODEL_MINTED_H

#include "base/jwt.h"
#include "model/scope.h"

#define MINTED_PREFIX "nbj_"
#define MINTED_TYPE "nimbus-key+jwt"
#define MINTED_ISSUER "key"

enum { MINTED_SECONDS_MAX = 366 * 24 * 3600 };

/* What a key that was proven says of itself: who->limit, scope, minted and ends; in c->arena.
 * ERR_UNAUTH. */
enum err minted_limits(struct ctx *c, const struct jwt *token, int64_t now, struct actor *who) MUST;

struct minted_wish {
	struct str username, instance, id; /* id: "jti" */
	enum permission limit;
	struct scope scope;
	int64_t now, seconds;
};

/* One, in c->arena. ERR_INVALID for a wish that no server would grant. */
enum err minted_make(struct ctx *c, const struct jwk_secret *key, const struct minted_wish *wish,
	struct str *out) MUST;

#endif

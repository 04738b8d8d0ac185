/*
 * Access tokens that this instance issues to signed-in devices (model/device.h): JWTs as RFC 9068 has
 * them. "iss" and "aud" are the instance's address, "sub" the username, "client_id" the program,
 * "device" the number of the device, on which a token stands or falls; "jti" tells one from another.
 * "scope" is the permission in OAuth's words, model/limits_claim.h what counts here.
 */
#ifndef MODEL_ACCESS_TOKEN_H
#define MODEL_ACCESS_TOKEN_H

#include "base/jwt.h"
#include "model/scope.h"

#define ACCESS_TOKEN_TYPE "at+jwt"

struct access_token {
	struct str issuer, username, client, id; /* id: "jti" */
	int64_t device_id;
	enum permission limit;
	struct scope scope;   /* without bytes */
	int64_t now, seconds; /* it is good from now on, for so long */
};

/* One, in the arena. */
struct str access_token_make(
	struct arena *a, const struct jwk_secret *key, const struct access_token *what);

/* What one says that was proven and checked: who->limit, scope, device_id and ends; in c->arena.
 * ERR_UNAUTH. */
enum err access_token_read(struct ctx *c, const struct jwt *token, struct actor *who) MUST;

/* Does it look like a JWT, whoever made it? */
bool access_token_is_like(struct str secret);

#endif

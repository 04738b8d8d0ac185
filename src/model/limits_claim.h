/*
 * The claim "nimbus" of JWTs that stand for a person (model/minted.h, model/access_token.h): what they
 * are limited to. {"permission": "write", …}, beside which stand the members of model/scope.h, but
 * "bytes": nobody could count them.
 */
#ifndef MODEL_LIMITS_CLAIM_H
#define MODEL_LIMITS_CLAIM_H

#include "base/jwt.h"
#include "model/actor.h"
#include "model/scope.h"

/* who->limit and scope, in c->arena. ERR_INVALID says what is wrong. */
enum err limits_claim_read(struct ctx *c, const struct jwt *token, struct actor *who) MUST;

/* The member, into an object that is begun. `scope` has no bytes. */
void limits_claim_write(struct json_writer *w, enum permission limit, const struct scope *scope);

#endif

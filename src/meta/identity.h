/* Rows of identities: which account somebody signs in to by a provider. */
#ifndef META_IDENTITY_H
#define META_IDENTITY_H

#include "model/actor.h"
#include "model/identity.h"
#include "port/db.h"

/* Gives identity->id and identity->created. ERR_EXISTS when an account has it. */
enum err meta_identity_add(struct ctx *c, struct db_tx *tx, struct identity *identity) MUST;
/* ERR_NOT_FOUND. What comes out lives in c->arena. */
enum err meta_identity_find(struct ctx *c, struct db_tx *tx, struct str issuer, struct str subject,
	struct identity *out) MUST;
/* One person's, the oldest first. */
enum err meta_identity_list(struct ctx *c, struct db_tx *tx, int64_t user_id, struct identity **out,
	size_t *count) MUST;
/* Its name and email are as in `identity` from now on, and it was used now. */
enum err meta_identity_used(struct ctx *c, struct db_tx *tx, const struct identity *identity) MUST;
/* ERR_NOT_FOUND when that person has no such identity. */
enum err meta_identity_remove(struct ctx *c, struct db_tx *tx, int64_t user_id, int64_t id) MUST;

/* Of who came by a provider's token: is their account still connected, and the token's time not over? */
enum err meta_identity_stands(
	struct ctx *c, struct db_tx *tx, const struct actor *who, bool *stands) MUST;

#endif

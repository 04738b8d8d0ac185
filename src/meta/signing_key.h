/* Rows of keys that people registered to mint API keys by, and of minted ones that were revoked. */
#ifndef META_SIGNING_KEY_H
#define META_SIGNING_KEY_H

#include "model/user.h"
#include "port/db.h"

/* Gives key->id and key->created. ERR_EXISTS when that person has it already. */
enum err meta_signing_key_create(struct ctx *c, struct db_tx *tx, struct signing_key *key) MUST;
/* That person's key of that thumbprint; ERR_NOT_FOUND. */
enum err meta_signing_key_find(struct ctx *c, struct db_tx *tx, int64_t user_id, struct str kid,
	struct signing_key *out) MUST;
/* One person's, newest first. */
enum err meta_signing_key_list(struct ctx *c, struct db_tx *tx, int64_t user_id,
	struct signing_key **out, size_t *count) MUST;
/* With all that it has minted. ERR_NOT_FOUND when that person has no such key. */
enum err meta_signing_key_delete(struct ctx *c, struct db_tx *tx, int64_t user_id, int64_t id) MUST;
/* As meta_token_used. */
enum err meta_signing_key_used(struct ctx *c, struct db_tx *tx, int64_t id, int64_t every) MUST;

/* What one of them minted, by its id: revoked, and forgotten once it has `expires` behind it. */
enum err meta_minted_revoke(
	struct ctx *c, struct db_tx *tx, int64_t key_id, struct str minted, int64_t expires) MUST;
/* Has who->key_id not been removed, who->minted not revoked, and time left? */
enum err meta_minted_stands(struct ctx *c, struct db_tx *tx, const struct actor *who, bool *stands)
	MUST;

#endif

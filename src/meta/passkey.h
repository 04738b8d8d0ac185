/* Rows of passkeys. The handle of a credential is not stored: see core/passkey.c. */
#ifndef META_PASSKEY_H
#define META_PASSKEY_H

#include "model/factor.h"
#include "port/db.h"

/* Gives passkey->id and ->created. ERR_EXISTS when the credential is known, whoever's it is. */
enum err meta_passkey_add(struct ctx *c, struct db_tx *tx, struct passkey *passkey) MUST;
/* One person's, the oldest first. */
enum err meta_passkey_list(
	struct ctx *c, struct db_tx *tx, int64_t user_id, struct passkey **out, size_t *count) MUST;
/* By the credential's id. ERR_NOT_FOUND. */
enum err meta_passkey_find(
	struct ctx *c, struct db_tx *tx, struct str credential, struct passkey *out) MUST;
/* It signed: count and backed_up are new. *first: nobody else said so since it counted `before`. */
enum err meta_passkey_use(struct ctx *c, struct db_tx *tx, const struct passkey *passkey,
	uint32_t before, bool *first) MUST;
/* One of that person's, and its name. ERR_NOT_FOUND. */
enum err meta_passkey_rename(struct ctx *c, struct db_tx *tx, const struct passkey *passkey) MUST;
enum err meta_passkey_remove(
	struct ctx *c, struct db_tx *tx, int64_t user_id, int64_t id, struct str *name) MUST;
enum err meta_passkey_remove_all(struct ctx *c, struct db_tx *tx, int64_t user_id) MUST;

#endif

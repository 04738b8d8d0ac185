/* Rows of API tokens. */
#ifndef META_TOKEN_H
#define META_TOKEN_H

#include "model/user.h"
#include "port/db.h"

/* Gives token->id and token->created. `hash`: SHA-256 of the secret. */
enum err meta_token_create(struct ctx *c, struct db_tx *tx, struct token *token, struct str hash)
	MUST;
/* By the hash of its secret, expired or not; ERR_NOT_FOUND. */
enum err meta_token_find(struct ctx *c, struct db_tx *tx, struct str hash, struct token *out,
	struct user *user) MUST;
/* One person's, newest first. */
enum err meta_token_list(
	struct ctx *c, struct db_tx *tx, int64_t user_id, struct token **out, size_t *count) MUST;
/* ERR_NOT_FOUND when that user has no such token. */
enum err meta_token_delete(struct ctx *c, struct db_tx *tx, int64_t user_id, int64_t id) MUST;
/* Remembers that it is used now, unless another use is remembered of the last `every` seconds. */
enum err meta_token_used(struct ctx *c, struct db_tx *tx, int64_t id, int64_t every) MUST;
/* How many bytes went through it; and adds `bytes` to them. ERR_NOT_FOUND when it was revoked. */
enum err meta_token_spent(struct ctx *c, struct db_tx *tx, int64_t id, int64_t *out) MUST;
enum err meta_token_spend(
	struct ctx *c, struct db_tx *tx, int64_t id, int64_t bytes, int64_t *spent) MUST;

#endif

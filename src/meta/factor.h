/* Rows of second factors: the secrets of apps that make codes, and recovery codes. */
#ifndef META_FACTOR_H
#define META_FACTOR_H

#include "model/recovery.h"
#include "port/db.h"

struct totp_row {
	struct str sealed; /* its secret, core/seal.h */
	int64_t step;      /* the latest whose code was used */
	int64_t created, used;
	int64_t wrong, wrong_since; /* codes that were wrong, from then on; see meta_totp_wrong */
};

/* ERR_NOT_FOUND. */
enum err meta_totp_get(struct ctx *c, struct db_tx *tx, int64_t user_id, struct totp_row *out) MUST;
/* ERR_EXISTS when there is one. */
enum err meta_totp_add(struct ctx *c, struct db_tx *tx, int64_t user_id, const struct totp_row *row)
	MUST;
/* The code of `step` is used up; *first: by nobody before, nor was a later one. */
enum err meta_totp_use(struct ctx *c, struct db_tx *tx, int64_t user_id, int64_t step, bool *first)
	MUST;

/* Bounds guesses: `most` codes may be wrong within so many seconds, and then that time begins anew. */
struct totp_bound {
	int64_t most, seconds;
};
/* Is that reached, and not over? */
bool meta_totp_is_blocked(
	const struct db_tx *tx, const struct totp_row *row, const struct totp_bound *bound);
/* A code was wrong; *blocks: it is the one that reaches the bound. */
enum err meta_totp_wrong(struct ctx *c, struct db_tx *tx, int64_t user_id,
	const struct totp_bound *bound, bool *blocks) MUST;
/* Those that were wrong count no more. */
enum err meta_totp_forgive(struct ctx *c, struct db_tx *tx, int64_t user_id) MUST;

enum err meta_totp_seal(struct ctx *c, struct db_tx *tx, int64_t user_id, struct str sealed) MUST;
/* ERR_NOT_FOUND. */
enum err meta_totp_remove(struct ctx *c, struct db_tx *tx, int64_t user_id) MUST;

/* Instead of all there were. */
enum err meta_recovery_put(struct ctx *c, struct db_tx *tx, int64_t user_id,
	const struct recovery_code codes[RECOVERY_CODES]) MUST;
/* *was: it was one, and is none any more. */
enum err meta_recovery_use(
	struct ctx *c, struct db_tx *tx, int64_t user_id, const char *hash, bool *was) MUST;
enum err meta_recovery_left(struct ctx *c, struct db_tx *tx, int64_t user_id, int64_t *count) MUST;
enum err meta_recovery_remove(struct ctx *c, struct db_tx *tx, int64_t user_id) MUST;

#endif

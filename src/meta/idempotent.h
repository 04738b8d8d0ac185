/* Rows of requests that came with a key of the client's own (core/idempotent.h). */
#ifndef META_IDEMPOTENT_H
#define META_IDEMPOTENT_H

#include "port/db.h"

struct idempotent_row {
	struct str key;     /* of the account and the credential, too */
	struct str request; /* the hash of what is asked */
	struct str claim;   /* the id of the request that does it */
	bool done;          /* what it changes is committed */
	struct str answer;  /* sealed; empty: there is none (yet) */
};

/* Adds one that runs, for so long; forgets those whose time is over. ERR_EXISTS. */
enum err meta_idempotent_claim(
	struct ctx *c, struct db_tx *tx, const struct idempotent_row *row, int64_t seconds) MUST;
/* ERR_NOT_FOUND: there is none, or its time is over. */
enum err meta_idempotent_find(
	struct ctx *c, struct db_tx *tx, struct str key, struct idempotent_row *out) MUST;
/* In the transaction of the change: it is done, which is known for so long. ERR_CONFLICT: it is somebody else's by now. */
enum err meta_idempotent_done(
	struct ctx *c, struct db_tx *tx, struct str key, struct str claim, int64_t seconds) MUST;
/* Keeps the answer, for so long. */
enum err meta_idempotent_answer(
	struct ctx *c, struct db_tx *tx, const struct idempotent_row *row, int64_t seconds) MUST;
/* It is not done, and may be tried again. */
enum err meta_idempotent_remove(struct ctx *c, struct db_tx *tx, struct str key, struct str claim)
	MUST;

#endif

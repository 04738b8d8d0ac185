/* Rows of the keys by which the instance signs access tokens. */
#ifndef META_ISSUER_KEY_H
#define META_ISSUER_KEY_H

#include "model/issuer_key.h"
#include "port/db.h"

/* The number of the next one, to which its secret part is bound. */
enum err meta_issuer_key_next(struct ctx *c, struct db_tx *tx, int64_t *id) MUST;
/* Gives key->created. */
enum err meta_issuer_key_create(struct ctx *c, struct db_tx *tx, struct issuer_key *key) MUST;
/* Those whose time is not over, the one that begins last first; with or without what is sealed. */
enum err meta_issuer_key_list(
	struct ctx *c, struct db_tx *tx, bool sealed, struct issuer_key **out, size_t *count) MUST;
/* Those without an end get this one. */
enum err meta_issuer_key_end(struct ctx *c, struct db_tx *tx, int64_t ends) MUST;
/* Those whose time is over go. */
enum err meta_issuer_key_sweep(struct ctx *c, struct db_tx *tx) MUST;
enum err meta_issuer_key_delete_all(struct ctx *c, struct db_tx *tx) MUST;

#endif

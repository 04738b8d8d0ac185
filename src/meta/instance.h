/* What an instance knows about itself, as key and value; and the ids that it gives out. */
#ifndef META_INSTANCE_H
#define META_INSTANCE_H

#include "model/instance.h"
#include "port/db.h"

/* Keys of more than one file. By the key of META_PROOF_KEY processes tell each other whose password
 * was right, see driver/auth_password.c. */
#define META_PROOF_KEY STR("proof_key")

/* ERR_NOT_FOUND when it was never put. */
enum err meta_instance_get(struct ctx *c, struct db_tx *tx, struct str key, struct str *value) MUST;
enum err meta_instance_put(struct ctx *c, struct db_tx *tx, struct str key, struct str value) MUST;

/* The next id of a noun ("repo", "account" …): 1, 2, 3 …, never one twice. Write transaction. */
enum err meta_instance_next_id(struct ctx *c, struct db_tx *tx, struct str noun, int64_t *id) MUST;

/* How many repositories, people, keys and sessions there are now; not the packs. */
enum err meta_instance_counts(struct ctx *c, struct db_tx *tx, struct instance_counts *out) MUST;

#endif

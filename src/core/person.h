/* Finding somebody by name. */
#ifndef CORE_PERSON_H
#define CORE_PERSON_H

#include "model/user.h"
#include "port/db.h"

/* ERR_NOT_FOUND in words for people, also for what cannot be a username. */
enum err person_get(struct ctx *c, struct db_tx *tx, struct str username, struct user *out) MUST;

/* The same for what cannot be given to the owner, who has it all: ERR_INVALID. */
enum err person_get_other(struct ctx *c, struct db_tx *tx, struct str username, struct user *out)
	MUST;

/* Until when something is given: 0, or not past yet. ERR_INVALID. */
enum err person_end_check(struct ctx *c, struct db_tx *tx, int64_t expires) MUST;

#endif

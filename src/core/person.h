/* Finding somebody by name. */
#ifndef CORE_PERSON_H
#define CORE_PERSON_H

#include "model/user.h"
#include "port/db.h"

/* ERR_NOT_FOUND in words for people, also for what cannot be a username. */
enum err person_get(struct ctx *c, struct db_tx *tx, struct str username, struct user *out) MUST;

#endif

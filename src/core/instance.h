/* The instance itself: its id, and its owner at the first start. */
#ifndef CORE_INSTANCE_H
#define CORE_INSTANCE_H

#include "core/core.h"

struct instance {
	const char *id;       /* first part of every blob key; in c->arena */
	struct str nonce_key; /* for core->nonce_key; in c->arena */
	struct str owner;     /* the owner's username */
	bool first;           /* this start made it */
	struct str password;  /* the owner's, when it was made up just now: show it once */
};

/*
 * Brings the database to this program's schema and, when it is empty, makes the instance's id and
 * its owner, with `password` or (empty) one that is made up. Needs core->db and core->auth. The
 * caller sets core->instance and core->nonce_key.
 */
enum err instance_start(struct ctx *c, struct core *core, struct str owner, struct str password,
	struct instance *out) MUST;

/* The text of the key that this database keeps for core/seal.h, made with `make` where there is none;
 * else empty. In c->arena. */
enum err instance_seal_key(struct ctx *c, struct db *db, bool make, struct str *out) MUST;
/* Keeps the key of where the rows came from, unless there is one already. */
enum err instance_keep_seal_key(struct ctx *c, struct db *db, struct str text) MUST;

/* Does the database answer? For who asks whether this process is of use. */
enum err instance_ready(struct ctx *c, struct core *core) MUST;

#endif

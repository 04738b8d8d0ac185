/*
 * Leases: the right to work on something for a while, so that two processes never do at once.
 *
 * Whoever dies holding one loses it when its time is over.
 */
#ifndef META_LEASE_H
#define META_LEASE_H

#include "port/db.h"

struct lease {
	struct str name;   /* "compact/17" */
	struct str holder; /* chosen at random by whoever wants it */
};

/* Takes it, or keeps it, for so many seconds from now. *taken false: somebody else has it. */
enum err meta_lease_take(struct ctx *c, struct db_tx *tx, const struct lease *lease,
	int64_t seconds, bool *taken) MUST;

/* Is it still the holder's? */
enum err meta_lease_held(struct ctx *c, struct db_tx *tx, const struct lease *lease, bool *held)
	MUST;

/* Does anybody have one whose name begins so? `like`: "backup/%". */
enum err meta_lease_any(struct ctx *c, struct db_tx *tx, struct str like, bool *any) MUST;

/* Drops all, as nobody works on a copy. */
enum err meta_lease_clear(struct ctx *c, struct db_tx *tx) MUST;

/* Gives it back; one that is somebody else's by now stays theirs. */
enum err meta_lease_give(struct ctx *c, struct db_tx *tx, const struct lease *lease) MUST;

#endif

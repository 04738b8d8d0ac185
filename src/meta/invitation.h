/* Rows of invitations, and of the permissions that they will give. */
#ifndef META_INVITATION_H
#define META_INVITATION_H

#include "model/invitation.h"
#include "port/db.h"

/* Gives invitation->id and its times. `hash`: SHA-256 of the secret. */
enum err meta_invitation_add(struct ctx *c, struct db_tx *tx, struct invitation *invitation,
	struct str hash, int64_t seconds) MUST;
/* Those that can still be accepted, newest first. */
enum err meta_invitation_list(
	struct ctx *c, struct db_tx *tx, struct invitation **out, size_t *count) MUST;
/* ERR_NOT_FOUND when it is unknown or has expired. */
enum err meta_invitation_find(
	struct ctx *c, struct db_tx *tx, struct str hash, struct invitation *out) MUST;
/* ERR_NOT_FOUND. */
enum err meta_invitation_remove(struct ctx *c, struct db_tx *tx, int64_t id) MUST;

#endif

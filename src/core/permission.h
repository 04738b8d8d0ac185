/* Giving somebody a permission, in the transaction of a verb that has asked whether it may. */
#ifndef CORE_PERMISSION_H
#define CORE_PERMISSION_H

#include "core/core.h"
#include "meta/user.h"

/* Instead of what they have, with its event and audit entry. */
enum err permission_give(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct repo *repo, const struct permission_row *row) MUST;

#endif

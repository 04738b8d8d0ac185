/* Rows of sessions: that there is one, and whose. What else is known of it lies in the kv, see
 * core/session.h. */
#ifndef META_SESSION_H
#define META_SESSION_H

#include "model/user.h"
#include "port/db.h"

/* `ends`: seconds since 1970, when the row may go. */
enum err meta_session_add(
	struct ctx *c, struct db_tx *tx, struct str id, int64_t user_id, int64_t ends) MUST;
/* One person's, by id. */
enum err meta_session_list(
	struct ctx *c, struct db_tx *tx, int64_t user_id, struct str **ids, size_t *count) MUST;
/* ERR_NOT_FOUND when that person has no such session. */
enum err meta_session_remove(struct ctx *c, struct db_tx *tx, int64_t user_id, struct str id) MUST;
enum err meta_session_remove_all(struct ctx *c, struct db_tx *tx, int64_t user_id) MUST;

#endif

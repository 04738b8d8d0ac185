/* Rows of sessions: that there is one, and whose. What else is known of it lies in the kv, see
 * core/session.h. */
#ifndef META_SESSION_H
#define META_SESSION_H

#include "model/user.h"
#include "port/db.h"

struct session_owner {
	struct str id;
	int64_t user_id;
	struct str via;      /* by which provider it was begun: "oidc:corp"; empty: by none … */
	int64_t identity_id; /* … of which identity … */
	struct str there;    /* … and in which session of theirs there; empty: it is not known */
	int64_t ends;        /* seconds since 1970, when the row may go */
};

enum err meta_session_add(struct ctx *c, struct db_tx *tx, const struct session_owner *session)
	MUST;
/* ERR_NOT_FOUND. */
enum err meta_session_get(struct ctx *c, struct db_tx *tx, struct str id, struct session_owner *out)
	MUST;
/* One person's, by id. */
enum err meta_session_list(
	struct ctx *c, struct db_tx *tx, int64_t user_id, struct str **ids, size_t *count) MUST;
/* ERR_NOT_FOUND when that person has no such session. */
enum err meta_session_remove(struct ctx *c, struct db_tx *tx, int64_t user_id, struct str id) MUST;
enum err meta_session_remove_all(struct ctx *c, struct db_tx *tx, int64_t user_id) MUST;
/* Those that were begun by an identity. */
enum err meta_session_remove_by_identity(struct ctx *c, struct db_tx *tx, int64_t identity_id) MUST;

struct session_there {
	struct str issuer, subject, session; /* of the last two one may be empty: whichever */
};
/* Those that were begun by it, each person's together. */
enum err meta_session_list_there(struct ctx *c, struct db_tx *tx, const struct session_there *there,
	struct session_owner **out, size_t *count) MUST;

#endif

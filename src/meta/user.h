/* Rows of people, of what they may do, and of their one-time sign-in links. */
#ifndef META_USER_H
#define META_USER_H

#include "meta/session.h"
#include "model/user.h"
#include "port/db.h"

/* Gives user->id and user->created. `password`: as auth_enrol gave it, empty: none. ERR_EXISTS. */
enum err meta_user_create(struct ctx *c, struct db_tx *tx, struct user *user, struct str password)
	MUST;

/* ERR_NOT_FOUND. What *out points at lives in c->arena. */
enum err meta_user_get(struct ctx *c, struct db_tx *tx, int64_t id, struct user *out) MUST;
enum err meta_user_get_by_name(
	struct ctx *c, struct db_tx *tx, struct str username, struct user *out) MUST;
/* Whose session this is, and who began it: via, identity_id and there of *by. */
enum err meta_user_get_by_session(struct ctx *c, struct db_tx *tx, struct str session,
	struct user *out, struct session_owner *by) MUST;
/* The instance's owner. */
enum err meta_user_get_owner(struct ctx *c, struct db_tx *tx, struct user *out) MUST;

/* All but the owner with owner false; ordered by name. */
enum err meta_user_list(struct ctx *c, struct db_tx *tx, struct user **out, size_t *count) MUST;

/* The stored password (empty: none). */
enum err meta_user_password(struct ctx *c, struct db_tx *tx, int64_t id, struct str *stored) MUST;
/* Setting it ends all sessions: see user.generation. */
enum err meta_user_set_password(struct ctx *c, struct db_tx *tx, int64_t id, struct str stored)
	MUST;
/* From when on they are nobody: seconds since 1970; 0: never. */
enum err meta_user_set_expires(struct ctx *c, struct db_tx *tx, int64_t id, int64_t expires) MUST;
/* Ends all that was proven of them without changing the password. */
enum err meta_user_end(struct ctx *c, struct db_tx *tx, int64_t id) MUST;
/* Removes them with their tokens, permissions and links. */
enum err meta_user_delete(struct ctx *c, struct db_tx *tx, int64_t id) MUST;

/* The actor that a user is when they come in person. */
struct actor meta_user_actor(const struct user *user);

/* One person's permission on one repository. */
struct permission_row {
	int64_t user_id;
	struct str username;
	enum permission level;
	int64_t expires; /* seconds since 1970: from then on it counts for nothing; 0: never */
};

/* Instead of what they have, for row->user_id. */
enum err meta_permission_put(
	struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct permission_row *row) MUST;
/* ERR_NOT_FOUND when there was none. */
enum err meta_permission_delete(struct ctx *c, struct db_tx *tx, int64_t repo_id, int64_t user_id)
	MUST;
/* Ordered by username. */
enum err meta_permission_list(struct ctx *c, struct db_tx *tx, int64_t repo_id,
	struct permission_row **out, size_t *count) MUST;

/* What a link is for. Stored: never change a number. */
enum login_link_kind { LOGIN_LINK_SIGN_IN = 0, LOGIN_LINK_RESET = 1 };

/* `hash`: SHA-256 of the link's secret. It lasts for `seconds`. */
enum err meta_login_link_add(struct ctx *c, struct db_tx *tx, enum login_link_kind kind,
	struct str hash, int64_t user_id, int64_t seconds) MUST;
/* Whose it is; ERR_NOT_FOUND when it is unknown, used, expired or of another kind. */
enum err meta_login_link_find(struct ctx *c, struct db_tx *tx, enum login_link_kind kind,
	struct str hash, int64_t *user_id) MUST;
/* The same, and removes it. */
enum err meta_login_link_take(struct ctx *c, struct db_tx *tx, enum login_link_kind kind,
	struct str hash, int64_t *user_id) MUST;
/* All of one person. */
enum err meta_login_link_remove_all(struct ctx *c, struct db_tx *tx, int64_t user_id) MUST;

#endif

/* Verbs on people, and on what they may do with a repository. */
#ifndef CORE_COLLABORATOR_H
#define CORE_COLLABORATOR_H

#include "core/expected.h"
#include "meta/user.h"

/* The owner's alone. An empty password: they can sign in by a link or a token only. */
enum err collaborator_create(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, struct str password, struct user *out) MUST;

/* Everybody, the owner included, by name. The owner's alone. */
enum err collaborator_list(struct ctx *c, struct core *core, const struct actor *who,
	struct user **out, size_t *count) MUST;

/* The owner's alone; ERR_INVALID for the owner itself. */
enum err collaborator_remove(
	struct ctx *c, struct core *core, const struct actor *who, struct str username) MUST;

/* From `expires` on (seconds since 1970; 0: never) they are nobody: sessions, keys and passwords are
 * refused. The owner's alone; ERR_INVALID for the owner itself, and for a time that is past. */
enum err collaborator_set_expires(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, int64_t expires) MUST;

/* One's own, or anybody's for the owner; whether who sets their own knows the old one, asks
 * password_change. Not with a token below ADMIN, and none that does not count (password_counts). */
enum err collaborator_set_password(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, struct str password) MUST;

/* These three, only if they still are as they were seen. ERR_CONFLICT. */
enum err collaborator_remove_seen(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, struct expected *expected) MUST;
enum err collaborator_set_expires_seen(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, int64_t expires, struct expected *expected) MUST;
enum err collaborator_set_password_seen(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, struct str password, struct expected *expected) MUST;

/* A repository and a person. */
struct permission_on {
	struct str repo;
	struct str username;
};

/* Need ADMIN on the repository. ERR_NOT_FOUND for an unknown person. `expires`: seconds since 1970, from
 * when on it counts for nothing; 0: never. */
enum err permission_put(struct ctx *c, struct core *core, const struct actor *who,
	const struct permission_on *on, enum permission level, int64_t expires) MUST;
enum err permission_delete(struct ctx *c, struct core *core, const struct actor *who,
	const struct permission_on *on) MUST;
/* The same two, only if it still is what was seen. ERR_CONFLICT. */
enum err permission_put_seen(struct ctx *c, struct core *core, const struct actor *who,
	const struct permission_on *on, const struct permission_row *wanted,
	struct expected *expected) MUST;
enum err permission_delete_seen(struct ctx *c, struct core *core, const struct actor *who,
	const struct permission_on *on, struct expected *expected) MUST;
enum err permission_list(struct ctx *c, struct core *core, const struct actor *who, struct str repo,
	struct permission_row **out, size_t *count) MUST;

#endif

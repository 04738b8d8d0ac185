/* Verbs on passwords: how good one must be, changing one's own, and resetting somebody's. */
#ifndef CORE_PASSWORD_H
#define CORE_PASSWORD_H

#include "core/core.h"

/* May `username` have it? ERR_INVALID says why not and what to do. Every verb that sets one asks. */
enum err password_judge(struct ctx *c, struct core *core, struct str password, struct str username)
	MUST;

/* Does one count where it belongs to the owner, or to somebody else? ERR_DENIED: there it is not set. */
enum err password_counts(struct ctx *c, const struct core *core, bool owner) MUST;

struct password_change {
	struct str current; /* not looked at if they have none, or `proven` */
	bool proven;        /* they have just proved who they are in another way; never a key */
	struct str fresh;
	struct str peer; /* where it comes from, as for login_credential */
};

/*
 * One's own. Ends all sessions and forgets what the old one proved. ERR_UNAUTH of a wrong `current`,
 * counted as at sign-in (ERR_RATE_LIMITED); ERR_INVALID, ERR_DENIED: of a key, where there is none yet.
 */
enum err password_change(struct ctx *c, struct core *core, const struct actor *who,
	const struct password_change *what) MUST;

/*
 * Takes somebody's password away, ends their sessions and gives the secret of a link on which they
 * choose another, within `seconds`. Earlier links of theirs end. The owner's alone, and of the owner not a
 * key's: ERR_DENIED. ERR_NOT_FOUND.
 */
enum err password_reset(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, int64_t seconds, struct str *secret) MUST;
/* Whose link it is. ERR_UNAUTH when it is unknown, used or expired; ERR_DENIED where theirs does not count. */
enum err password_reset_whose(
	struct ctx *c, struct core *core, struct str secret, struct str *username) MUST;
/* Uses it up. A password that is not good enough is ERR_INVALID, and leaves the link, as does ERR_DENIED. *who is half where
 * there is a second factor. */
enum err password_reset_take(struct ctx *c, struct core *core, struct str secret, struct str fresh,
	struct actor *who) MUST;

#endif

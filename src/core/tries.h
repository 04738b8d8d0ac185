/*
 * Guessing made slow, and nobody locked out by it.
 *
 * Failures are counted in core->kv, so across all processes: of one name from one place
 * (base/address.h), of all names from one place, and of one name from all places. Over the first two
 * the place has to wait for a minute. Over the last, strangers to that name share one try in some seconds,
 * as long as the guessing goes on; who is no stranger goes on as ever: from a device that they signed in from
 * (core/known_browser.h), which has a count of its own, or from a place where their password was right lately.
 *
 * A name that nobody has is counted and answered as any. While the kv is lost nothing is counted.
 */
#ifndef CORE_TRIES_H
#define CORE_TRIES_H

#include "core/login.h"

struct tries {
	/* Keys of counts; empty: not counted. */
	struct str pair, place, name;
	struct str home; /* says that their password was right at that place */
};

/* What is counted for this credential; of a token nothing is. */
enum err tries_of(struct ctx *c, struct core *core, const struct credential *cred,
	const struct login_from *from, struct tries *out) MUST;
/* May they try? ERR_RATE_LIMITED, with c->retry_after. `known`: this process knows the credential. */
enum err tries_check(struct ctx *c, struct core *core, const struct tries *t, bool known) MUST;
/* The try has failed, or was right. c->error stays. */
void tries_failed(struct ctx *c, struct core *core, const struct tries *t);
void tries_passed(struct ctx *c, struct core *core, const struct tries *t);

#endif

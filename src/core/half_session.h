/*
 * Between a right password and the second factor: a browser that has shown the one and not yet the
 * other. It is no session: it proves nobody, lasts for HALF_SESSION_SECONDS, and ends with the first
 * right factor, or with the HALF_SESSION_TRIES'th wrong one.
 *
 * It lies in core->kv alone: with that lost, nobody signs in.
 */
#ifndef CORE_HALF_SESSION_H
#define CORE_HALF_SESSION_H

#include "core/core.h"

enum { HALF_SESSION_SECONDS = 300, HALF_SESSION_TRIES = 5 };

/* who->half is true. *secret: for the browser's cookie, [A-Za-z0-9_-]{43}. ERR_UNAVAILABLE in words for
 * that person. */
enum err half_session_begin(
	struct ctx *c, struct core *core, const struct actor *who, struct str *secret) MUST;

/* Who it is, half; with `via` of then, and without a peer. ERR_UNAUTH when it is over. */
enum err half_session_get(struct ctx *c, struct core *core, struct str secret, struct actor *who)
	MUST;

/* A wrong factor was given. Whoever counts cannot fail the request. */
void half_session_failed(struct ctx *c, struct core *core, struct str secret);

/* It ends; of two who end it one gets OK, the other ERR_UNAUTH. */
enum err half_session_take(struct ctx *c, struct core *core, struct str secret) MUST;

#endif

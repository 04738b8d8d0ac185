/*
 * Browsers that somebody has signed in with: what one keeps to say so later ("device cookies", as
 * OWASP has them). It proves nobody; it only lets whoever has it try a password while strangers, who guess at
 * that name from all over the world, have to wait.
 *
 * Signed with a key of the instance's, for one account and its present password: a new one ends it.
 */
#ifndef CORE_KNOWN_BROWSER_H
#define CORE_KNOWN_BROWSER_H

#include "core/core.h"

enum { KNOWN_BROWSER_SECONDS = 365 * 86400 };

/* For somebody who has just signed in; empty where the instance has no key. In c->arena. */
enum err known_browser_make(
	struct ctx *c, struct core *core, const struct actor *who, struct str *out) MUST;

/*
 * Is `text` of a browser that `username` signed in with? Then *id is its name, which is in it; else empty.
 * The database is asked only of what was signed here.
 */
enum err known_browser_check(struct ctx *c, struct core *core, struct str text, struct str username,
	struct str *id) MUST;

#endif

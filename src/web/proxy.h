/* Whose X-Forwarded-For and X-Forwarded-Proto are believed. */
#ifndef WEB_PROXY_H
#define WEB_PROXY_H

#include "base/address.h"
#include "base/ctx.h"

enum { PROXIES_MAX = 32 };

struct proxies {
	struct network at[PROXIES_MAX];
	size_t count;
};

/* "10.0.0.0/8, ::1". ERR_INVALID names the part that is no network. */
enum err proxies_parse(struct ctx *c, struct str text, struct proxies *out) MUST;

bool proxies_trust(const struct proxies *all, struct str address);

/*
 * The client: the last address of "X-Forwarded-For: a, b, c" that is no trusted proxy; `peer`
 * itself when it is none. A view of one of the two.
 */
struct str proxies_client(const struct proxies *all, struct str peer, struct str forwarded_for);

#endif

/* What the headers of a request say of who sends it: read, and not yet believed. */
#ifndef WEB_CREDENTIALS_H
#define WEB_CREDENTIALS_H

#include "port/auth.h"

/* What follows "Basic " in an Authorization header (RFC 7617): a name and a password, or a token in
 * place of either. In c->arena. ERR_UNAUTH. */
enum err credentials_basic(struct ctx *c, struct str text, struct credential *out) MUST;

/* The value of the first cookie of that name in a Cookie header (RFC 6265), a view; else empty. */
struct str credentials_cookie(struct str header, struct str name);

#endif

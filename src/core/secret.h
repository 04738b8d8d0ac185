/* Random secrets in text, and what may be stored of them. */
#ifndef CORE_SECRET_H
#define CORE_SECRET_H

#include "base/ctx.h"
#include "base/str.h"

enum { SECRET_LEN = 43 };

/* 256 random bits as SECRET_LEN characters of [A-Za-z0-9_-], in c->arena. */
struct str secret_make(struct ctx *c);

/* `len` random characters of [A-Za-z0-9]: for what people copy by hand or by double click. */
struct str secret_word(struct ctx *c, size_t len);

/* Lower-case hex of the SHA-256 of `label`, a zero byte and `secret`; NUL-terminated. */
void secret_hash(const char *label, struct str secret, char out[65]);

/* A request's target as a log may have it: without what follows in links to sign in, to choose a password
 * or to join, which work once, and in signed ones. A view of it. */
struct str secret_hidden(struct str target);

#endif

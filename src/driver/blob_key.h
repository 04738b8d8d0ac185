/* The rule for blob keys that all stores share. */
#ifndef DRIVER_BLOB_KEY_H
#define DRIVER_BLOB_KEY_H

#include "base/ctx.h"

enum { BLOB_KEY_MAX = 255 };

/* Slash-separated segments of [a-z0-9._-], none empty, "." or ".."; ERR_INVALID. */
enum err blob_key_check(struct ctx *c, const char *key) MUST;

#endif

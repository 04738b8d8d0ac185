/*
 * Recovery codes: what lets somebody in who has lost their second factor. Each is 80 random bits, so
 * a plain hash of it may be stored and looked up, and works once.
 */
#ifndef MODEL_RECOVERY_H
#define MODEL_RECOVERY_H

#include "base/ctx.h"
#include "base/str.h"

enum { RECOVERY_CODES = 10, RECOVERY_TEXT = 20, RECOVERY_HASH = 65 };

/* NUL-terminated. The text is shown once; the hash is stored. */
struct recovery_code {
	char text[RECOVERY_TEXT]; /* "7K3M-Q0ZD-W2RX-95AB" */
	char hash[RECOVERY_HASH]; /* lower-case hex */
};

/* A new set; the old one is over. */
void recovery_make(struct ctx *c, struct recovery_code codes[RECOVERY_CODES]);

/* The hash of what somebody typed, in either case, with or without spaces and dashes, with O for 0
 * and I or L for 1. False when it cannot be a code. */
bool recovery_hash(struct str typed, char hash[RECOVERY_HASH]);

#endif

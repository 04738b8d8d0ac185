/*
 * One-time passwords by time (RFC 6238): HMAC-SHA-1, 30 seconds, six digits, which is what all
 * authenticator apps know.
 *
 * A million codes: who checks them counts wrong ones, as of passwords.
 */
#ifndef MODEL_TOTP_H
#define MODEL_TOTP_H

#include "base/ctx.h"
#include "base/str.h"

enum { TOTP_SECRET = 20, TOTP_DIGITS = 6, TOTP_SECONDS = 30 };

/* A new secret of TOTP_SECRET random bytes, in c->arena. */
struct str totp_secret(struct ctx *c);

/* The code of a step, which is seconds since 1970 divided by TOTP_SECONDS; NUL-terminated. */
void totp_code(struct str secret, int64_t step, char code[TOTP_DIGITS + 1]);

/*
 * Is what somebody typed (spaces may be in it) the code of `now`, in seconds since 1970, or of the
 * step before or after it? Not of a step up to *used, the latest that was good before (0: none), so
 * that each code works once. When it is, *used becomes its step: to be stored before it counts, in
 * a way that fails if somebody else stored it meanwhile.
 */
bool totp_check(struct str secret, struct str typed, int64_t now, int64_t *used);

/* "otpauth://totp/ISSUER:ACCOUNT?secret=…": what apps read, from a link or a QR code. In the arena. */
struct str totp_uri(struct arena *a, struct str secret, struct str issuer, struct str account);

#endif

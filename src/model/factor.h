/* What somebody has beside a password: the second factors and passkeys of an account. */
#ifndef MODEL_FACTOR_H
#define MODEL_FACTOR_H

#include "model/webauthn.h"

enum { PASSKEYS_MAX = 20, PASSKEY_NAME_MAX = 100 };

/* So few recovery codes are a reason to make new ones. */
enum { RECOVERY_LOW = 3 };

struct passkey {
	int64_t id;
	int64_t user_id;
	struct str name;
	struct webauthn_credential credential;
	int64_t created, used; /* seconds since 1970; used 0: never */
};

struct factors {
	bool totp;                       /* an app makes codes */
	int64_t totp_created, totp_used; /* seconds since 1970; used 0: never */
	const struct passkey *passkeys;
	size_t passkey_count;
	int64_t recovery_left;
	bool required; /* everybody must have a second factor here */
};

static inline size_t factors_count(const struct factors *f)
{
	return f->passkey_count + f->totp;
}

#endif

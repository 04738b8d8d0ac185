/* Whom an account is connected with at a provider (port/provider.h). */
#ifndef MODEL_IDENTITY_H
#define MODEL_IDENTITY_H

#include "base/str.h"

struct identity {
	int64_t id;
	int64_t user_id;
	struct str provider;        /* as the settings had it when it was connected: "corp" */
	struct str issuer, subject; /* who it is, for ever, both together: of one account alone */
	struct str name, email; /* as the provider said at the last sign-in; for people to read */
	int64_t created, used;  /* seconds since 1970; used 0: nobody signed in by it yet */
};

#endif

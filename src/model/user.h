/* People, their tokens and what they may do. */
#ifndef MODEL_USER_H
#define MODEL_USER_H

#include "base/ctx.h"
#include "model/scope.h"

struct user {
	int64_t id;
	struct str username; /* for as long as they are here */
	bool owner;
	bool has_password;
	bool has_factor;    /* a second one is asked for after the password */
	int64_t created;    /* seconds since 1970 */
	int64_t generation; /* +1 with every new password, and with a first second factor: what was
			       proven before is over */
	int64_t expires;    /* seconds since 1970: from then on they are nobody; 0: never */
};

static inline bool user_has_ended(const struct user *user, int64_t now)
{
	return user->expires && user->expires <= now;
}

/* An API token, or key. Its secret is shown once; what is stored is its SHA-256. Nothing of it
 * changes but `used` and `spent`. */
struct token {
	int64_t id;
	int64_t user_id;
	struct str name;
	enum permission limit;          /* what it allows at most */
	int64_t created, expires, used; /* seconds since 1970; expires 0: never; used 0: never */
	struct scope scope;             /* what else it is limited to */
	int64_t spent;                  /* of scope.bytes, where those are limited */
};

/* A permission on every repository whose name fits a pattern, those to come too. */
struct grant {
	int64_t id;
	int64_t user_id;
	struct str username; /* as it is read, not as it is put */
	struct str source;   /* what manages it: "oidc:NAME"; empty: given by hand */
	struct str pattern;  /* "team-*" */
	enum permission level;
	int64_t expires; /* seconds since 1970: from then on it counts for nothing; 0: never */
};

/* A public key by which its owner mints API keys (model/minted.h) without asking this server. */
struct signing_key {
	int64_t id;
	int64_t user_id;
	struct str name;
	struct str kid;        /* its thumbprint, RFC 7638 */
	struct str jwk;        /* it, as JSON */
	int64_t created, used; /* seconds since 1970; used 0: never */
};

enum { USERNAME_MAX = 39, PASSWORD_MIN = 8, PASSWORD_MAX = 1024, TOKEN_NAME_MAX = 100 };

/* 1..39 of [a-z0-9-_.], beginning with a letter or digit, in lower case. ERR_INVALID says what is
 * wrong. */
enum err username_check(struct ctx *c, struct str username) MUST;
enum { USERNAME_DERIVED_MAX = 30 };
/* One after what somebody is called elsewhere, with room for a number behind it: "ada.lovelace" of
 * "Ada.Lovelace@example.org", "user" where nothing is left. */
struct str username_derive(struct arena *a, struct str said);
/* PASSWORD_MIN characters to PASSWORD_MAX bytes of anything but zero bytes: how good it is, port/strength.h
 * says. */
enum err password_check(struct ctx *c, struct str password) MUST;

#endif

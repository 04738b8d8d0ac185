/*
 * A signed-in device: a program of somebody's, such as git on a laptop, that was let in by them on a
 * page and comes by short-lived tokens since (model/access_token.h). In OAuth's words a grant, with the
 * family of its refresh tokens (RFC 6749, RFC 9700): each is used once and gives the next.
 */
#ifndef MODEL_DEVICE_H
#define MODEL_DEVICE_H

#include "model/scope.h"

#define REFRESH_PREFIX "nbr_"

enum {
	DEVICE_NAME_MAX = 100,
	DEVICE_CODE_SECONDS = 15 * 60,
	DEVICE_POLL_SECONDS = 5,
	AUTHORIZATION_CODE_SECONDS = 60,
	USER_CODE_LEN = 8,
	/* A refresh token: REFRESH_PREFIX, the family's name, and a secret, all of [A-Za-z0-9]. */
	REFRESH_FAMILY = 22,
	REFRESH_SECRET = 43,
};

struct device {
	int64_t id;
	int64_t user_id;
	struct str client;     /* the program's id, as in device_client_name */
	struct str name;       /* what it calls itself, such as the machine's name; may be empty */
	enum permission limit; /* what it may do at most */
	struct scope scope;    /* what else it is limited to */
	int64_t generation;    /* of the password that its owner had: with another it is over */
	int64_t created, used; /* seconds since 1970; used: when it got its last token … */
	struct str address;    /* … and from where; empty: nobody knows */
	int64_t expires;       /* unless it gets another before */
};

enum device_request_kind {
	DEVICE_BY_CODE,     /* RFC 8628: the code is polled for, a person types another */
	DEVICE_BY_REDIRECT, /* RFC 6749, 4.1, with RFC 7636: the code went to a port of the machine */
};

enum device_request_state { DEVICE_PENDING, DEVICE_APPROVED, DEVICE_REFUSED };

/* A device that asks to be let in. */
struct device_request {
	enum device_request_kind kind;
	enum device_request_state state;
	struct str client, name;
	enum permission limit;
	struct scope scope;
	struct str address;             /* of who asks */
	int64_t created, expires;       /* seconds since 1970 */
	int64_t user_id, generation;    /* who approved it, or 0 */
	struct str redirect, challenge; /* of DEVICE_BY_REDIRECT */
};

/* The programs that may ask, all of them public clients: their names for people; NULL: unknown. */
const char *device_client_name(struct str client);

/* What people type, in any case and with or without the dash, to what is kept: false where it cannot be
 * a code. And what they are shown: "BCDF-GHJK", in the arena. */
bool user_code_read(struct str typed, char out[USER_CODE_LEN]);
struct str user_code_text(struct arena *a, struct str code);
/* Its letters: those that are not mistaken for another and make no words (RFC 8628, 6.1). */
#define USER_CODE_LETTERS "BCDFGHJKLMNPQRSTVWXZ"

/* Both parts of a refresh token; false where it is none. */
bool refresh_token_read(struct str text, struct str *family, struct str *secret);

/* "http://127.0.0.1:PORT/…", "http://[::1]:PORT/…" or "http://localhost:PORT/…" (RFC 8252, 7.3), of
 * printable ASCII without a fragment. */
bool redirect_is_loopback(struct str url);

#endif

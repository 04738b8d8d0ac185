/*
 * Who is asking. Every verb in core/ takes one: identity is never ambient.
 *
 * It says who somebody was proven to be; core/permit.h finds in each transaction whether they still
 * are. Ids are given out once, and a generation is of one password: what an actor says was either
 * true and has ended, or is true.
 */
#ifndef MODEL_ACTOR_H
#define MODEL_ACTOR_H

#include "base/str.h"

struct scope;

enum permission { PERMISSION_NONE, PERMISSION_READ, PERMISSION_WRITE, PERMISSION_ADMIN };

struct actor {
	int64_t user_id;       /* 0: anonymous */
	struct str username;   /* empty: anonymous */
	bool owner;            /* of the instance: may do everything */
	bool half;             /* a second factor is still to be asked for: nobody, until then */
	int64_t generation;    /* of the password that they had, see struct user */
	int64_t token_id;      /* the API token by which they came, or 0 */
	int64_t key_id;        /* the signing key that minted theirs, or 0 … */
	struct str minted;     /* … and the minted one's own id */
	int64_t device_id;     /* the signed-in device that they came from, or 0 */
	int64_t identity_id;   /* the identity whose provider's token they brought, or 0 */
	int64_t ends;          /* when a minted key or such a token ends: seconds since 1970 */
	enum permission limit; /* what that token allows at most; PERMISSION_ADMIN without one */
	const struct scope *scope; /* what else it is limited to, model/scope.h; NULL: to nothing */
	struct str
		via; /* how they proved it, for the audit log: "password", "token 12", "session", "oidc:corp" */
	struct str peer; /* the address that they came from; empty: none is known */
	/* Where another vouched for them: what they are called there … */
	struct str subject;
	struct str groups; /* … and the groups that they are in there, one a line */
};

#define ACTOR_ANONYMOUS ((struct actor){.limit = PERMISSION_ADMIN})

/* Did they come by an API key of any kind, a device's or a provider's token, or as a service that another
 * vouched for, and not by what proves a person? */
static inline bool actor_has_key(const struct actor *who)
{
	return who->token_id || who->key_id || who->device_id || who->identity_id ||
	       who->subject.len;
}

static inline bool actor_is_anonymous(const struct actor *who)
{
	return who->user_id == 0;
}

/* "read", "write", "admin"; "none". And back: false on any other word. */
const char *permission_name(enum permission p);
bool permission_parse(struct str text, enum permission *out);

#endif

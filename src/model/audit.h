/* An entry of the audit log: who did what, or was refused it. A value; its text belongs to whoever made it.
 */
#ifndef MODEL_AUDIT_H
#define MODEL_AUDIT_H

#include "base/str.h"

enum {
	AUDIT_INSTANCE = 0, /* the instance's chain; a repository's is its id */
	AUDIT_BEFORE = -1,  /* what was written before there were chains: it has no hashes */
};

enum audit_outcome { AUDIT_DONE, AUDIT_REFUSED };

struct audit {
	int64_t chain, sequence; /* 1, 2, 3 … */
	int64_t time;            /* microseconds since 1970 */
	int64_t user_id;         /* 0: nobody was proven */
	struct str username;     /* or the name that was tried */
	struct str peer;         /* the address they came from; empty: none */
	struct str via;          /* "password", "token 12", "session", "command line" … */
	struct str action;       /* "push": an event's type, an operation, or of core/audit.h */
	enum audit_outcome outcome;
	struct str subject;  /* what it was done to: a repository's or a person's name */
	struct str detail;   /* a JSON object, or empty */
	struct str request;  /* the request's id */
	struct str decision; /* by which the policy's own log knows it */
	struct str hash;     /* 32 bytes; meta/audit.h */
};

static inline const char *audit_outcome_name(enum audit_outcome outcome)
{
	return outcome == AUDIT_REFUSED ? "refused" : "done";
}

#endif

/*
 * What git and its credential helpers tell each other (gitcredentials(7), git-credential(1)): lines
 * "key=value" up to an empty one or the end, of which unknown ones are passed over. Views of the text.
 */
#ifndef MODEL_GIT_CREDENTIAL_H
#define MODEL_GIT_CREDENTIAL_H

#include "base/buf.h"
#include "base/ctx.h"

enum { GIT_CREDENTIAL_MAX = 64 << 10, ORIGIN_MAX = 300 };

struct git_credential {
	struct str protocol, host, username;
	struct str secret;   /* a password, or (git 2.46) what stands for one */
	bool takes_authtype; /* it understands "authtype" and "credential" (git 2.46) */
};

/* ERR_INVALID for a line without "=", for a NUL, and for too much. */
enum err git_credential_read(struct ctx *c, struct str text, struct git_credential *out) MUST;

/* "https://git.example.org", in lower case, in the arena: where a secret may be sent, which is by https,
 * or by http to this machine itself. False for any other. */
bool git_credential_origin(struct arena *a, const struct git_credential *asked, struct str *origin);
/* The same of a URL, whose path does not matter. */
bool url_origin(struct arena *a, struct str url, struct str *origin);

/* What git is given: a token, whose it is, and when it ends. */
struct git_credential_answer {
	struct str username, token;
	int64_t ends; /* seconds since 1970 */
};
void git_credential_write(struct buf *out, const struct git_credential *asked,
	const struct git_credential_answer *answer);

#endif

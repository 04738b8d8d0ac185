/*
 * Port: somebody else who knows people and says who signs in: an OpenID Connect provider.
 *
 * A person's browser is sent to where provider_begin says and comes back with an answer, of which
 * provider_finish says who it is. A program brings a token that it has from there: provider_bearer.
 * The provider itself tells that somebody signed out there: provider_signed_out. Any thread.
 */
#ifndef PORT_PROVIDER_H
#define PORT_PROVIDER_H

#include "base/ctx.h"
#include "model/actor.h"

enum { PROVIDER_GROUPS_MAX = 1000, PROVIDER_TEXT_MAX = 255 };

/* What ties the two halves of a sign-in together. Whoever begins it makes the first three anew, of
 * 43 random letters and digits or more each, and keeps them for the browser that it sends away. */
struct provider_flow {
	struct str state, nonce, verifier;
	struct str redirect; /* where the browser comes back to, an absolute URL */
	bool anew;           /* they are to prove who they are now, though they did so before */
};

/* A permission on every repository whose name fits. */
struct provider_grant {
	struct str pattern; /* as pattern_repo_like takes it */
	enum permission level;
};

/* In c->arena. Texts are UTF-8 without control characters; what is not said is empty. */
struct provider_person {
	/* Who it is, for ever, both together. All else may change, and be another's tomorrow. */
	struct str issuer, subject;
	struct str username, name, email; /* as they said it: held to none of our rules */
	bool email_verified;
	const struct str *groups;
	size_t group_count;
	const struct provider_grant
		*grants; /* what their groups are given here, each pattern once */
	size_t grant_count;
	int64_t authenticated; /* when they proved it there: seconds since 1970; 0: it is not said */
	struct str session;    /* of theirs there ("sid"); empty: it is not said */
	struct str id_token;   /* for provider_logout; empty where a token of theirs was brought */
	int64_t expires;       /* of that token; seconds since 1970 */
};

/* Who signed out there: a subject, one session, or one session of a subject. */
struct provider_signed_out {
	struct str issuer, subject, session; /* of the last two one may be empty */
	struct str id;                       /* of the message, which counts once … */
	int64_t expires;                     /* … and only before: seconds since 1970 */
};

/* Who without an account, and whom nobody invited, is given one at their first sign-in. */
enum provider_sign_up {
	PROVIDER_SIGN_UP_INVITED, /* nobody */
	PROVIDER_SIGN_UP_GROUPS,  /* whose groups are given something */
	PROVIDER_SIGN_UP_ALL,     /* whoever signs in there */
};

struct provider {
	const struct provider_ops *ops;
	const char *name;  /* as the settings have it: "corp" */
	const char *label; /* what people know it by: "Example Corp" */
	const char *issuer;
	bool signs_in; /* people can be sent there */
	enum provider_sign_up sign_up;
};

struct provider_ops {
	/* The URL to send the browser to. ERR_UNSUPPORTED without `signs_in`; ERR_UNAVAILABLE, TIMEOUT. */
	enum err (*begin)(struct ctx *c, struct provider *self, const struct provider_flow *flow,
		struct str *url);
	/*
	 * `answer` is the query with which the browser came back. ERR_UNAUTH where the provider
	 * says no, or where what it says cannot be believed; ERR_UNAVAILABLE, TIMEOUT.
	 */
	enum err (*finish)(struct ctx *c, struct provider *self, const struct provider_flow *flow,
		struct str answer, struct provider_person *out);
	/* ERR_UNSUPPORTED for what is no token of this provider; ERR_UNAUTH for one that proves
	 * nothing; ERR_UNAVAILABLE, TIMEOUT. */
	enum err (*bearer)(struct ctx *c, struct provider *self, struct str token,
		struct provider_person *out);
	/* Where to send a browser to be signed out there too, and then to `back`; empty: there is
	 * no such place. */
	enum err (*logout)(struct ctx *c, struct provider *self, struct str id_token,
		struct str back, struct str *url);
	/* ERR_UNAUTH for a message that does not prove that anybody signed out; ERR_UNAVAILABLE,
	 * TIMEOUT. That it came before, who asks finds out. */
	enum err (*signed_out)(struct ctx *c, struct provider *self, struct str message,
		struct provider_signed_out *out);
	void (*close)(struct provider *self);
};

/* As those of a person are, and not empty. */
static inline bool provider_text_ok(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f)
			return false;
	return text.len && text.len <= PROVIDER_TEXT_MAX && str_is_utf8(text);
}

static inline MUST enum err provider_begin(
	struct ctx *c, struct provider *p, const struct provider_flow *flow, struct str *url)
{
	return p->ops->begin(c, p, flow, url);
}

static inline MUST enum err provider_finish(struct ctx *c, struct provider *p,
	const struct provider_flow *flow, struct str answer, struct provider_person *out)
{
	return p->ops->finish(c, p, flow, answer, out);
}

static inline MUST enum err provider_bearer(
	struct ctx *c, struct provider *p, struct str token, struct provider_person *out)
{
	return p->ops->bearer(c, p, token, out);
}

static inline MUST enum err provider_logout(
	struct ctx *c, struct provider *p, struct str id_token, struct str back, struct str *url)
{
	return p->ops->logout(c, p, id_token, back, url);
}

static inline MUST enum err provider_signed_out(
	struct ctx *c, struct provider *p, struct str message, struct provider_signed_out *out)
{
	return p->ops->signed_out(c, p, message, out);
}

static inline void provider_close(struct provider *p)
{
	if (p)
		p->ops->close(p);
}

#endif

/*
 * Single sign-on: a person signs in with a provider (port/provider.h), and becomes an account here.
 *
 * sso_begin sends a browser away, sso_finish takes what it comes back with. Between them the flow lies
 * in core->kv for SSO_SECONDS, for this browser alone: who is led here with somebody else's answer is
 * signed in to nothing.
 *
 * Which account it is, (issuer, subject) says, and nothing else: never an email address or a username.
 * Whom no account is connected with gets a new one, where the provider's settings allow that or an
 * invitation was brought, or is refused. With each sign-in, in its transaction, what the person's
 * groups are given becomes what they have from this provider: grants of its source that are not given
 * any more go, and those of others stay. Nobody becomes the owner here.
 *
 * What comes out lives in c->arena.
 */
#ifndef CORE_SSO_H
#define CORE_SSO_H

#include "core/session.h"

enum { SSO_SECONDS = 600, SSO_BROWSER_MAX = 64, SSO_NEXT_MAX = 2048 };

/* Stored for some minutes: never change a number. */
enum sso_purpose {
	SSO_SIGN_IN = 0,
	SSO_CONNECT = 1, /* the account of who is signed in with who signs in there */
	SSO_PROVE = 2,   /* who is signed in proves it once more */
	SSO_INVITED = 3, /* to make an account by an invitation */
};

struct sso_begin {
	struct str provider; /* its name */
	enum sso_purpose purpose;
	/* What only this browser knows, and brings back: to SSO_BROWSER_MAX letters and digits. */
	struct str browser;
	struct str redirect;   /* where the provider sends it back to: an absolute URL */
	struct str next;       /* where they want to go then: a path of ours */
	struct str invitation; /* its secret, for SSO_INVITED */
	struct str peer;       /* the browser's address; empty: unknown */
};

/*
 * *url: where to send the browser. ERR_NOT_FOUND of the provider. ERR_UNAUTH of the invitation. ERR_DENIED
 * of a key that would connect or prove, here and in sso_finish.
 * ERR_UNAVAILABLE, in words for the log, where the provider does not answer as it should; whether
 * there is a place for sessions, session_ready is asked first. ERR_RATE_LIMITED when that address began too many.
 */
enum err sso_begin(struct ctx *c, struct core *core, const struct actor *who,
	const struct sso_begin *what, struct str *url) MUST;

struct sso_answer {
	struct str provider, browser;
	struct str query; /* with which the browser came back */
	struct str peer;
};

struct sso_end {
	enum sso_purpose purpose; /* these two as soon as the flow is known, whatever comes then */
	struct str next;
	struct actor who;     /* of a sign-in, to begin a session for … */
	struct session_by by; /* … with this */
	bool joined;          /* it is a new account */
};

/*
 * ERR_UNAUTH where the answer proves nobody, or is of no flow of this browser. ERR_DENIED where the
 * provider knows them and there is no account for them. ERR_EXISTS where they are connected with another
 * account than the one wanted. ERR_UNAVAILABLE as above. Refusals are in the audit log.
 */
enum err sso_finish(struct ctx *c, struct core *core, const struct actor *who,
	const struct sso_answer *answer, struct sso_end *out) MUST;

/*
 * Where to send the browser of who signed out here, to be signed out there too; empty: nowhere. `via`
 * and `id_token` were the session's, `back` is a URL of ours. Says nothing of a provider that does not
 * answer: they are signed out here.
 */
struct str sso_sign_out(
	struct ctx *c, struct core *core, struct str via, struct str id_token, struct str back);

/* A provider tells that somebody signed out there (OpenID Connect Back-Channel Logout 1.0). ERR_UNAUTH of a
 * message that does not prove it, or came before; ERR_NOT_FOUND of the provider. */
enum err sso_signed_out(struct ctx *c, struct core *core, struct str provider, struct str message)
	MUST;

#endif

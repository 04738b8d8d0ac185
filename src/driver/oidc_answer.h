/*
 * What an OpenID Connect provider answers, read: its own description (OpenID Connect Discovery 1.0,
 * RFC 8414) and what its token endpoint says (RFC 6749, section 5). Views of c->arena.
 */
#ifndef DRIVER_OIDC_ANSWER_H
#define DRIVER_OIDC_ANSWER_H

#include "base/json.h"

enum { OIDC_URL_MAX = 2048, OIDC_ACCESS_TOKEN_MAX = 32 << 10 };

/* An absolute https URL, or an http one of this machine itself, without a name or password, spaces
 * or a fragment. */
bool oidc_is_url(struct str url);

/* Empty: it has none. */
struct oidc_metadata {
	struct str authorization, token, userinfo, end_session; /* endpoints */
	struct str jwks;                                        /* is there always */
	bool posts_secret; /* takes a client's secret only as a part of the form */
	bool says_issuer;  /* its answers carry "iss" (RFC 9207) */
};

/* ERR_UNAVAILABLE, with the reason, for what is no description of exactly this issuer. */
enum err oidc_metadata_parse(
	struct ctx *c, struct str issuer, struct str text, struct oidc_metadata *out) MUST;

struct oidc_tokens {
	struct str id_token;
	struct str access_token; /* may be empty */
};

/* Of a good answer. ERR_UNAVAILABLE where it lacks what it must have. */
enum err oidc_tokens_parse(struct ctx *c, struct str text, struct oidc_tokens *out) MUST;

/* The "error" of a bad one; empty where it is none. */
struct str oidc_error_of(struct ctx *c, struct str text);

#endif

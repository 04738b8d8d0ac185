/*
 * JSON Web Tokens (RFC 7519), signed and in the compact form (RFC 7515), held to RFC 8725.
 *
 * Three steps, each of which may say no, and only after the third is anything in a token worth
 * believing: jwt_parse reads, jwt_verify proves who made it, jwt_check asks whether it is meant for
 * us and for now. Every refusal is ERR_UNAUTH and says which rule. Encrypted tokens are refused, and
 * what a header offers as a key (jwk, jku, x5c, x5u) is not looked at. All views are of the token's
 * text or in c->arena.
 */
#ifndef BASE_JWT_H
#define BASE_JWT_H

#include "base/jwk.h"

enum { JWT_MAX = 16 << 10, JWT_TEXT_MAX = 255 };

struct jwt {
	enum jws_alg alg;
	struct str kid;            /* empty: it names none */
	struct str typ;            /* empty: it says nothing */
	const struct json *claims; /* an object */
	struct str issuer, subject, id;
	const struct json *audience;         /* a text, or an array of texts; NULL: for nobody */
	int64_t expires, not_before, issued; /* seconds since 1970; 0: it does not say */

	struct str message, signature;
};

enum err jwt_parse(struct ctx *c, struct str token, struct jwt *out) MUST;

/* Was it signed by this key, of this key's algorithm? */
enum err jwt_verify(struct ctx *c, const struct jwt *token, const struct jwk *key) MUST;

struct jwt_rules {
	struct str issuer;   /* "iss" is exactly this */
	struct str audience; /* "aud" is exactly this, or has it among others */
	const char *typ;     /* as "at+jwt"; NULL: "JWT", or nothing */
	int64_t now;         /* seconds since 1970 */
	int64_t leeway;      /* seconds by which clocks may differ */
};

/* A token without an end is refused. */
enum err jwt_check(struct ctx *c, const struct jwt *token, const struct jwt_rules *rules) MUST;

bool jwt_is_for(const struct jwt *token, struct str audience);

/* A token of ours: `claims` is the text of an object. In the arena. */
struct str jwt_make(
	struct arena *a, const struct jwk_secret *key, const char *typ, struct str claims);

#endif

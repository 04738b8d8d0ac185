/*
 * Public keys as JSON (JWK, JWK Set: RFC 7517; their members: RFC 7518, section 6, and RFC 8037 for
 * Ed25519; their thumbprints: RFC 7638), and signatures by them as JWS has them (RFC 7515).
 *
 * A key is for one algorithm, which it names itself: what a token says of its own decides nothing
 * (RFC 8725, 2.1). Keys for one secret that both sides know (kty "oct") are unknown here. All of it
 * lives in the arena of the context that read it; any thread may read it.
 */
#ifndef BASE_JWK_H
#define BASE_JWK_H

#include "base/json.h"
#include "base/sign.h"

enum jws_alg {
	JWS_EDDSA, /* with Ed25519 */
	JWS_ES256,
	JWS_ES384,
	JWS_ES512,
	JWS_RS256,
	JWS_RS512,
	JWS_PS256,
	JWS_ALGS
};

enum {
	JWK_ID_MAX = 255,
	JWKS_TEXT_MAX = 256 << 10,
	JWKS_MAX = 128,     /* keys that are looked at */
	JWK_RSA_MIN = 2048, /* bits */
	JWK_RSA_MAX = 8192,
};

struct jwk {
	enum jws_alg alg;
	struct str kid;               /* its name; empty: it has none */
	struct str point;             /* Ed25519: 32 bytes; of a curve: 4, x, y */
	struct str modulus, exponent; /* RSA: big-endian */
};

struct jwks {
	struct jwk *at;
	size_t count;
};

/* "ES256" …; and back: false for "none" and all that is unknown. */
const char *jws_alg_name(enum jws_alg alg);
bool jws_alg_parse(struct str name, enum jws_alg *out);

/*
 * One key. An RSA key that names no algorithm is one for RS256, as OpenID Connect assumes.
 * ERR_UNSUPPORTED for a kind, a curve, an algorithm or a use that is unknown here, or an RSA key that is too short
 * or too long; ERR_INVALID for one that is damaged, and for a private one.
 */
enum err jwk_parse(struct ctx *c, const struct json *object, struct jwk *out) MUST;

/* Those keys of a set that are of use here; one that is not is passed over. ERR_INVALID for what is
 * no set, ERR_TOO_BIG over JWKS_TEXT_MAX. */
enum err jwks_parse(struct ctx *c, struct str text, struct jwks *out) MUST;

/* The key of that name and algorithm. Without a name: the only one for that algorithm. NULL: none. */
const struct jwk *jwks_find(const struct jwks *keys, struct str kid, enum jws_alg alg);

/* An object, with "use":"sig"; the set of several; the thumbprint, by SHA-256 as base64url. */
void jwk_print(struct json_writer *w, const struct jwk *key);
void jwks_print(struct json_writer *w, const struct jwks *keys);
struct str jwk_thumbprint(struct arena *a, const struct jwk *key);

bool jwk_verify(const struct jwk *key, struct str message, struct str signature);

/* A key of ours, of JWS_EDDSA or JWS_ES256. Its name is its thumbprint. */
struct jwk_secret {
	struct jwk public;
	uint8_t bytes[SIGN_SECRET];
};

/* A new one; and one that was kept as `bytes`, ERR_INVALID where that is none. */
void jwk_make(struct ctx *c, enum jws_alg alg, struct jwk_secret *out);
enum err jwk_secret_open(struct ctx *c, enum jws_alg alg, struct str bytes, struct jwk_secret *out)
	MUST;

/* In the arena. */
struct str jwk_sign(struct arena *a, const struct jwk_secret *key, struct str message);

#endif

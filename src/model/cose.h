/* Public keys as COSE has them (RFC 9052, 9053, 8230), of the kinds that passkeys are made with. */
#ifndef MODEL_COSE_H
#define MODEL_COSE_H

#include "base/ctx.h"
#include "base/str.h"

/* What is asked for, the best first. */
enum cose_algorithm { COSE_ES256 = -7, COSE_EDDSA = -8, COSE_RS256 = -257 };

struct cose_key {
	enum cose_algorithm algorithm;
	struct str x, y;              /* ES256 on P-256: 32 bytes each; EdDSA, Ed25519: x alone */
	struct str modulus, exponent; /* RS256 */
};

/* The key that *rest begins with; *rest is what comes after. Views into it. ERR_INVALID for what is no
 * key, ERR_UNSUPPORTED for one of another algorithm. Whether x and y are a point, is only seen when a
 * signature is checked. */
enum err cose_key_take(struct ctx *c, struct str *rest, struct cose_key *out) MUST;

/* Is it this key's signature of `message`? In the form that WebAuthn (6.5.5) has them: ES256's in DER. */
bool cose_signed(const struct cose_key *key, struct str signature, struct str message);

#endif

/*
 * A key by which the instance signs the access tokens that it issues. One is published before it
 * signs, so that whoever keeps the set of keys knows it by then; and for as long after it as what it
 * signed is good.
 */
#ifndef MODEL_ISSUER_KEY_H
#define MODEL_ISSUER_KEY_H

#include "base/jwk.h"

struct issuer_key {
	int64_t id;
	struct str kid;    /* its thumbprint, RFC 7638 */
	enum jws_alg alg;  /* JWS_EDDSA or JWS_ES256 */
	struct str jwk;    /* the public part, as JSON */
	struct str sealed; /* the secret part, see core/seal.h; empty where it was not asked for */
	int64_t created;   /* seconds since 1970, as are all: */
	int64_t begins;    /* it signs from then on, until a later one begins */
	int64_t ends; /* nothing that it signed is good from then on; 0: that is not known yet */
};

/* A JWK Set (RFC 7517) of their public parts, in the arena. */
struct str issuer_keys_text(struct arena *a, const struct issuer_key *keys, size_t count);

#endif

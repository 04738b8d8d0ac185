/*
 * Signatures of public keys, verified by the host's implementation; and the SHA-512 that they are
 * made over. Any thread.
 */
#ifndef BASE_SIGN_H
#define BASE_SIGN_H

#include "base/str.h"

enum { SHA512_BYTES = 64, ED25519_KEY = 32, ED25519_SIGNATURE = 64 };

void sign_sha512(struct str bytes, uint8_t digest[SHA512_BYTES]);

/* False for a signature that is not this key's over `message`, and for what is no key. */
bool sign_ed25519_ok(const uint8_t key[ED25519_KEY], const uint8_t signature[ED25519_SIGNATURE],
	struct str message);

/* On NIST's curve of `bits`: 256, 384 or 521; over SHA-256, -384 or -512. Big-endian numbers. */
struct sign_ecdsa {
	struct str point; /* the key: 4, x, y */
	struct str r, s;  /* the signature */
	int bits;
};

bool sign_ecdsa_ok(const struct sign_ecdsa *ecdsa, struct str message);

/* RSASSA-PKCS1-v1_5; big-endian numbers. `bits` of SHA-2: 256 or 512. */
struct sign_rsa {
	struct str modulus, exponent;
	int bits;
};

bool sign_rsa_ok(const struct sign_rsa *key, struct str signature, struct str message);

#endif

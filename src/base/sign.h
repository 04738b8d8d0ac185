/*
 * Signatures of public keys, verified and made by the host's implementation; and the SHA-512 that
 * they are made over. Any thread.
 */
#ifndef BASE_SIGN_H
#define BASE_SIGN_H

#include "base/str.h"

enum {
	SHA512_BYTES = 64,
	ED25519_KEY = 32,
	ED25519_SIGNATURE = 64,
	P256_POINT = 65,     /* 4, x, y */
	P256_SIGNATURE = 64, /* r, s */
	SIGN_SECRET = 32,    /* Ed25519's seed; P-256's number, big-endian */
};

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

/* RSASSA-PKCS1-v1_5, or RSASSA-PSS with a salt as long as the hash; big-endian numbers. `bits` of
 * SHA-2: 256 or 512. */
struct sign_rsa {
	struct str modulus, exponent;
	int bits;
	bool pss;
};

bool sign_rsa_ok(const struct sign_rsa *key, struct str signature, struct str message);

/* The key that belongs to a secret. Any 32 bytes are one for Ed25519; false for what is none on
 * P-256, as one in some four thousand million is. */
void sign_ed25519_public(const uint8_t secret[SIGN_SECRET], uint8_t key[ED25519_KEY]);
bool sign_p256_public(const uint8_t secret[SIGN_SECRET], uint8_t point[P256_POINT]);

/* A signature over `message`; of P-256 over its SHA-256. The secret is one. */
void sign_ed25519_make(const uint8_t secret[SIGN_SECRET], struct str message,
	uint8_t signature[ED25519_SIGNATURE]);
void sign_p256_make(
	const uint8_t secret[SIGN_SECRET], struct str message, uint8_t signature[P256_SIGNATURE]);

#endif

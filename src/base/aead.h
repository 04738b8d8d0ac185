/*
 * Authenticated encryption by the host: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha), whose nonce is
 * long enough to be drawn at random. Any thread.
 */
#ifndef BASE_AEAD_H
#define BASE_AEAD_H

#include "base/str.h"

enum { AEAD_KEY = 32, AEAD_NONCE = 24, AEAD_TAG = 16 };

/* Writes plain.len + AEAD_TAG bytes. `bound` is not kept: who opens it must say the same. */
void aead_close(const uint8_t key[AEAD_KEY], const uint8_t nonce[AEAD_NONCE], struct str bound,
	struct str plain, uint8_t *out);

/* Writes closed.len - AEAD_TAG bytes. False, with nothing written, for what this key did not close
 * with this nonce and `bound`. */
bool aead_open(const uint8_t key[AEAD_KEY], const uint8_t nonce[AEAD_NONCE], struct str bound,
	struct str closed, uint8_t *out);

#endif

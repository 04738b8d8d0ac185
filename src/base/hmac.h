/* HMAC (RFC 2104). */
#ifndef BASE_HMAC_H
#define BASE_HMAC_H

#include "base/hash.h"
#include "base/str.h"

/* hash_size(algo) bytes. SHA-1 is for what others prescribe (model/totp.h). */
void hmac(enum hash_algo algo, struct str key, struct str message, uint8_t digest[HASH_MAX]);
void hmac_sha256(struct str key, struct str message, uint8_t digest[HASH_MAX]);

#endif

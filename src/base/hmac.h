/* HMAC-SHA-256 (RFC 2104). */
#ifndef BASE_HMAC_H
#define BASE_HMAC_H

#include "base/hash.h"
#include "base/str.h"

void hmac_sha256(struct str key, struct str message, uint8_t digest[HASH_MAX]);

#endif

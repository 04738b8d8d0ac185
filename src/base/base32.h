/* Base32: of RFC 4648, and Crockford's, which people read aloud and type. */
#ifndef BASE_BASE32_H
#define BASE_BASE32_H

#include "base/str.h"

/* Upper case, no padding. */
struct str base32_encode(struct arena *a, struct str bytes);

/* Upper case, without I, L, O and U. */
struct str crockford_encode(struct arena *a, struct str bytes);

/*
 * What somebody typed: of either case, with spaces and '-' anywhere; O is 0, I and L are 1. False on
 * any other letter, when it is not exactly `len` bytes, or when bits are left over that are not zero.
 */
bool crockford_decode(struct str text, void *out, size_t len);

#endif

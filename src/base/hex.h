/* Hexadecimal and base64 (RFC 4648). */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include "base/str.h"

/* Writes 2*len lower-case digits, no NUL. */
void hex_encode(const void *bytes, size_t len, char *out);
/* Reads 2*len digits of either case; false on any other byte. */
bool hex_decode(const char *text, size_t len, void *out);

/* Standard alphabet with padding. Decoding is strict; *out_len is set; out needs text.len / 4 * 3
 * bytes. */
struct str base64_encode(struct arena *a, struct str bytes);
bool base64_decode(struct str text, void *out, size_t *out_len);

/* URL alphabet, no padding: for tokens and cursors, and in WebAuthn. Decoding is as strict; out needs
 * text.len / 4 * 3 + 2 bytes. */
struct str base64url_encode(struct arena *a, struct str bytes);
bool base64url_decode(struct str text, void *out, size_t *out_len);

#endif

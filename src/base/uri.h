/* Percent-encoding and query strings (RFC 3986, application/x-www-form-urlencoded). */
#ifndef BASE_URI_H
#define BASE_URI_H

#include "base/buf.h"

/* Decodes %XX ('+' to a space too with `form`). False on a bad escape or a NUL. */
bool uri_decode(struct arena *a, struct str text, bool form, struct str *out);

/* Encodes all but unreserved bytes; uri_encode_path keeps '/' as well. */
void uri_encode(struct buf *b, struct str text);
void uri_encode_path(struct buf *b, struct str text);

/* The decoded value of `name` in "a=1&b=2"; false where it is missing or badly escaped. */
bool uri_param(struct arena *a, struct str query, struct str name, struct str *value);

#endif

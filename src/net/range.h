/* The header "Range" (RFC 9110, 14.2), of one range of bytes. */
#ifndef NET_RANGE_H
#define NET_RANGE_H

#include "base/str.h"

enum http_range {
	HTTP_RANGE_ALL,     /* none, or one that need not be understood: several, or another unit */
	HTTP_RANGE_PART,    /* some of the bytes: 206 */
	HTTP_RANGE_OUTSIDE, /* none of them: 416 */
};

/* What the header's value asks of `size` bytes: *at and *len in any case but HTTP_RANGE_OUTSIDE. */
enum http_range http_range(struct str value, uint64_t size, uint64_t *at, uint64_t *len);

#endif

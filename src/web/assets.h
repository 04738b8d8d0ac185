/* The files of web/, compiled in. They live as long as the process. Any thread. */
#ifndef WEB_ASSETS_H
#define WEB_ASSETS_H

#include <stddef.h>

struct asset {
	const char *path; /* under web/, such as "app.css"; the table is sorted by it */
	const unsigned char *bytes;
	size_t len;
	const char *hash;      /* of the content, for file names and ETags: 16 hexadecimal digits */
	const char *integrity; /* "sha256-…": W3C Subresource Integrity */
};

extern const struct asset assets[]; /* ends with a row of zeros */
extern const size_t asset_count;

#endif

/*
 * zlib streams (RFC 1950), by the host: what git stores every object in; and gzip (RFC 1952) for
 * bodies.
 */
#ifndef BASE_ZIP_H
#define BASE_ZIP_H

#include "base/ctx.h"

#include <stdint.h>

/* Inflates a whole zlib stream that must give exactly `out_len` bytes; *used: bytes of input it
 * took. */
enum err zip_inflate(
	struct ctx *c, const void *in, size_t in_len, void *out, size_t out_len, size_t *used) MUST;

/* Room that zip_deflate may need, and the deflating: level 1..9, never fails. Returns the length.
 */
size_t zip_deflate_bound(size_t len);
size_t zip_deflate(const void *in, size_t len, void *out, size_t cap, int level);

/* The CRC-32 (as in gzip and in pack indexes) of what `crc` is of, followed by these bytes; 0 to
 * begin. */
uint32_t zip_crc32(uint32_t crc, const void *bytes, size_t len);

enum zip_format { ZIP_ZLIB, ZIP_GZIP };

/*
 * What one step of a stream may take and give: the caller sets all four, the step sets both lengths
 * to what it took and gave.
 */
struct zip_io {
	const void *in;
	size_t in_len;
	void *out;
	size_t out_len;
};

/* A stream being inflated piece by piece. open/close. One thread at a time. */
struct inflate;

enum err inflate_open(struct ctx *c, enum zip_format format, struct inflate **out) MUST;
void inflate_close(struct inflate *z);

/* Makes it ready for the next stream, keeping its memory. */
void inflate_reset(struct inflate *z);

/* *done at the end of the stream. ERR_CORRUPT on bad data. */
enum err inflate_step(struct ctx *c, struct inflate *z, struct zip_io *io, bool *done) MUST;

/* A stream being written. open/close; inputs of any size; `finish` with the last input until *done. */
struct deflate;

enum err deflate_open(struct ctx *c, enum zip_format format, int level, struct deflate **out) MUST;
void deflate_close(struct deflate *z);
enum err deflate_step(struct ctx *c, struct deflate *z, struct zip_io *io, bool finish, bool *done)
	MUST;

#endif

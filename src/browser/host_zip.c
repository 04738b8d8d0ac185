/* What base/zip.h asks of its host, in a browser: only what reads a pack. */
#include "base/host.h"
#include "base/inflater.h"

#include <string.h>

struct inflate {
	struct inflater z;
};

enum err inflate_open(struct ctx *c, enum zip_format format, struct inflate **out)
{
	(void)c;
	ASSERT(format == ZIP_ZLIB);
	*out = host_alloc(sizeof **out);
	inflater_init(&(*out)->z);
	return OK;
}

void inflate_close(struct inflate *z)
{
	if (z)
		host_free(z, sizeof *z);
}

void inflate_reset(struct inflate *z)
{
	inflater_init(&z->z);
}

enum err inflate_step(struct ctx *c, struct inflate *z, struct zip_io *io, bool *done)
{
	return inflater_step(c, &z->z, io, done);
}

enum err zip_inflate(
	struct ctx *c, const void *in, size_t in_len, void *out, size_t out_len, size_t *used)
{
	static struct inflater z;
	struct zip_io io = {in, in_len, out, out_len};
	bool done = false;
	inflater_init(&z);
	TRY(inflater_step(c, &z, &io, &done));
	*used = io.in_len;
	if (!done || io.out_len != out_len)
		return fail(c, ERR_CORRUPT, "compressed data does not give %zu bytes", out_len);
	return OK;
}

/* By halves of a byte: a table of 16 is enough for what is summed here. */
uint32_t zip_crc32(uint32_t crc, const void *bytes, size_t len)
{
	static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
		0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8,
		0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
	const uint8_t *at = bytes;
	crc = ~crc;
	for (; len; len--, at++) {
		crc = table[(crc ^ *at) & 15] ^ crc >> 4;
		crc = table[(crc ^ *at >> 4) & 15] ^ crc >> 4;
	}
	return ~crc;
}

/* Only what completes a thin pack compresses, by bases that are elsewhere: here there is no elsewhere. */
static const char *const nothing_is_compressed = "nothing is compressed in a browser";

size_t zip_deflate_bound(size_t len)
{
	return len;
}

size_t zip_deflate(const void *in, size_t len, void *out, size_t cap, int level)
{
	(void)in, (void)len, (void)out, (void)cap, (void)level;
	host_panic(nothing_is_compressed);
}

enum err deflate_open(struct ctx *c, enum zip_format format, int level, struct deflate **out)
{
	(void)format, (void)level, (void)out;
	return fail(c, ERR_UNSUPPORTED, "%s", nothing_is_compressed);
}

void deflate_close(struct deflate *z)
{
	(void)z;
}

enum err deflate_step(struct ctx *c, struct deflate *z, struct zip_io *io, bool finish, bool *done)
{
	(void)z, (void)io, (void)finish, (void)done;
	return fail(c, ERR_UNSUPPORTED, "%s", nothing_is_compressed);
}

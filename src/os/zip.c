#include "base/zip.h"

#include "base/host.h"

#include <libdeflate.h>
#include <limits.h>
#include <pthread.h>
#include <zlib.h>

/* libdeflate's tables, kept by each thread: making them costs more than a small object. */
struct tables {
	struct libdeflate_decompressor *inflate;
	struct libdeflate_compressor *deflate;
	int level;
};

static _Thread_local struct tables *mine;
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void tables_free(void *arg)
{
	struct tables *t = arg;
	libdeflate_free_decompressor(t->inflate);
	if (t->deflate)
		libdeflate_free_compressor(t->deflate);
	host_free(t, sizeof *t);
	mine = NULL;
}

static void key_make(void)
{
	if (pthread_key_create(&key, tables_free))
		host_panic("no thread-local storage is left");
}

static struct tables *tables_of_thread(void)
{
	if (mine)
		return mine;
	if (pthread_once(&once, key_make))
		host_panic("no thread-local storage is left");
	mine = host_alloc(sizeof *mine);
	*mine = (struct tables){.inflate = libdeflate_alloc_decompressor()};
	if (!mine->inflate || pthread_setspecific(key, mine))
		host_panic("out of memory");
	return mine;
}

uint32_t zip_crc32(uint32_t crc, const void *bytes, size_t len)
{
	return libdeflate_crc32(crc, bytes, len);
}

enum err zip_inflate(
	struct ctx *c, const void *in, size_t in_len, void *out, size_t out_len, size_t *used)
{
	enum libdeflate_result result = libdeflate_zlib_decompress_ex(
		tables_of_thread()->inflate, in, in_len, out, out_len, used, NULL);
	switch (result) {
	case LIBDEFLATE_SUCCESS: return OK;
	case LIBDEFLATE_SHORT_OUTPUT:
		return fail(c, ERR_CORRUPT, "compressed data ends before %zu bytes", out_len);
	case LIBDEFLATE_INSUFFICIENT_SPACE:
		return fail(c, ERR_CORRUPT, "compressed data gives more than %zu bytes", out_len);
	default: return fail(c, ERR_CORRUPT, "compressed data is damaged or cut short");
	}
}

size_t zip_deflate_bound(size_t len)
{
	return libdeflate_zlib_compress_bound(NULL, len);
}

size_t zip_deflate(const void *in, size_t len, void *out, size_t cap, int level)
{
	ASSERT(level >= 1 && level <= 9);
	struct tables *t = tables_of_thread();
	if (t->level != level) {
		if (t->deflate)
			libdeflate_free_compressor(t->deflate);
		t->deflate = libdeflate_alloc_compressor(level);
		if (!t->deflate)
			host_panic("out of memory");
		t->level = level;
	}
	size_t size = libdeflate_zlib_compress(t->deflate, in, len, out, cap);
	ASSERT(size > 0); /* else `cap` was under the bound */
	return size;
}

struct inflate {
	z_stream z;
};

struct deflate {
	z_stream z;
};

static int window_of(enum zip_format format)
{
	return format == ZIP_GZIP ? 15 + 16 : 15;
}

static uInt clamp(size_t len)
{
	return len > UINT_MAX ? UINT_MAX : (uInt)len;
}

/* Lends the caller's memory to zlib for one step. */
static void lend(z_stream *z, const struct zip_io *io)
{
	static unsigned char nothing;
	z->next_in = io->in ? (unsigned char *)(uintptr_t)io->in : &nothing;
	z->next_out = io->out ? io->out : &nothing;
	z->avail_in = io->in ? clamp(io->in_len) : 0;
	z->avail_out = io->out ? clamp(io->out_len) : 0;
}

static void take_back(const z_stream *z, struct zip_io *io)
{
	io->in_len = io->in ? clamp(io->in_len) - z->avail_in : 0;
	io->out_len = io->out ? clamp(io->out_len) - z->avail_out : 0;
}

enum err inflate_open(struct ctx *c, enum zip_format format, struct inflate **out)
{
	struct inflate *z = host_alloc(sizeof *z);
	*z = (struct inflate){0};
	if (inflateInit2(&z->z, window_of(format)) != Z_OK) {
		host_free(z, sizeof *z);
		return fail(c, ERR_UNAVAILABLE, "no memory for decompression");
	}
	*out = z;
	return OK;
}

void inflate_close(struct inflate *z)
{
	if (!z)
		return;
	inflateEnd(&z->z);
	host_free(z, sizeof *z);
}

void inflate_reset(struct inflate *z)
{
	int result = inflateReset(&z->z);
	ASSERT(result == Z_OK);
}

enum err inflate_step(struct ctx *c, struct inflate *z, struct zip_io *io, bool *done)
{
	lend(&z->z, io);
	int result = inflate(&z->z, Z_NO_FLUSH);
	take_back(&z->z, io);
	*done = result == Z_STREAM_END;
	if (result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR)
		return OK;
	if (result == Z_MEM_ERROR)
		return fail(c, ERR_UNAVAILABLE, "no memory for decompression");
	return fail(c, ERR_CORRUPT, "compressed data is damaged: %s",
		z->z.msg ? z->z.msg : "bad stream");
}

enum err deflate_open(struct ctx *c, enum zip_format format, int level, struct deflate **out)
{
	ASSERT(level >= 1 && level <= 9);
	struct deflate *z = host_alloc(sizeof *z);
	*z = (struct deflate){0};
	if (deflateInit2(&z->z, level, Z_DEFLATED, window_of(format), 8, Z_DEFAULT_STRATEGY) !=
		Z_OK) {
		host_free(z, sizeof *z);
		return fail(c, ERR_UNAVAILABLE, "no memory for compression");
	}
	*out = z;
	return OK;
}

void deflate_close(struct deflate *z)
{
	if (!z)
		return;
	deflateEnd(&z->z);
	host_free(z, sizeof *z);
}

enum err deflate_step(struct ctx *c, struct deflate *z, struct zip_io *io, bool finish, bool *done)
{
	/* More input than zlib can be lent at once comes with the next step: that is not the end yet. */
	bool all = io->in_len <= UINT_MAX;
	lend(&z->z, io);
	int result = deflate(&z->z, finish && all ? Z_FINISH : Z_NO_FLUSH);
	take_back(&z->z, io);
	*done = result == Z_STREAM_END;
	if (result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR)
		return OK;
	return fail(c, ERR_INVALID, "compression was used after its end");
}

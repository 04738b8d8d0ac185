/*
 * A buffer that grows in an arena, and formatted text.
 *
 * The formats are printf's, checked by the compiler, of which base/ knows: %s %.*s %c %d %i %u %x
 * %o with the lengths h, l, ll, z, j; a width (or *) with an optional leading 0 or -; and %%. Any
 * other ends the process. Nothing depends on a locale.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdarg.h>

/* {.arena = a} is an empty buffer. `at` is never NUL-terminated by itself: see buf_text. */
struct buf {
	struct arena *arena;
	char *at;
	size_t len, cap;
};

void buf_reserve(struct buf *b, size_t more);
void buf_byte(struct buf *b, char byte);
void buf_bytes(struct buf *b, const void *bytes, size_t len);
void buf_str(struct buf *b, struct str s);
void buf_cstr(struct buf *b, const char *text);
void buf_fmt(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
void buf_vfmt(struct buf *b, const char *format, va_list args);

static inline struct str buf_view(const struct buf *b)
{
	return (struct str){b->at, b->len};
}

/* The content, NUL-terminated (the NUL is not counted). */
const char *buf_text(struct buf *b);

/* printf into an arena; into an array of `cap` bytes (cut to fit, always terminated; returns its
 * length). */
const char *arena_fmt(struct arena *a, const char *format, ...) PRINTF_LIKE(2, 3);
size_t fmt_into(char *at, size_t cap, const char *format, ...) PRINTF_LIKE(3, 4);
size_t vfmt_into(char *at, size_t cap, const char *format, va_list args);

/* big-endian integers, as git writes them */
void buf_be32(struct buf *b, uint32_t value);

static inline uint32_t get_be32(const void *p)
{
	const uint8_t *b = p;
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline uint64_t get_be64(const void *p)
{
	return (uint64_t)get_be32(p) << 32 | get_be32((const char *)p + 4);
}

static inline void put_be32(void *p, uint32_t value)
{
	uint8_t *b = p;
	b[0] = (uint8_t)(value >> 24), b[1] = (uint8_t)(value >> 16);
	b[2] = (uint8_t)(value >> 8), b[3] = (uint8_t)value;
}

static inline void put_be64(void *p, uint64_t value)
{
	put_be32(p, (uint32_t)(value >> 32));
	put_be32((char *)p + 4, (uint32_t)value);
}

#endif

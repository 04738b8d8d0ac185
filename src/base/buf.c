#include "base/buf.h"

void buf_reserve(struct buf *b, size_t more)
{
	if (more <= b->cap - b->len)
		return;
	ASSERT(more <= SIZE_MAX / 4 && b->len <= SIZE_MAX / 4);
	size_t cap = b->cap ? b->cap * 2 : 64;
	if (cap < b->len + more)
		cap = b->len + more;
	b->at = arena_grow(b->arena, b->at, b->cap, cap);
	b->cap = cap;
}

void buf_byte(struct buf *b, char byte)
{
	buf_reserve(b, 1);
	b->at[b->len++] = byte;
}

void buf_bytes(struct buf *b, const void *bytes, size_t len)
{
	if (len == 0)
		return;
	buf_reserve(b, len);
	memcpy(b->at + b->len, bytes, len);
	b->len += len;
}

void buf_str(struct buf *b, struct str s)
{
	buf_bytes(b, s.at, s.len);
}

void buf_cstr(struct buf *b, const char *text)
{
	buf_bytes(b, text, strlen(text));
}

const char *buf_text(struct buf *b)
{
	buf_reserve(b, 1);
	b->at[b->len] = 0;
	return b->at;
}

void buf_be32(struct buf *b, uint32_t value)
{
	char bytes[4];
	put_be32(bytes, value);
	buf_bytes(b, bytes, sizeof bytes);
}

/* Where formatted text goes: a buffer, or an array that is cut to fit. */
struct out {
	struct buf *buf;
	char *at;
	size_t len, cap; /* of the array */
};

static void out_bytes(struct out *o, const char *bytes, size_t len)
{
	if (o->buf) {
		buf_bytes(o->buf, bytes, len);
		return;
	}
	if (len > o->cap - o->len)
		len = o->cap - o->len;
	if (len)
		memcpy(o->at + o->len, bytes, len);
	o->len += len;
}

static void out_fill(struct out *o, char byte, size_t count)
{
	while (count--)
		out_bytes(o, &byte, 1);
}

/* One conversion: "%-08.3lx" taken apart. */
struct spec {
	bool left, zero, has_precision;
	size_t width, precision;
	char size; /* h, l, L for ll, z, j, or 0 */
	char type;
};

/* va_list is an array on some machines and none on others: a struct passes it by pointer on all. */
struct args {
	va_list list;
};

static const char *read_number(const char *f, struct args *args, size_t *out)
{
	if (*f == '*') {
		int given = va_arg(args->list, int);
		ASSERT(given >= 0);
		*out = (size_t)given;
		return f + 1;
	}
	size_t value = 0;
	for (; *f >= '0' && *f <= '9'; f++)
		value = value * 10 + (size_t)(*f - '0');
	ASSERT(value < 4096);
	*out = value;
	return f;
}

/* `f` stands after the '%'; returns what follows the conversion. */
static const char *read_spec(const char *f, struct args *args, struct spec *s)
{
	*s = (struct spec){0};
	for (; *f == '-' || *f == '0'; f++) {
		if (*f == '-')
			s->left = true;
		else
			s->zero = true;
	}
	f = read_number(f, args, &s->width);
	if (*f == '.') {
		s->has_precision = true;
		f = read_number(f + 1, args, &s->precision);
	}
	while (*f == 'h' || *f == 'l' || *f == 'z' || *f == 'j') {
		s->size = *f == 'l' && s->size == 'l' ? 'L' : *f;
		f++;
	}
	s->type = *f;
	ASSERT(s->type);
	return f + 1;
}

static void out_padded(struct out *o, const struct spec *s, const char *text, size_t len)
{
	size_t pad = s->width > len ? s->width - len : 0;
	if (!s->left)
		out_fill(o, ' ', pad);
	out_bytes(o, text, len);
	if (s->left)
		out_fill(o, ' ', pad);
}

static void out_number(struct out *o, struct spec *s, uint64_t value, bool negative)
{
	char digits[24];
	size_t at = sizeof digits;
	unsigned base = s->type == 'x' ? 16 : s->type == 'o' ? 8 : 10;
	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	size_t len = sizeof digits - at;
	if (s->zero && !s->left) {
		if (negative)
			out_bytes(o, "-", 1);
		size_t taken = len + negative;
		out_fill(o, '0', s->width > taken ? s->width - taken : 0);
		out_bytes(o, digits + at, len);
		return;
	}
	if (negative)
		digits[--at] = '-';
	out_padded(o, s, digits + at, len + negative);
}

static int64_t signed_arg(const struct spec *s, struct args *args)
{
	switch (s->size) {
	case 'l': return va_arg(args->list, long);
	case 'L': return va_arg(args->list, long long);
	case 'z': return va_arg(args->list, ptrdiff_t);
	case 'j': return va_arg(args->list, intmax_t);
	default: return va_arg(args->list, int);
	}
}

static uint64_t unsigned_arg(const struct spec *s, struct args *args)
{
	switch (s->size) {
	case 'l': return va_arg(args->list, unsigned long);
	case 'L': return va_arg(args->list, unsigned long long);
	case 'z': return va_arg(args->list, size_t);
	case 'j': return va_arg(args->list, uintmax_t);
	default: return va_arg(args->list, unsigned);
	}
}

static void out_text(struct out *o, const struct spec *s, const char *text)
{
	if (!text)
		text = "(null)";
	size_t len = 0;
	if (s->has_precision) {
		const char *end = s->precision ? memchr(text, 0, s->precision) : NULL;
		len = end ? (size_t)(end - text) : s->precision;
	} else {
		len = strlen(text);
	}
	out_padded(o, s, text, len);
}

static void out_spec(struct out *o, struct spec *s, struct args *args)
{
	if (s->type == 's') {
		const char *text = va_arg(args->list, const char *);
		if (!text && s->has_precision && s->precision == 0)
			text = ""; /* an empty view */
		out_text(o, s, text);
	} else if (s->type == 'c') {
		char byte = (char)va_arg(args->list, int);
		out_padded(o, s, &byte, 1);
	} else if (s->type == 'd' || s->type == 'i') {
		int64_t value = signed_arg(s, args);
		out_number(o, s, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0);
	} else {
		ASSERT(s->type == 'u' || s->type == 'x' || s->type == 'o');
		out_number(o, s, unsigned_arg(s, args), false);
	}
}

static void format_into(struct out *o, const char *format, va_list list)
{
	struct args args;
	va_copy(args.list, list);
	for (const char *f = format; *f;) {
		const char *stop = f;
		while (*stop && *stop != '%')
			stop++;
		out_bytes(o, f, (size_t)(stop - f));
		f = stop;
		if (*f == 0)
			break;
		if (f[1] == '%') {
			out_bytes(o, "%", 1);
			f += 2;
			continue;
		}
		struct spec spec;
		f = read_spec(f + 1, &args, &spec);
		out_spec(o, &spec, &args);
	}
	va_end(args.list);
}

void buf_vfmt(struct buf *b, const char *format, va_list args)
{
	format_into(&(struct out){.buf = b}, format, args);
}

void buf_fmt(struct buf *b, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	buf_vfmt(b, format, args);
	va_end(args);
}

const char *arena_fmt(struct arena *a, const char *format, ...)
{
	struct buf b = {.arena = a};
	va_list args;
	va_start(args, format);
	buf_vfmt(&b, format, args);
	va_end(args);
	return buf_text(&b);
}

size_t vfmt_into(char *at, size_t cap, const char *format, va_list args)
{
	ASSERT(cap > 0);
	struct out o = {.at = at, .cap = cap - 1};
	format_into(&o, format, args);
	at[o.len] = 0;
	return o.len;
}

size_t fmt_into(char *at, size_t cap, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	size_t len = vfmt_into(at, cap, format, args);
	va_end(args);
	return len;
}

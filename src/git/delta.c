#include "git/delta.h"

enum { FEED_SIZE = 8 * 1024, WINDOW_MAX = 64 * 1024 };

static bool size_cut(struct str *from, uint64_t *out)
{
	uint64_t value = 0;
	for (unsigned shift = 0; from->len && shift < 64; shift += 7) {
		uint64_t byte = (uint8_t)from->at[0];
		*from = str_from_index(*from, 1);
		if ((byte & 0x7f) << shift >> shift != (byte & 0x7f))
			return false;
		value |= (byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*out = value;
			return true;
		}
	}
	return false;
}

enum err delta_sizes(struct ctx *c, struct str *delta, uint64_t *base, uint64_t *result)
{
	if (!size_cut(delta, base) || !size_cut(delta, result))
		return fail(c, ERR_CORRUPT, "a delta does not begin with two sizes");
	return OK;
}

/* Reads the little-endian number whose bytes are there where `present` has a bit. */
static bool copy_number(const uint8_t **at, const uint8_t *end, unsigned present, size_t *out)
{
	size_t value = 0;
	for (unsigned shift = 0; present; present >>= 1, shift += 8) {
		if (!(present & 1))
			continue;
		if (*at == end)
			return false;
		value |= (size_t) * (*at)++ << shift;
	}
	*out = value;
	return true;
}

/* The operands of a copy, of which `code` says what is there; size 0 stands for 64 KiB. */
static bool copy_parse(
	const uint8_t **at, const uint8_t *end, uint8_t code, size_t *offset, size_t *len)
{
	if (!copy_number(at, end, code & 0x0f, offset) || !copy_number(at, end, code >> 4 & 7, len))
		return false;
	if (*len == 0)
		*len = 0x10000;
	return true;
}

enum err delta_apply(struct ctx *c, struct str base, struct str delta, void *out, size_t out_len)
{
	uint64_t base_size = 0, result_size = 0;
	TRY(delta_sizes(c, &delta, &base_size, &result_size));
	if (base_size != base.len || result_size != out_len)
		return fail(c, ERR_CORRUPT, "a delta is for another base or result");
	const uint8_t *at = (const uint8_t *)delta.at, *end = at + delta.len;
	uint8_t *to = out;
	size_t room = out_len;
	while (at < end) {
		uint8_t code = *at++;
		const void *from = at;
		size_t offset = 0, len = code;
		if (code & 0x80) {
			if (!copy_parse(&at, end, code, &offset, &len))
				return fail(c, ERR_CORRUPT, "a delta ends within an instruction");
			if (offset > base.len || len > base.len - offset)
				return fail(c, ERR_CORRUPT, "a delta copies from past its base");
			from = base.at + offset;
		} else if (code == 0 || len > (size_t)(end - at)) {
			return fail(c, ERR_CORRUPT, "a delta has a bad instruction");
		} else {
			at += len;
		}
		if (len > room)
			return fail(c, ERR_CORRUPT, "a delta makes more than it says");
		memcpy(to, from, len);
		to += len;
		room -= len;
	}
	if (room)
		return fail(c, ERR_CORRUPT, "a delta makes less than it says");
	return OK;
}

/* A delta that arrives piece by piece. */
struct feed {
	struct source *from;
	size_t at, end;
	uint8_t buffer[FEED_SIZE];
};

/* Brings `wanted` bytes together in the buffer, or as many as are left. */
static MUST enum err feed_fill(struct ctx *c, struct feed *f, size_t wanted)
{
	if (f->end - f->at >= wanted)
		return OK;
	memmove(f->buffer, f->buffer + f->at, f->end - f->at);
	f->end -= f->at;
	f->at = 0;
	while (f->end < wanted) {
		size_t got;
		TRY(source_read(c, f->from, f->buffer + f->end, FEED_SIZE - f->end, &got));
		if (!got)
			return OK;
		f->end += got;
	}
	return OK;
}

static MUST enum err feed_sizes(struct ctx *c, struct feed *f, uint64_t *base, uint64_t *result)
{
	TRY(feed_fill(c, f, DELTA_SIZES_MAX));
	struct str seen = str_from(f->buffer, f->end);
	TRY(delta_sizes(c, &seen, base, result));
	f->at = f->end - seen.len;
	return OK;
}

static MUST enum err copy_stream(
	struct ctx *c, struct extent *base, uint64_t offset, size_t len, struct sink *to)
{
	while (len) {
		const uint8_t *bytes;
		size_t n = len < WINDOW_MAX ? len : WINDOW_MAX;
		TRY(extent_window(c, base, offset, n, &bytes));
		TRY(sink_write(c, to, bytes, n));
		offset += n;
		len -= n;
	}
	return OK;
}

/* One instruction, whose first byte is in the buffer. */
static MUST enum err stream_step(
	struct ctx *c, struct extent *base, struct feed *f, uint64_t *room, struct sink *to)
{
	uint8_t code = f->buffer[f->at++];
	size_t offset = 0, len = code;
	size_t operands = code & 0x80 ? (size_t)__builtin_popcount(code & 0x7f) : code;
	TRY(feed_fill(c, f, operands));
	if (code == 0 || f->end - f->at < operands)
		return fail(c, ERR_CORRUPT, "a delta has a bad instruction");
	const uint8_t *at = f->buffer + f->at, *end = at + operands;
	f->at += operands;
	if (code & 0x80) {
		ASSERT(copy_parse(&at, end, code, &offset, &len));
		if (offset > base->size || len > base->size - offset)
			return fail(c, ERR_CORRUPT, "a delta copies from past its base");
	}
	if (len > *room)
		return fail(c, ERR_CORRUPT, "a delta makes more than it says");
	*room -= len;
	return code & 0x80 ? copy_stream(c, base, offset, len, to) : sink_write(c, to, at, len);
}

enum err delta_stream(
	struct ctx *c, struct extent *base, struct source *delta, uint64_t max, struct sink *to)
{
	struct feed f;
	f.from = delta;
	f.at = f.end = 0;
	uint64_t base_size = 0, room = 0;
	TRY(feed_sizes(c, &f, &base_size, &room));
	if (base_size != base->size)
		return fail(c, ERR_CORRUPT, "a delta is for another base");
	if (room > max)
		return fail(c, ERR_TOO_BIG, "an object of %llu bytes is over the limit of %llu",
			(unsigned long long)room, (unsigned long long)max);
	for (;;) {
		TRY(ctx_check(c));
		TRY(feed_fill(c, &f, 1));
		if (f.at == f.end)
			break;
		TRY(stream_step(c, base, &f, &room, to));
	}
	if (room)
		return fail(c, ERR_CORRUPT, "a delta makes less than it says");
	return OK;
}

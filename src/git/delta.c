#include "git/delta.h"

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
			if (!copy_number(&at, end, code & 0x0f, &offset) ||
				!copy_number(&at, end, code >> 4 & 0x07, &len))
				return fail(c, ERR_CORRUPT, "a delta ends within an instruction");
			if (len == 0)
				len = 0x10000;
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

#include "base/base32.h"

#include "base/arena.h"

static const char rfc4648[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static struct str encode(struct arena *a, struct str bytes, const char *alphabet)
{
	char *out = arena_raw(a, (bytes.len * 8 + 4) / 5 + 1);
	size_t len = 0;
	uint32_t bits = 0;
	unsigned have = 0;
	for (size_t i = 0; i < bytes.len; i++) {
		bits = bits << 8 | (uint8_t)bytes.at[i];
		for (have += 8; have >= 5; have -= 5)
			out[len++] = alphabet[bits >> (have - 5) & 31];
	}
	if (have)
		out[len++] = alphabet[bits << (5 - have) & 31];
	out[len] = 0;
	return str_from(out, len);
}

struct str base32_encode(struct arena *a, struct str bytes)
{
	return encode(a, bytes, rfc4648);
}

struct str crockford_encode(struct arena *a, struct str bytes)
{
	return encode(a, bytes, crockford);
}

static int crockford_digit(char byte)
{
	if (byte >= 'a' && byte <= 'z')
		byte = (char)(byte - 'a' + 'A');
	if (byte == 'O')
		byte = '0';
	else if (byte == 'I' || byte == 'L')
		byte = '1';
	const char *at = memchr(crockford, byte, sizeof crockford - 1);
	return at ? (int)(at - crockford) : -1;
}

bool crockford_decode(struct str text, void *out, size_t len)
{
	uint8_t *o = out;
	size_t done = 0;
	uint32_t bits = 0;
	unsigned have = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == ' ' || text.at[i] == '-')
			continue;
		int digit = crockford_digit(text.at[i]);
		if (digit < 0 || done == len)
			return false;
		bits = bits << 5 | (uint32_t)digit;
		have += 5;
		if (have >= 8) {
			have -= 8;
			o[done++] = (uint8_t)(bits >> have);
		}
	}
	return done == len && !(bits & ((1u << have) - 1));
}

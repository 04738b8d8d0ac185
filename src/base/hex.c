#include "base/hex.h"

#include "base/arena.h"

void hex_encode(const void *bytes, size_t len, char *out)
{
	const uint8_t *b = bytes;
	for (size_t i = 0; i < len; i++) {
		*out++ = "0123456789abcdef"[b[i] >> 4];
		*out++ = "0123456789abcdef"[b[i] & 15];
	}
}

static int hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;
	return -1;
}

bool hex_decode(const char *text, size_t len, void *out)
{
	uint8_t *o = out;
	for (size_t i = 0; i < len; i++) {
		int high = hex_digit(text[2 * i]);
		int low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);
		if (low < 0)
			return false;
		o[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static struct str encode(struct arena *a, struct str bytes, const char *alphabet, bool pad)
{
	char *out = arena_raw(a, bytes.len / 3 * 4 + 5);
	size_t len = 0;
	const uint8_t *b = (const uint8_t *)bytes.at;
	for (size_t i = 0; i < bytes.len; i += 3) {
		size_t n = bytes.len - i < 3 ? bytes.len - i : 3;
		uint32_t bits = (uint32_t)b[i] << 16;
		if (n > 1)
			bits |= (uint32_t)b[i + 1] << 8;
		if (n > 2)
			bits |= b[i + 2];
		for (size_t digit = 0; digit < 4; digit++) {
			if (digit <= n)
				out[len++] = alphabet[bits >> (18 - 6 * digit) & 63];
			else if (pad)
				out[len++] = '=';
		}
	}
	out[len] = 0;
	return (struct str){out, len};
}

struct str base64_encode(struct arena *a, struct str bytes)
{
	return encode(a, bytes, plain, true);
}

struct str base64url_encode(struct arena *a, struct str bytes)
{
	return encode(a, bytes, url, false);
}

static int base64_digit(char byte, const char *alphabet)
{
	if (byte >= 'A' && byte <= 'Z')
		return byte - 'A';
	if (byte >= 'a' && byte <= 'z')
		return byte - 'a' + 26;
	if (byte >= '0' && byte <= '9')
		return byte - '0' + 52;
	return byte == alphabet[62] ? 62 : byte == alphabet[63] ? 63 : -1;
}

/* Text without its padding. */
static bool decode(struct str text, const char *alphabet, void *out, size_t *out_len)
{
	uint8_t *o = out;
	size_t len = 0;
	if (text.len % 4 == 1)
		return false;
	for (size_t i = 0; i < text.len; i += 4) {
		size_t digits = text.len - i < 4 ? text.len - i : 4;
		uint32_t bits = 0;
		for (size_t k = 0; k < 4; k++) {
			int digit = k < digits ? base64_digit(text.at[i + k], alphabet) : 0;
			if (digit < 0)
				return false;
			bits = bits << 6 | (uint32_t)digit;
		}
		/* Strict: the bits that are left over are zero, so each text has one spelling. */
		if ((digits == 2 && (bits & 0xffff)) || (digits == 3 && (bits & 0xff)))
			return false;
		for (size_t k = 0; k + 1 < digits; k++)
			o[len++] = (uint8_t)(bits >> (16 - 8 * k));
	}
	*out_len = len;
	return true;
}

bool base64_decode(struct str text, void *out, size_t *out_len)
{
	if (text.len % 4)
		return false;
	if (str_skip_end(&text, STR("=")))
		(void)str_skip_end(&text, STR("="));
	return decode(text, plain, out, out_len);
}

bool base64url_decode(struct str text, void *out, size_t *out_len)
{
	return decode(text, url, out, out_len);
}

#include "model/totp.h"

#include "base/base32.h"
#include "base/buf.h"
#include "base/hmac.h"
#include "base/uri.h"

struct str totp_secret(struct ctx *c)
{
	char *bytes = arena_raw(c->arena, TOTP_SECRET);
	c->world->random(bytes, TOTP_SECRET);
	return str_from(bytes, TOTP_SECRET);
}

void totp_code(struct str secret, int64_t step, char code[TOTP_DIGITS + 1])
{
	uint8_t counter[8], mac[HASH_MAX];
	put_be64(counter, (uint64_t)step);
	hmac(HASH_SHA1, secret, str_from(counter, sizeof counter), mac);
	/* RFC 4226, 5.3: where the four bytes lie, the last byte says. */
	uint32_t number = get_be32(mac + (mac[hash_size(HASH_SHA1) - 1] & 15)) & 0x7fffffff;
	fmt_into(code, TOTP_DIGITS + 1, "%06u", number % 1000000);
}

/* The digits alone; false when there are not TOTP_DIGITS. */
static bool read_typed(struct str typed, char digits[TOTP_DIGITS])
{
	size_t count = 0;
	for (size_t i = 0; i < typed.len; i++) {
		char byte = typed.at[i];
		if (byte == ' ')
			continue;
		if (byte < '0' || byte > '9' || count == TOTP_DIGITS)
			return false;
		digits[count++] = byte;
	}
	return count == TOTP_DIGITS;
}

bool totp_check(struct str secret, struct str typed, int64_t now, int64_t *used)
{
	char digits[TOTP_DIGITS], code[TOTP_DIGITS + 1];
	int64_t step = now / TOTP_SECONDS, good = 0;
	if (!read_typed(typed, digits))
		return false;
	for (int64_t at = step - 1; at <= step + 1; at++) {
		totp_code(secret, at, code);
		if (bytes_equal_secret(code, digits, TOTP_DIGITS) && at > *used && !good)
			good = at;
	}
	if (good)
		*used = good;
	return good != 0;
}

/* A colon is what ends the issuer, even an escaped one. */
static struct str without_colons(struct arena *a, struct str issuer)
{
	char *text = str_dup(a, issuer);
	for (size_t i = 0; i < issuer.len; i++)
		if (text[i] == ':')
			text[i] = ' ';
	return str_from(text, issuer.len);
}

struct str totp_uri(struct arena *a, struct str secret, struct str issuer, struct str account)
{
	struct buf b = {.arena = a};
	issuer = without_colons(a, issuer);
	buf_cstr(&b, "otpauth://totp/");
	uri_encode(&b, issuer);
	buf_byte(&b, ':');
	uri_encode(&b, account);
	buf_cstr(&b, "?secret=");
	buf_str(&b, base32_encode(a, secret));
	buf_cstr(&b, "&issuer=");
	uri_encode(&b, issuer);
	buf_fmt(&b, "&algorithm=SHA1&digits=%d&period=%d", TOTP_DIGITS, TOTP_SECONDS);
	return buf_view(&b);
}

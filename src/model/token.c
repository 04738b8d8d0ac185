#include "model/token.h"

#include "base/buf.h"
#include "base/zip.h"
#include "model/access_token.h"
#include "model/minted.h"

bool secret_is_key(struct str secret)
{
	return str_starts(secret, STR(TOKEN_PREFIX)) || str_starts(secret, STR(MINTED_PREFIX)) ||
	       access_token_is_like(secret);
}

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static void checksum(struct str text, char out[TOKEN_CHECKSUM])
{
	uint32_t crc = zip_crc32(0, text.at, text.len);
	for (size_t i = TOKEN_CHECKSUM; i-- > 0; crc /= sizeof digits - 1)
		out[i] = digits[crc % (sizeof digits - 1)];
}

struct str token_text(struct arena *a, struct str random)
{
	char sum[TOKEN_CHECKSUM];
	ASSERT(random.len == TOKEN_RANDOM);
	const char *text = arena_fmt(a, TOKEN_PREFIX "%.*s", STR_FMT(random));
	checksum(str_of(text), sum);
	return str_of(arena_fmt(a, "%s%.*s", text, TOKEN_CHECKSUM, sum));
}

bool token_text_ok(struct str text)
{
	char sum[TOKEN_CHECKSUM];
	struct str rest = text;
	if (!str_skip(&rest, STR(TOKEN_PREFIX)))
		return false;
	for (size_t i = 0; i < rest.len; i++) {
		if (str_find(str_of(digits), rest.at[i]) == sizeof digits - 1)
			return false;
	}
	if (rest.len == TOKEN_RANDOM)
		return true;
	if (rest.len != TOKEN_RANDOM + TOKEN_CHECKSUM)
		return false;
	checksum(str_until(text, text.len - TOKEN_CHECKSUM), sum);
	return str_ends(text, str_from(sum, TOKEN_CHECKSUM));
}

#include "web/credentials.h"

#include "base/arena.h"
#include "base/hex.h"
#include "model/token.h"

enum err credentials_basic(struct ctx *c, struct str text, struct credential *out)
{
	text = str_trim(text);
	char *plain = arena_alloc(c->arena, text.len / 4 * 3 + 3);
	size_t len;
	struct str rest;
	if (!base64_decode(text, plain, &len) || memchr(plain, 0, len) ||
		!str_is_utf8(rest = str_from(plain, len)) || str_find(rest, ':') == len)
		return fail(
			c, ERR_UNAUTH, "the Authorization header is no base64 of name:password");
	*out = (struct credential){.kind = CREDENTIAL_PASSWORD};
	out->username = str_cut(&rest, ':');
	out->secret = rest;
	/* Some clients have room for one word in a URL: https://TOKEN@host, or TOKEN:x-oauth-basic. */
	bool bare = !rest.len || str_is(rest, "x-oauth-basic");
	if (bare && secret_is_key(out->username))
		*out = (struct credential){.kind = CREDENTIAL_TOKEN, .secret = out->username};
	return OK;
}

struct str credentials_cookie(struct str header, struct str name)
{
	while (header.len) {
		struct str value = str_trim(str_cut(&header, ';'));
		if (str_skip(&value, name) && str_skip(&value, STR("=")))
			return value;
	}
	return STR("");
}

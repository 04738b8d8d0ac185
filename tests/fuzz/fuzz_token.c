/* What could be a token: nothing but letters and digits after the prefix, of one of two lengths; and one
 * with a checksum is what token_text makes of its random part. */
#include "fuzz/fuzz.h"

#include "base/buf.h"
#include "model/token.h"

static void fuzz_one(struct ctx *c, struct str input)
{
	static const struct str prefix = {TOKEN_PREFIX, sizeof TOKEN_PREFIX - 1};
	if (input.len == TOKEN_RANDOM && str_find(input, 0) == input.len) {
		struct str made = token_text(c->arena, input);
		bool plain = token_text_ok(str_until(made, prefix.len + TOKEN_RANDOM));
		ASSERT(token_text_ok(made) == plain);
	}
	if (!token_text_ok(input))
		return;
	struct str rest = input;
	ASSERT(str_skip(&rest, prefix));
	ASSERT(rest.len == TOKEN_RANDOM || rest.len == TOKEN_RANDOM + TOKEN_CHECKSUM);
	for (size_t i = 0; i < rest.len; i++) {
		char byte = rest.at[i];
		ASSERT((byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
			(byte >= 'a' && byte <= 'z'));
	}
	if (rest.len > TOKEN_RANDOM)
		ASSERT(str_eq(token_text(c->arena, str_until(rest, TOKEN_RANDOM)), input));
}

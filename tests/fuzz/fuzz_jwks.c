#include "fuzz/fuzz.h"

#include "base/jwk.h"

static struct str printed(struct ctx *c, const struct jwks *keys)
{
	struct buf *text = NEW(c->arena, struct buf);
	text->arena = c->arena;
	struct json_writer w = {.out = text};
	jwks_print(&w, keys);
	return buf_view(text);
}

/* What is read, printed and read again is the same; and no key takes what nobody signed. */
static void fuzz_one(struct ctx *c, struct str input)
{
	struct jwks keys, again;
	enum err kind = jwks_parse(c, input, &keys);
	if (kind) {
		ASSERT(kind == ERR_INVALID || kind == ERR_TOO_BIG);
		return;
	}
	struct str text = printed(c, &keys);
	ASSERT(jwks_parse(c, text, &again) == OK && again.count == keys.count);
	ASSERT(str_eq(text, printed(c, &again)));
	for (size_t i = 0; i < keys.count && i < 4; i++)
		ASSERT(!jwk_verify(&keys.at[i], STR("message"), str_until(text, 64)));
}

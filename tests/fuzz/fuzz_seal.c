/* Keys as operators write them, up to an empty line; then sealed bytes, and what somebody sends as such. */
#include "fuzz/fuzz.h"

#include "base/hex.h"
#include "core/seal.h"

static const struct seal_bound bound = {"fuzz", 7};

/* Nobody can seal what a fuzzer makes up. */
static void check_open(struct ctx *c, const struct seal_keys *keys, struct str sealed)
{
	struct str secret;
	enum err kind = seal_open(c, keys, &bound, sealed, &secret);
	ASSERT(kind == ERR_DAMAGED || kind == ERR_UNAVAILABLE);
}

static void check_made(struct ctx *c, const struct seal_keys *keys, struct str plain)
{
	struct str secret, sealed = seal_make(c, keys, &bound, plain);
	ASSERT(seal_open(c, keys, &bound, sealed, &secret) == OK && str_eq(secret, plain));
	ASSERT(!seal_is_old(keys, sealed));
}

static void fuzz_one(struct ctx *c, struct str input)
{
	struct seal_keys keys = {0};
	size_t end = str_find_str(input, STR("\n\n"));
	struct str text = str_until(input, end);
	struct str rest = str_from_index(input, end < input.len ? end + 2 : end);
	size_t len;
	if (seal_keys_add(c, &keys, text) || !keys.count)
		return;
	ASSERT(keys.count <= SEAL_KEYS_MAX);
	check_open(c, &keys, rest);
	char *bytes = arena_raw(c->arena, rest.len / 4 * 3 + 3);
	if (base64url_decode(rest, bytes, &len))
		check_open(c, &keys, str_from(bytes, len));
	check_made(c, &keys, str_until(rest, SEAL_SECRET_MAX));
}

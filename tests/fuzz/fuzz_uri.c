#include "fuzz/fuzz.h"

#include "base/uri.h"

static void fuzz_one(struct ctx *c, struct str input)
{
	struct str decoded, again, value;
	for (int form = 0; form < 2; form++) {
		if (!uri_decode(c->arena, input, form, &decoded))
			continue;
		struct buf b = {.arena = c->arena};
		ASSERT(decoded.len <= input.len);
		uri_encode(&b, decoded);
		ASSERT(uri_decode(c->arena, buf_view(&b), form, &again));
		ASSERT(str_eq(decoded, again));
	}
	if (uri_param(c->arena, input, STR("a"), &value))
		ASSERT(value.len <= input.len);
}

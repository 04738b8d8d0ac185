/* A key as people paste it: what is taken has a name of its own, and is the same once printed. */
#include "fuzz/fuzz.h"

#include "base/buf.h"
#include "model/key_file.h"

static void fuzz_one(struct ctx *c, struct str input)
{
	struct jwk key, again;
	struct jwk_secret secret;
	if (!key_file_secret(c, input, &secret))
		ASSERT(secret.public.kid.len == 43);
	if (key_file_public(c, input, &key))
		return;
	struct buf text = {.arena = c->arena};
	struct json_writer w = {.out = &text};
	jwk_print(&w, &key);
	ASSERT(!key_file_public(c, buf_view(&text), &again));
	ASSERT(str_eq(key.kid, again.kid) && str_eq(key.point, again.point));
}

#include "model/issuer_key.h"

struct str issuer_keys_text(struct arena *a, const struct issuer_key *keys, size_t count)
{
	struct buf text = {.arena = a};
	buf_cstr(&text, "{\"keys\":[");
	for (size_t i = 0; i < count; i++)
		buf_fmt(&text, "%s%.*s", i ? "," : "", STR_FMT(keys[i].jwk));
	buf_cstr(&text, "]}");
	return buf_view(&text);
}

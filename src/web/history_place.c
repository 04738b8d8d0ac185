#include "web/history_place.h"

#include "base/buf.h"
#include "base/hex.h"

bool history_place_read(struct ctx *c, struct str text, struct history_place *out)
{
	uint64_t version;
	struct str hex = text;
	*out = (struct history_place){0};
	if (!text.len)
		return true;
	if (!str_to_u64(str_cut(&hex, ' '), &version) || !version || version > INT64_MAX)
		return false;
	char *name = arena_alloc(c->arena, hex.len / 2 + 1);
	if (!hex.len || hex.len % 2 || !hex_decode(hex.at, hex.len / 2, name))
		return false;
	*out = (struct history_place){(int64_t)version, str_from(name, hex.len / 2)};
	return true;
}

struct str history_place_text(struct ctx *c, const struct ref_log *last)
{
	struct str name = last->change.name;
	char *hex = arena_alloc(c->arena, name.len * 2 + 1);
	hex_encode(name.at, name.len, hex);
	return str_of(arena_fmt(c->arena, "%lld %s", (long long)last->version, hex));
}

#include "fuzz/fuzz.h"

#include "net/peer_names.h"

/* Before the first '\n' stand patterns, before the second a name; the rest is a list of serials. */
static void fuzz_one(struct ctx *c, struct str input)
{
	struct str rest = input;
	struct str patterns = str_cut(&rest, '\n'), name = str_cut(&rest, '\n');
	struct serials all;
	bool good = peer_patterns_check(c, patterns) == OK;
	ctx_clear(c);
	if (peer_patterns_fit(patterns, name))
		ASSERT(peer_name_is_plain(name));
	/* What has no star or comma is itself a pattern, of which it is. */
	if (good && str_find(patterns, '*') == patterns.len && peer_name_is_plain(patterns) &&
		str_find(patterns, ',') == patterns.len)
		ASSERT(peer_patterns_fit(patterns, patterns));
	if (serials_parse(c, rest, &all) != OK)
		return;
	for (size_t i = 0; i < all.count; i++) {
		ASSERT(serials_have(&all, all.at[i].bytes, SERIAL_BYTES));
		ASSERT(!i || memcmp(&all.at[i - 1], &all.at[i], sizeof *all.at) <= 0);
	}
}

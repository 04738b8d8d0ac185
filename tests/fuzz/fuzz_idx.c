/* A pack index: what passes with its hashes checked finds all that it has, and nothing else reads past its end. */
#include "git/idx.h"

#include "fuzz.h"

static void look_around(struct idx *idx, bool sound)
{
	for (uint32_t i = 0; i < idx->count && i < 2000; i++) {
		struct oid id = idx_oid(idx, i);
		uint32_t at = 0;
		bool found = idx_find(idx, &id, &at);
		ASSERT(!sound || (found && at == i));
		ASSERT(!found || at < idx->count);
		idx_offset(idx, i);
		idx_crc(idx, i);
		ASSERT(idx_lower_bound(idx, id.hash, i % 41) <= idx->count);
	}
}

static void fuzz_one(struct ctx *c, struct str input)
{
	for (enum hash_algo algo = HASH_SHA1; algo <= HASH_SHA256; algo++) {
		struct idx idx;
		if (!idx_parse(c, algo, input, false, &idx))
			look_around(&idx, false);
		if (!idx_parse(c, algo, input, true, &idx))
			look_around(&idx, true);
	}
}

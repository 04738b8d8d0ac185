/* A pack index: what passes with its hashes checked finds all that it has, and nothing else reads past its end. */
#include "git/idx.h"

#include "fuzz.h"

static void look_around(struct ctx *c, struct idx *idx, bool sound)
{
	for (uint32_t i = 0; i < idx->count && i < 2000; i++) {
		struct oid id = idx_oid(idx, i);
		uint32_t at = 0;
		bool found = idx_find(idx, &id, &at);
		ASSERT(!sound || (found && at == i));
		ASSERT(!found || at < idx->count);
		idx_offset(idx, i);
		idx_crc(idx, i);
		ASSERT(!idx_lower_bound(c, idx, id.hash, i % 41, &at) && at <= idx->count);
	}
}

/* The same by windows, of which none is past the end: the extent would say so. */
static void look_from_afar(struct ctx *c, const struct idx *near, struct str input, bool sound)
{
	struct extent_bytes bytes;
	struct idx far = *near;
	extent_bytes_init(&bytes, input.at, input.len);
	far.file.bytes = &bytes.extent;
	far.file.all = NULL;
	for (uint32_t i = 0; i < far.count && i < 2000; i++) {
		struct oid id, same = idx_oid(near, i);
		struct idx_hit hit, want;
		uint32_t at = 0, bound = 0;
		ASSERT(!idx_oid_at(c, &far, i, &id) && oid_eq(&id, &same));
		ASSERT(!idx_look_up(c, &far, &id, &hit) && !idx_look_up(c, near, &id, &want));
		ASSERT(!hit.found || hit.position < far.count);
		ASSERT(!sound || (hit.found && hit.position == i && hit.offset == want.offset));
		ASSERT(!idx_lower_bound(c, &far, id.hash, i % 41, &at) && at <= far.count);
		ASSERT(!idx_lower_bound(c, near, id.hash, i % 41, &bound));
		ASSERT(!sound || at == bound);
	}
}

static void fuzz_one(struct ctx *c, struct str input)
{
	for (enum hash_algo algo = HASH_SHA1; algo <= HASH_SHA256; algo++) {
		struct idx idx;
		for (int verify = 0; verify < 2; verify++) {
			if (idx_parse(c, algo, input, verify, &idx))
				continue;
			look_around(c, &idx, verify);
			look_from_afar(c, &idx, input, verify);
		}
	}
}

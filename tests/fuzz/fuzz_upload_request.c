/* The request of a fetch in both versions: nothing over the cap, nothing of another algorithm. */
#include "wire/upload_request.h"

#include "fuzz.h"

enum { LINES_MAX = 64 };

static void check_ids(const struct oids *ids, enum hash_algo algo)
{
	for (size_t i = 0; i < ids->len; i++)
		ASSERT(ids->at[i].algo == algo);
}

static void check(struct ctx *c, int version, enum hash_algo algo, struct str input)
{
	struct upload_request r;
	struct source_bytes from;
	source_bytes_init(&from, input.at, input.len);
	upload_request_init(c, &r, algo, LINES_MAX);
	if (version == 2 ? upload_request_v2(c, &r, &from.source)
			 : upload_request_v0(c, &r, &from.source))
		return;
	check_ids(&r.wants, algo);
	check_ids(&r.haves, algo);
	check_ids(&r.shallow, algo);
	check_ids(&r.objects, algo);
	ASSERT(r.wants.len + r.haves.len + r.shallow.len + r.objects.len + r.want_refs.len +
			r.nots.len + r.prefixes.len <=
		LINES_MAX);
	ASSERT(r.depth <= SHALLOW_INFINITE && r.since >= 0);
	ASSERT(r.band_max <= SIDE_BAND_DATA_MAX);
}

static void fuzz_one(struct ctx *c, struct str input)
{
	for (enum hash_algo algo = HASH_SHA1; algo <= HASH_SHA256; algo++) {
		check(c, 0, algo, input);
		check(c, 2, algo, input);
	}
}

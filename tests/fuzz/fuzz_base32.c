/* Recovery codes as people type them: what is taken means the same as its clean spelling. */
#include "fuzz/fuzz.h"

#include "base/base32.h"
#include "model/recovery.h"

enum { CODE = 10 };

static void fuzz_one(struct ctx *c, struct str input)
{
	uint8_t code[CODE], again[CODE];
	char hash[RECOVERY_HASH], clean_hash[RECOVERY_HASH];
	if (!crockford_decode(input, code, CODE))
		return;
	struct str clean = crockford_encode(c->arena, str_from(code, CODE));
	ASSERT(crockford_decode(clean, again, CODE) && memcmp(code, again, CODE) == 0);
	ASSERT(recovery_hash(input, hash) && recovery_hash(clean, clean_hash));
	ASSERT(memcmp(hash, clean_hash, RECOVERY_HASH) == 0);
}

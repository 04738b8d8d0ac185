/*
 * What every fuzz target starts from: fuzz_one() is called with a fresh context for each input.
 *
 * A target checks properties (what is parsed and written again is the same), not only that nothing crashes.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "base/ctx.h"
#include "base/str.h"
#include "os/world.h"

#include <stdlib.h>

static void fuzz_one(struct ctx *c, struct str input);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena arena;
	struct ctx c;
	arena_init(&arena);
	ctx_init(&c, &arena, os_world());
	fuzz_one(&c, str_from(bytes, len));
	arena_done(&arena);
	return 0;
}

#endif

/*
 * A delta against a base, in memory and streamed: both must agree, in what they make or refuse.
 *
 * Input: a byte with the length of the base, the base, the delta.
 */
#include "git/delta.h"

#include "base/buf.h"
#include "os/world.h"

#include <stdlib.h>

enum { RESULT_MAX = 1 << 20 };

struct kept {
	struct sink sink;
	struct buf bytes;
};

static enum err keep(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	(void)c;
	buf_bytes(&((struct kept *)self)->bytes, bytes, len);
	return OK;
}

static void check(struct ctx *c, struct str base, struct str delta)
{
	uint64_t base_size, result_size;
	struct str rest = delta;
	if (delta_sizes(c, &rest, &base_size, &result_size) || result_size > RESULT_MAX)
		return;
	ASSERT(rest.len < delta.len && delta.len - rest.len <= DELTA_SIZES_MAX);
	char *result = malloc(result_size ? result_size : 1);
	ASSERT(result);
	enum err applied = delta_apply(c, base, delta, result, result_size);
	struct extent_bytes extent;
	extent_bytes_init(&extent, base.at, base.len);
	struct source_bytes from;
	source_bytes_init(&from, delta.at, delta.len);
	struct kept to = {{.write = keep}, {.arena = c->arena}};
	enum err streamed = delta_stream(c, &extent.extent, &from.source, RESULT_MAX, &to.sink);
	ASSERT(applied == streamed);
	ASSERT(applied || str_eq(buf_view(&to.bytes), str_from(result, result_size)));
	free(result);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (!len || len - 1 < bytes[0])
		return 0;
	struct arena arena;
	arena_init(&arena);
	struct ctx c;
	ctx_init(&c, &arena, os_world());
	size_t base = bytes[0];
	check(&c, str_from(bytes + 1, base), str_from(bytes + 1 + base, len - 1 - base));
	arena_done(&arena);
	return 0;
}

/* An extent in memory that says that it lies far away, and remembers what was asked for of it. */
#ifndef TESTS_FAR_EXTENT_H
#define TESTS_FAR_EXTENT_H

#include "unit.h"

#include "base/extent.h"

enum { FAR_PIECE = 32 << 10 };

struct far_extent {
	struct extent_bytes bytes;
	bool asked[1 << 10]; /* by pieces */
	bool broken;
};

static inline enum err far_window(
	struct ctx *c, struct extent *self, uint64_t at, size_t len, const uint8_t **out)
{
	struct far_extent *f = (struct far_extent *)self;
	assert_true(at <= self->size && len <= self->size - at);
	if (f->broken)
		return fail(c, ERR_UNAVAILABLE, "the line is down");
	for (uint64_t i = at / FAR_PIECE; len && i <= (at + len - 1) / FAR_PIECE; i++)
		f->asked[i] = true;
	*out = f->bytes.at + at;
	return OK;
}

static inline void far_extent_init(struct far_extent *f, const void *bytes, size_t len)
{
	memset(f, 0, sizeof *f);
	extent_bytes_init(&f->bytes, bytes, len);
	f->bytes.extent.window = far_window;
	f->bytes.extent.far = true;
}

/* How many pieces since the last time. */
static inline size_t far_asked(struct far_extent *f)
{
	size_t count = 0;
	for (size_t i = 0; i < sizeof f->asked / sizeof *f->asked; i++)
		count += f->asked[i];
	memset(f->asked, 0, sizeof f->asked);
	return count;
}

#endif

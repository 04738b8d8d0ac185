#include "base/extent.h"

static enum err bytes_window(
	struct ctx *c, struct extent *self, uint64_t at, size_t len, const uint8_t **out)
{
	if (at > self->size || len > self->size - at)
		return fail(c, ERR_CORRUPT, "%zu bytes at %llu are past the end of %llu", len,
			(unsigned long long)at, (unsigned long long)self->size);
	*out = ((struct extent_bytes *)self)->at + at;
	return OK;
}

static void bytes_close(struct extent *self)
{
	(void)self;
}

void extent_bytes_init(struct extent_bytes *e, const void *bytes, size_t len)
{
	*e = (struct extent_bytes){.extent.size = len,
		.extent.window = bytes_window,
		.extent.close = bytes_close,
		.at = bytes};
}

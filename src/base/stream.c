#include "base/stream.h"

#include "base/extent.h"

#include <string.h>

enum { COPY_WINDOW = 512 << 10 };

enum err sink_copy(struct ctx *c, struct sink *to, struct extent *from, uint64_t at, uint64_t len)
{
	if (to->copy)
		return len ? to->copy(c, to, from, at, len) : OK;
	for (size_t part; len; at += part, len -= part) {
		const uint8_t *bytes = NULL;
		part = len < COPY_WINDOW ? (size_t)len : COPY_WINDOW;
		TRY(ctx_check(c));
		TRY(extent_window(c, from, at, part, &bytes));
		TRY(sink_write(c, to, bytes, part));
	}
	return OK;
}

enum err source_read_all(struct ctx *c, struct source *from, void *into, size_t len)
{
	char *at = into;
	for (size_t have = 0; have < len;) {
		size_t got = 0;
		TRY(source_read(c, from, at + have, len - have, &got));
		if (got == 0)
			return fail(
				c, ERR_INVALID, "the data ends after %zu of %zu bytes", have, len);
		have += got;
	}
	return OK;
}

static enum err bytes_read(struct ctx *c, struct source *self, void *into, size_t cap, size_t *got)
{
	(void)c;
	struct source_bytes *s = (struct source_bytes *)self;
	*got = cap < s->left ? cap : s->left;
	if (*got)
		memcpy(into, s->at, *got);
	s->at += *got;
	s->left -= *got;
	return OK;
}

void source_bytes_init(struct source_bytes *s, const void *bytes, size_t len)
{
	*s = (struct source_bytes){.source.read = bytes_read, .at = bytes, .left = len};
}

static enum err spool_sink_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	TRY(ctx_check(c));
	return spool_append(c, ((struct spool_sink *)self)->spool, bytes, len);
}

void spool_sink_init(struct spool_sink *s, struct spool *spool)
{
	*s = (struct spool_sink){{.write = spool_sink_write}, spool};
}

static enum err extent_source_read(
	struct ctx *c, struct source *self, void *into, size_t cap, size_t *got)
{
	struct extent_source *s = (struct extent_source *)self;
	const uint8_t *bytes;
	uint64_t left = s->from->size - s->at;
	*got = left < cap ? (size_t)left : cap;
	if (!*got)
		return OK;
	TRY(extent_window(c, s->from, s->at, *got, &bytes));
	memcpy(into, bytes, *got);
	s->at += *got;
	return OK;
}

void extent_source_init(struct extent_source *s, struct extent *from)
{
	*s = (struct extent_source){.source.read = extent_source_read, .from = from};
}

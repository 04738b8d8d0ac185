#include "base/stream.h"

#include <string.h>

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

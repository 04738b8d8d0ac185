#include "fuzz/fuzz.h"

#include "base/buf.h"
#include "web/multipart.h"

/* Gives at most `step` bytes at a time, as a slow client does. */
struct slow {
	struct source source;
	struct str left;
	size_t step;
};

static enum err slow_read(struct ctx *c, struct source *self, void *into, size_t cap, size_t *got)
{
	struct slow *s = (struct slow *)self;
	(void)c;
	*got = cap < s->step ? cap : s->step;
	*got = *got < s->left.len ? *got : s->left.len;
	if (*got)
		memcpy(into, s->left.at, *got);
	s->left = str_from_index(s->left, *got);
	return OK;
}

/* All that is in it, as text; false when it is refused. */
static bool take(struct ctx *c, struct str body, size_t step, size_t cap, struct buf *out)
{
	struct multipart m;
	struct slow from = {{slow_read}, body, step};
	*out = (struct buf){.arena = c->arena};
	if (multipart_open(c, &m, STR("multipart/form-data; boundary=\"b b\""), &from.source))
		return false;
	for (bool more = true;;) {
		struct multipart_part part;
		if (multipart_next(c, &m, &part, &more))
			return false;
		if (!more)
			return true;
		buf_fmt(out, "[%.*s|%d|%.*s]", STR_FMT(part.name), part.is_file,
			STR_FMT(part.file_name));
		for (size_t got = 1; got;) {
			char piece[4096];
			if (source_read(c, &m.part, piece, cap, &got))
				return false;
			ASSERT(got <= cap);
			buf_bytes(out, piece, got);
		}
	}
}

static void fuzz_one(struct ctx *c, struct str input)
{
	struct buf whole, slow;
	bool good = take(c, input, input.len + 1, 4096, &whole);
	ASSERT(take(c, input, 1, 3, &slow) == good);
	if (good)
		ASSERT(str_eq(buf_view(&whole), buf_view(&slow)));
}

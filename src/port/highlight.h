/* Port: what the parts of a source text are. No driver: all text is plain. */
#ifndef PORT_HIGHLIGHT_H
#define PORT_HIGHLIGHT_H

#include "base/ctx.h"
#include "base/str.h"
#include "model/highlight.h"

/* A text that is longer is plain: what parsing takes is bounded by it. */
enum { HIGHLIGHT_TEXT_MAX = 512 << 10 };

struct highlight {
	const struct highlight_ops *ops;
};

struct highlight_ops {
	/*
	 * The spans of a text in `language` (struct language's grammar: "c", "python"), in c->arena. None of
	 * what it does not know, of a text that is too long, or takes too long. Any bytes are a text.
	 */
	enum err (*spans)(struct ctx *c, struct highlight *self, const char *language,
		struct str text, struct spans *out);
	void (*close)(struct highlight *self);
};

/* `h` may be NULL. */
static inline MUST enum err highlight_spans(struct ctx *c, struct highlight *h,
	const char *language, struct str text, struct spans *out)
{
	*out = (struct spans){0};
	return h && language ? h->ops->spans(c, h, language, text, out) : OK;
}

static inline void highlight_close(struct highlight *h)
{
	if (h)
		h->ops->close(h);
}

#endif

/* Writing source text in colour: <i class="k">return</i>. */
#ifndef MODEL_PAINTER_H
#define MODEL_PAINTER_H

#include "base/buf.h"
#include "model/highlight.h"

/* A text and its spans, being written from its beginning to its end. */
struct painter {
	struct str text;
	struct spans spans;
	size_t next; /* the first span that does not end before what was written */
};

/* The bytes [from, to) of the text, which come after those that were written before. */
void highlight_paint(struct buf *out, struct painter *p, size_t from, size_t to);

#endif

/*
 * Footnotes of Markdown, which md4c does not know: their texts are cut out before it parses, and references are found
 * in the words that it gives.
 */
#ifndef DRIVER_MARKUP_NOTES_H
#define DRIVER_MARKUP_NOTES_H

#include "base/buf.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/vec.h"

enum { NOTES_MAX = 500 };

struct markup_note {
	struct buf text;
	size_t number; /* from 1, in the order of first reference; 0: nobody refers to it */
};

struct markup_notes {
	struct map by_label;
	size_t count;
	VEC_OF(struct markup_note *) used; /* by their number */
};

/* The text without the definitions ("[^label]: …", and the lines behind it that are indented), which *out gets. */
struct str markup_notes_cut(struct ctx *c, struct str text, struct markup_notes *out);

/* Writes words with their references as links; as they are written where `links` is false. */
void markup_notes_text(struct buf *out, struct markup_notes *notes, struct str text, bool links);

#endif

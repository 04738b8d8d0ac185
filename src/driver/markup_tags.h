/* What is kept of HTML that a document's author wrote: its words and its pictures, never its tags. */
#ifndef DRIVER_MARKUP_TAGS_H
#define DRIVER_MARKUP_TAGS_H

#include "port/markup.h"

/* Writes the words of `html`, escaped, and its pictures as <img>. */
void markup_tags(struct buf *out, const struct markup_base *base, struct str html);

/* One picture, or (where its URL is refused) its words alone. */
void markup_image(struct buf *out, const struct markup_base *base, struct str url, struct str alt);

/* "&amp;", "&#65;" and the like as text; what is unknown stays as it is. */
void markup_entity(struct buf *out, struct str entity);

#endif

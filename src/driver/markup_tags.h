/* What is kept of HTML that a document's author wrote: its words and its pictures, never its tags. */
#ifndef DRIVER_MARKUP_TAGS_H
#define DRIVER_MARKUP_TAGS_H

#include "port/markup.h"

/* Where something is written: links do not nest. */
enum markup_place { MARKUP_IN_TEXT, MARKUP_IN_LINK };

/* Writes the words of `html`, escaped, and its pictures. */
void markup_tags(
	struct buf *out, const struct markup_base *base, struct str html, enum markup_place place);

/*
 * One picture. Where it is of a host that base has not: its words and the host's name as a link, or as words that look like
 * one. Where its URL is refused: its words alone.
 */
void markup_image(struct buf *out, const struct markup_base *base, struct str url, struct str alt,
	enum markup_place place);

/* "&amp;", "&#65;" and the like as text; what is unknown stays as it is. */
void markup_entity(struct buf *out, struct str entity);

#endif

/* Escaping for HTML: the one place where text becomes safe to put into a page. */
#ifndef BASE_HTML_H
#define BASE_HTML_H

#include "base/buf.h"

/*
 * Writes `text` so that it is text between tags and in quoted attributes. What is not UTF-8, a control
 * character, or a bidirectional override (which makes text read otherwise than it is) is shown as
 * such.
 */
void html_escape(struct buf *out, struct str text);

/* Does html_escape leave all of it what it is, so that a form gives it back? */
bool html_keeps(struct str text);

#endif

/* Atom feeds (RFC 4287). */
#ifndef VIEW_FEED_H
#define VIEW_FEED_H

#include "view/html.h"

struct feed_entry {
	struct str id;          /* an IRI that never changes */
	struct str title, link; /* `link`: a whole URL */
	struct str author;      /* empty: nobody in particular */
	struct str text;        /* plain; empty: none */
	struct str html;        /* safe HTML, in place of `text`; empty: none */
	int64_t when;           /* seconds since 1970 */
};

struct feed {
	struct str id, title, author;
	struct str self, page;       /* whole URLs: of the feed, and of what it is about */
	int64_t updated;             /* where there is no entry */
	const struct feed_entry *at; /* the newest first */
	size_t count;
};

void view_feed(struct buf *out, const struct feed *f);

#endif

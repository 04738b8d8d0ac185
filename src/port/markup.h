/* Port: Markdown to HTML that is safe to put into a page. */
#ifndef PORT_MARKUP_H
#define PORT_MARKUP_H

#include "base/buf.h"
#include "base/ctx.h"
#include "model/image_hosts.h"
#include "port/highlight.h"

/* Where relative links and images of a document lead. */
struct markup_base {
	struct str links;            /* "/NAME/blob/main/docs/" */
	struct str images;           /* "/NAME/raw/main/docs/" */
	struct str links_root;       /* "/NAME/blob/main/": of those that begin with '/' */
	struct str images_root;      /* "/NAME/raw/main/" */
	struct highlight *highlight; /* of blocks of code; NULL: they are plain */
	const struct image_hosts *image_hosts; /* whose pictures may be shown; NULL: nobody's */
};

struct markup {
	const struct markup_ops *ops;
};

struct markup_ops {
	/*
	 * Renders GitHub-flavoured Markdown: no raw HTML of the author's, links only to http,
	 * https, mailto and relative ones, pictures only relative ones and those of base's hosts
	 * (of another's there is a link in its place), headings with anchors, footnotes, alerts
	 * ("> [!NOTE]"). ERR_TOO_BIG over the driver's limits.
	 */
	enum err (*render)(struct ctx *c, struct markup *self, struct str text,
		const struct markup_base *base, struct buf *html);
	void (*close)(struct markup *self);
};

static inline MUST enum err markup_render(struct ctx *c, struct markup *m, struct str text,
	const struct markup_base *base, struct buf *html)
{
	return m->ops->render(c, m, text, base, html);
}

static inline void markup_close(struct markup *m)
{
	if (m)
		m->ops->close(m);
}

#endif

/* Which URLs of a document's author may stand in a page, and where relative ones lead. */
#ifndef DRIVER_MARKUP_URL_H
#define DRIVER_MARKUP_URL_H

#include "port/markup.h"

enum markup_url { URL_REFUSED, URL_LOCAL, URL_ELSEWHERE };

/*
 * Writes `url` (entities decoded), percent-encoded where it must be but not yet escaped for HTML.
 * Links: http, https, mailto, "#x" and relative. Images: http, https and relative; whether one from elsewhere may be
 * shown is asked of model/image_hosts.h.
 */
enum markup_url markup_url(
	struct buf *out, const struct markup_base *base, struct str url, bool image);

#endif

/* How a difference is looked at, by the query of its page. */
#ifndef WEB_PAGE_LOOK_H
#define WEB_PAGE_LOOK_H

#include "core/browse.h"
#include "view/page_diff.h"
#include "web/web.h"

/* What makes no sense is as if it were not there. */
struct diff_look page_look(struct ctx *c, struct web_request *r);
/* What a page with that look compares. */
struct diff_limits page_look_limits(const struct diff_look *look);

/* Is it the difference as bytes that the script of a page asks for, to draw it by itself? */
bool page_look_wants_data(const struct web_request *r);
enum err page_look_data(struct ctx *c, struct web_request *r, const struct diff_page *page) MUST;

#endif

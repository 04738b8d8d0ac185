/* The handlers of pages that are not there yet; whoever brings the pages removes this file. */
#include "web/handlers.h"

#define PENDING(name)                                                              \
	enum err name(struct ctx *c, struct web_request *r)                        \
	{                                                                          \
		(void)r;                                                           \
		return fail(c, ERR_UNSUPPORTED, "this page is still to be built"); \
	}

PENDING(page_home)
PENDING(page_sign_in)
PENDING(page_sign_in_post)
PENDING(page_sign_in_link)
PENDING(page_sign_out)
PENDING(page_new)
PENDING(page_new_post)
PENDING(page_repo)
PENDING(page_tree)
PENDING(page_blob)
PENDING(page_raw)
PENDING(page_commits)
PENDING(page_commit)
PENDING(page_refs)

void page_error(
	struct ctx *c, struct web_request *r, int status, const char *text, struct buf *html)
{
	(void)c, (void)r;
	buf_fmt(html, "<!doctype html><title>%d</title><p>%d: the server's log has more", status,
		status);
	(void)text;
}

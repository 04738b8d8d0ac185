/* A history as a list. */
#ifndef VIEW_PAGE_COMMITS_H
#define VIEW_PAGE_COMMITS_H

#include "view/page.h"

struct page_commits {
	struct page_repo top;
	struct str path;                       /* "": all of history */
	struct str author, text, since, until; /* as they were asked for */
	bool first;                            /* it begins with the newest */
	struct str older; /* the query of what comes after, safe in an attribute; empty: nothing */
	const struct commit_log *log;
};
void view_commits(struct buf *out, const struct page_commits *p);

/* The lines beside a row of a list whose widest has `lanes`. */
void view_lanes(struct buf *out, const struct lane_row *row, unsigned lanes);

#endif

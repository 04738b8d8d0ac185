/* What was found in a repository. As view/page.h. */
#ifndef VIEW_PAGE_SEARCH_H
#define VIEW_PAGE_SEARCH_H

#include "model/search.h"
#include "view/page.h"

struct page_search {
	struct page_repo top;
	struct str words, path; /* as they were typed; words empty: nothing was searched for yet */
	bool exact_case, regex, names_only;
	bool first;                 /* it is the first page of what was found */
	const struct search *found; /* NULL: see words, or an error */
};
void view_search(struct buf *out, const struct page_search *p);

#endif

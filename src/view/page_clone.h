/* How a repository is cloned, and a token for just that. As view/page.h. */
#ifndef VIEW_PAGE_CLONE_H
#define VIEW_PAGE_CLONE_H

#include "view/page.h"

struct page_clone {
	struct page_repo top;
	struct str fresh;          /* a token that was just made: shown once; empty: none */
	const char *fresh_command; /* the whole command with it */
	bool fresh_writes;
	int64_t days; /* that one works */
};
void view_clone(struct buf *out, const struct page_clone *p);
/* The buttons that make one, for who is signed in. */
void view_clone_token(struct buf *out, const struct page_repo *p);

#endif

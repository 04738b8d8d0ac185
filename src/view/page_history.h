/* The pages of the time machine. As view/page.h. */
#ifndef VIEW_PAGE_HISTORY_H
#define VIEW_PAGE_HISTORY_H

#include "view/page.h"

/* One change of a ref. */
struct ref_past {
	int64_t version;
	struct str name;     /* "refs/heads/main" */
	struct oid old, new; /* all zero: it was not there */
	bool forced;
	struct str username;
	int64_t time;
	const char *now; /* what it is now, in hex; all zero: it is not there */
	bool may_undo;   /* it could be set back to `old` … */
	bool may_set;    /* … or to `new` */
};

struct page_history {
	struct page_repo top;
	struct str ref; /* as it was asked for; empty: all of them */
	bool gone;      /* only those that are not there any more */
	const struct ref_past *at;
	size_t count;
	bool first;
	struct str older; /* the next page's place; empty: there is none */
	const char *kept; /* how long what no ref leads to is kept: "14 days" */
};
void view_history(struct buf *out, const struct page_history *p);

struct deleted_repo {
	const struct repo *repo;
	int64_t until; /* it is kept */
};

struct page_deleted {
	struct page page;
	const struct deleted_repo *at;
	size_t count;
	bool first;
	struct str older; /* likewise */
	const char *kept;
};
void view_deleted(struct buf *out, const struct page_deleted *p);

#endif

/* Pages that show a difference: of a commit, and between two revisions. */
#ifndef VIEW_PAGE_DIFF_H
#define VIEW_PAGE_DIFF_H

#include "model/diff.h"
#include "view/page.h"

/* How a difference is looked at: what the links on its page change. */
struct diff_look {
	bool split; /* old and new side by side */
	struct diff_wish wish;
};

/* What a query ("view=split&w=1") says of it; the rest is as it is made without one. */
void view_look_read(struct arena *a, struct str query, struct diff_look *out);
/* "<a href=…>" to the same page looked at so; `current`: it is. */
void view_look_begin(struct buf *out, const struct diff_look *look, bool current);

/* The files of a difference. `head`: the commit that the new lines are of, `base` the old ones. */
struct page_diff {
	const struct page_repo *top;
	const struct diff *diff;
	const struct oid *head;
	const struct oid *base; /* NULL: everything is new */
	const struct diff_look *look;
	bool has_text; /* /commit/HEAD.diff is this difference */
};
void view_diff(struct buf *out, const struct page_diff *p);
/* The same of what came as bytes; `split` is the browser's to choose. */
void view_diff_page(struct buf *out, const struct diff_page *p, bool split);
/* The lines of its file `i`, in tables of DIFF_ROWS rows, so that browsers lay out only those in sight. */
enum { DIFF_ROWS = 250 };
void view_diff_lines(struct buf *out, const struct page_diff *p, size_t i);
/* A line, with what changed in it marked. */
void view_marked(struct buf *out, const struct diff_line *line);

struct page_commit {
	struct page_repo top;
	const struct commit_full *commit;
	const struct diff *diff;
	const struct diff_look *look;
};
void view_commit(struct buf *out, const struct page_commit *p);

struct page_compare {
	struct page_repo top;
	const struct comparison *compared;
	const struct diff_look *look;
};
void view_compare(struct buf *out, const struct page_compare *p);

#endif

/* The page of a file: as lines, rendered, as a notebook, as a table, or as what it is where it is no text. */
#ifndef VIEW_PAGE_FILE_H
#define VIEW_PAGE_FILE_H

#include "model/notebook.h"
#include "view/page.h"

struct page_blob {
	struct page_repo top;
	const struct file *file;
	const struct commit_line *last;   /* may be NULL */
	bool source;                      /* show as lines what has another form */
	long long lines;                  /* of the text */
	unsigned from, to;                /* those that are marked; 0: none */
	const struct notebook *notebook;  /* FORM_NOTEBOOK that could be read; else NULL */
	const struct text_table *records; /* FORM_TABLE, likewise */
};
void view_blob(struct buf *out, const struct page_blob *p);

/* The lines of a text file, numbered and with anchors, of which from..to are marked. */
void view_lines(struct buf *out, const struct file *file, unsigned from, unsigned to);

void view_notebook(struct buf *out, const struct notebook *n);
void view_records(struct buf *out, const struct text_table *t);

#endif

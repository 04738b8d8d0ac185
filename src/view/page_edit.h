/* The pages on which files are changed. As view/page.h. */
#ifndef VIEW_PAGE_EDIT_H
#define VIEW_PAGE_EDIT_H

#include "view/page.h"

/* What each of them asks for beside the change itself. */
struct edit_form {
	struct str branch;
	struct str expected;       /* the commit that they look at; empty: there is none yet */
	struct str message, usual; /* what they typed, and what it is where they type nothing */
	bool apart;                /* it goes to a new branch: */
	struct str target;
};

/* Somebody else changed the file meanwhile. */
struct edit_meeting_shown {
	struct oid tip; /* what the branch is now */
	bool gone;      /* there the file is not any more */
	size_t conflicts;
	struct str since; /* the commit on which they began */
	struct str typed; /* as it was sent; the text of the page may be a merge of both */
};

struct page_edit {
	struct page_repo top;
	struct edit_form form;
	bool fresh;                 /* it is a new file */
	struct str path;            /* as it is; of a new one the folder, with a slash, or empty */
	struct str name;            /* the path that they typed */
	struct str text;            /* with '\n' at the ends of lines */
	const char *unfit;          /* why it has none to be changed; NULL: it has */
	bool is_markup;             /* it can be looked at before */
	const struct file *preview; /* NULL: not now */
	const struct edit_meeting_shown *met; /* NULL: nobody was in the way */
};
void view_edit(struct buf *out, const struct page_edit *p);

struct page_upload {
	struct page_repo top;
	struct edit_form form;
	struct str folder;
	uint64_t bytes_max;
};
void view_upload(struct buf *out, const struct page_upload *p);

struct page_remove {
	struct page_repo top;
	struct edit_form form;
	struct str path;
};
void view_remove(struct buf *out, const struct page_remove *p);

/* Links to these pages, for who may write: from a file, and from a folder. */
void view_file_actions(struct buf *out, const struct page_repo *p, struct str path);
void view_folder_actions(struct buf *out, const struct page_repo *p, struct str path);

#endif

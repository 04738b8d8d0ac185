/* What the pages that change files share. */
#ifndef WEB_PAGE_EDIT_H
#define WEB_PAGE_EDIT_H

#include "core/edit.h"
#include "view/page_edit.h"
#include "web/page.h"

/* A branch in which somebody changes files. */
struct edit_place_of {
	struct browse browse;
	struct revision rev;
	bool born; /* else the branch has no commit yet, and rev none */
	struct str path;
};

/* Opens the repository for who may write, and takes the route's {path...} apart. Closed by browse_close in
 * any case. ERR_NOT_FOUND; ERR_DENIED; ERR_INVALID: it names no branch. */
enum err edit_open(struct ctx *c, struct web_request *r, struct edit_place_of *out) MUST;
#define EDIT_PLACE __attribute__((cleanup(edit_close))) struct edit_place_of
void edit_close(struct edit_place_of *p);

/* The top of the page, and the form as it is before anything is typed. */
void edit_begin(struct ctx *c, struct web_request *r, struct edit_place_of *p,
	struct page_repo *top, struct edit_form *form);
/* What was typed into it. `usual`: the message where there is none. */
void edit_read(struct web_request *r, struct str usual, struct edit_form *form);

/* Makes the commit that the form asks for. */
enum err edit_make(struct ctx *c, struct web_request *r, const struct edit_form *form,
	const struct edit_change *changes, size_t count, struct edited *out) MUST;

/* 303 to "/NAME/VERB/BRANCH/PATH", which says that it is done. */
enum err edit_done(struct ctx *c, struct web_request *r, const struct edited *made,
	const char *verb, struct str path) MUST;

#endif

/* Branches and tags, releases, and what became of them. */
#ifndef VIEW_PAGE_REFS_H
#define VIEW_PAGE_REFS_H

#include "view/page.h"

struct page_refs {
	struct page_repo top;
	struct str like;             /* names with this in them; empty: all */
	const struct ref_list *tags; /* branches are in top */
	bool may_delete;
};
void view_refs(struct buf *out, const struct page_refs *p);

/* Asks before a branch or a tag is deleted. */
struct page_ref_delete {
	struct page_repo top;
	struct str ref;   /* its full name */
	const char *id;   /* what it is now, in hex */
	const char *kept; /* for how long it can be restored: "14 days" */
};
void view_ref_delete(struct buf *out, const struct page_ref_delete *p);

struct page_releases {
	struct page_repo top;
	const struct release_list *list;
};
void view_releases(struct buf *out, const struct page_releases *p);

struct page_release {
	struct page_repo top;
	const struct release *release;
};
void view_release(struct buf *out, const struct page_release *p);

/* One change of one ref, as it was pushed. */
struct activity {
	int64_t version; /* of the repository: those of one push have the same */
	int64_t time;
	struct str username; /* empty: the instance itself, or nobody in particular */
	struct ref_change change;
	bool forced;
};

/* "pushed to", "made the branch", … and the ref's short name. */
const char *activity_words(const struct activity *a);
struct str activity_ref(const struct activity *a);

struct page_activity {
	struct page_repo top;
	const struct activity *at; /* the newest first */
	size_t count;
	bool first;
	struct str older; /* the query of what comes after, safe in an attribute; empty: nothing */
};
void view_activity(struct buf *out, const struct page_activity *p);

#endif

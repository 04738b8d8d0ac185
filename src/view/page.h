/*
 * The pages: what each one shows, and the function that writes it. Pure: model in, HTML out.
 *
 * src/view/NAME.tmpl holds view_NAME. Text here is data from anywhere: the templates escape it.
 */
#ifndef VIEW_PAGE_H
#define VIEW_PAGE_H

#include "model/audit.h"
#include "model/browse.h"
#include "model/repo.h"
#include "model/rule.h"
#include "model/user.h"
#include "view/html.h"

/* What every page needs. */
struct page {
	struct str title;
	const char *css, *icon; /* URLs of ours, safe in an attribute */
	struct script script;   /* none, where nothing needs one */
	struct str username;    /* empty: nobody is signed in */
	bool owner;
	struct str csrf;
	struct str feed;          /* the URL of its Atom feed, safe in an attribute; empty: none */
	struct str here;          /* this page's path, still encoded: where sign-in returns to */
	struct str notice, error; /* one line above the content; empty: none */
	int64_t now;
};

void view_head(struct buf *out, const struct page *p);
void view_foot(struct buf *out, const struct page *p);
void view_csrf(struct buf *out, const struct page *p);

enum repo_tab {
	TAB_FILES,
	TAB_COMMITS,
	TAB_REFS,
	TAB_RELEASES,
	TAB_ACTIVITY,
	TAB_SEARCH,
	TAB_HISTORY,
	TAB_SETTINGS
};

/* What every page of a repository needs. `rev` may be NULL: nothing is pushed yet. */
struct page_repo {
	struct page page;
	const struct repo *repo;
	const struct revision *rev;
	const struct ref_list *branches; /* for the picker; may be NULL */
	struct str clone_url;
	enum repo_tab tab;
	bool may_write, may_admin;
};

void view_repo_head(struct buf *out, const struct page_repo *p);
void view_repo_foot(struct buf *out, const struct page_repo *p);
/* The revision picker, whose links lead to /NAME/`verb`/REV/PATH. */
void view_picker(struct buf *out, const struct page_repo *p, const char *verb, struct str path);
/* "name / a / b", each part but the last a link. */
void view_crumbs(struct buf *out, const struct page_repo *p, struct str path);

struct page_home {
	struct page page;
	const struct repo *repos;
	size_t count;
	struct str words; /* as they were searched for; empty: not */
	bool by_name;     /* else the last pushed to first */
	bool first;
	struct str more;   /* where the next page begins; empty: there is none */
	struct str origin; /* of this server: "https://git.example.org" */
};
void view_home(struct buf *out, const struct page_home *p);

struct page_tree {
	struct page_repo top;
	const struct listing *listing;
	const struct commit_line *last; /* the commit that last changed this folder; may be NULL */
	const struct file *readme;      /* may be NULL */
	const struct language_shares *languages; /* may be NULL */
};
void view_tree(struct buf *out, const struct page_tree *p);
void view_languages(struct buf *out, const struct language_shares *shares);

/* A repository without a commit on its HEAD. */
struct page_empty {
	struct page_repo top;
	struct str branch;
	bool may_write;
};
void view_empty(struct buf *out, const struct page_empty *p);

/* The commit that changed something last (may be NULL), and the way to its history. */
void view_last_commit(
	struct buf *out, const struct page_repo *p, const struct commit_line *c, struct str path);

/* A commit as an item of a list of class "log". */
void view_log_line(struct buf *out, const struct page_repo *top, const struct commit_line *line);

struct page_blame {
	struct page_repo top;
	const struct file_blame *blame;
};
void view_blame(struct buf *out, const struct page_blame *p);

struct page_new {
	struct page page;
	struct str name, description, branch;
	bool is_public, sha256;
};
void view_new(struct buf *out, const struct page_new *p);

struct access {
	struct str username;
	enum permission level;
	int64_t expires; /* seconds since 1970; 0: never */
};

struct page_settings {
	struct page_repo top;
	const struct access *access; /* everybody who has been given something */
	size_t access_count;
	const struct user *people; /* whom one could give something */
	size_t people_count;
	const struct rule *rules;
	size_t rule_count;
};
void view_settings(struct buf *out, const struct page_settings *p);

struct page_audit {
	struct page page;
	struct str who, action, repo, outcome, since, until; /* as they were asked for */
	const struct audit *entries;
	size_t count;
	bool first;
	struct str older; /* where the rest is, safe in an attribute; empty: there is none */
};
void view_audit(struct buf *out, const struct page_audit *p);

struct page_error {
	struct page page;
	int status;
	struct str text;
	struct str request; /* the request's id, to tell the operator */
};
void view_error(struct buf *out, const struct page_error *p);

/* What a repository's offline copy does not have. */
struct page_not_kept {
	struct page page;
	struct str name, why;
};
void view_not_kept(struct buf *out, const struct page_not_kept *p);

#endif

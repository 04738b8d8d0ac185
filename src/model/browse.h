/*
 * What people look at in a repository: revisions, lists, files, commits.
 *
 * Filled by core/browse.h, drawn by view/. All of it lives in the request's arena.
 */
#ifndef MODEL_BROWSE_H
#define MODEL_BROWSE_H

#include "base/oid.h"
#include "model/highlight.h"
#include "model/language.h"

enum revision_kind { REVISION_BRANCH, REVISION_TAG, REVISION_COMMIT };

/* A revision as a person named it, and the commit that it means. */
struct revision {
	enum revision_kind kind;
	struct str text; /* "main", "v1.0", or the full id in hex */
	struct oid commit;
};

struct person {
	struct str name, email;
	int64_t when; /* seconds since 1970 */
	int offset;   /* of their clock, in minutes */
};

/* A commit as one line of a list. */
struct commit_line {
	struct oid id;
	struct str subject;
	struct str author;
	int64_t when; /* of the author */
	size_t parents;
};

struct commit_full {
	struct oid id, tree;
	const struct oid *parents;
	size_t parent_count;
	struct person author, committer;
	struct str subject, body;
};

/* A line of the graph beside a row: from lane to lane, past the commit, from above to it, or from it on. */
enum lane_part { LANE_BY, LANE_IN, LANE_OUT };
enum { LANE_MAX = 8 }; /* all lanes beyond are drawn as this one */

struct lane_line {
	uint16_t from, to;
	uint8_t part; /* enum lane_part */
};

struct lane_row {
	uint16_t lane; /* the commit's */
	const struct lane_line *lines;
	size_t count;
};

/* One page of history. */
struct commit_log {
	const struct commit_line *at;
	size_t count;
	size_t skip;     /* how many came before */
	struct oid head; /* where the walk began: pins the pages while the branch moves on */
	bool more;
	bool cut;                    /* gave up at the budget: there may be more */
	const struct lane_row *rows; /* of each commit; NULL: no graph was asked for */
	struct str next;             /* the cursor of what comes after; empty: there is nothing */
};

enum entry_kind { ENTRY_TREE, ENTRY_FILE, ENTRY_EXECUTABLE, ENTRY_SYMLINK, ENTRY_SUBMODULE };

struct listing_entry {
	enum entry_kind kind;
	struct str name;
	struct oid id;
	const struct commit_line
		*last; /* the commit that last changed it; NULL: not found in time */
};

struct listing {
	struct str path; /* "" for the top, else "a/b" */
	struct listing_entry *at;
	size_t count;
	size_t total; /* more than count when the folder is too long to show */
};

enum file_kind {
	FILE_TEXT,
	FILE_BINARY,
	FILE_IMAGE,
	FILE_AUDIO,
	FILE_VIDEO,
	FILE_PDF,
	FILE_TOO_BIG,
	FILE_SYMLINK,
	FILE_SUBMODULE,
	FILE_LFS /* a text that says where the true bytes lie */
};

/* How a text can be shown other than line by line. */
enum file_form { FORM_LINES, FORM_MARKUP, FORM_NOTEBOOK, FORM_TABLE };

struct file {
	enum file_kind kind;
	struct str path, name;
	struct oid id;
	uint64_t size;
	bool executable;
	enum file_form form;       /* FILE_TEXT */
	enum language_id language; /* FILE_TEXT; LANGUAGES: not known */
	struct str bytes;          /* FILE_TEXT, and the target of a FILE_SYMLINK */
	struct spans spans;        /* of bytes: browse_highlight */
	struct str html;           /* rendered, where it is FORM_MARKUP and that was asked for */
	struct str lfs_oid;        /* FILE_LFS: "sha256:…" … */
	uint64_t lfs_size;         /* … and its bytes */
};

/* Lines [line, line + count) of a file, from 1, and the commit that wrote them. */
struct blame_part {
	uint32_t line, count;
	uint32_t source_line; /* the first one's number in that commit, from 1 */
	struct str path;      /* of the file in that commit */
	const struct commit_line *commit;
	bool unsure; /* the budget ended here: it may be older */
};

struct file_blame {
	struct file file;
	const struct blame_part *at; /* in the order of the file; none unless it is FILE_TEXT */
	size_t count;
	bool cut; /* gave up at the budget: some parts are unsure */
};

/* A branch or a tag. */
struct ref_line {
	struct str name; /* without "refs/heads/" */
	struct oid id;   /* what it points at in the end */
	bool is_default;
	struct commit_line commit; /* id.algo 0: it points at no commit */
	bool related;              /* it is known how it lies to the default branch: */
	size_t ahead, behind;      /* commits that only it, and only that branch has */
};

struct ref_list {
	const struct ref_line *at;
	size_t count; /* of this page */
	size_t skip;
	size_t total;
};

/* An annotated tag as a release. */
struct release {
	struct str name;      /* of the tag, without "refs/tags/" */
	struct oid commit;    /* algo 0: it is of something else */
	struct str title;     /* the message's first line */
	struct str text;      /* the rest, without a signature … */
	struct str html;      /* … and rendered; empty where it could not be */
	struct person tagger; /* name empty: the tag names nobody */
	bool is_signed;       /* it has a signature, which nobody has verified */
};

struct release_list {
	const struct release *at;
	size_t count; /* of this page */
	size_t skip;
	size_t total;
};

#endif

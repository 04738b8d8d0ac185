/* The difference between two trees as people read it, and as `git apply` does. */
#ifndef MODEL_DIFF_H
#define MODEL_DIFF_H

#include "model/browse.h"

/* Bytes [at, at + len) of a line, that are what changed in it. */
struct diff_mark {
	uint32_t at, len;
};

struct diff_line {
	char kind;                   /* ' ', '-', '+' */
	bool no_newline;             /* the file ends here without one */
	uint32_t old_line, new_line; /* from 1; 0 on the side where it is not */
	struct str text;             /* without its newline */
	const struct diff_mark *marks;
	size_t mark_count; /* 0: all of it changed, or nothing is known of its words */
};

struct diff_hunk {
	uint32_t old_at, old_count, new_at, new_count; /* as in @@ -old_at,old_count +… @@ */
	struct str heading; /* the nearest line before that looks like a function's head */
	const struct diff_line *lines;
	size_t line_count;
};

enum diff_change { DIFF_ADDED, DIFF_DELETED, DIFF_MODIFIED, DIFF_RENAMED };

/* Why a file's hunks are not there. DIFF_UNREAD: it was not looked at, because of those before it. */
enum diff_without { DIFF_TEXT, DIFF_BINARY, DIFF_TOO_BIG, DIFF_SUBMODULE, DIFF_UNREAD };

/* Which white space counts: all; not that at the ends of lines; none. As `git diff` has it. */
enum diff_white { DIFF_WHITE_ALL, DIFF_WHITE_WITHIN, DIFF_WHITE_NONE };

/* How somebody wants a difference to be made. All zero: as git makes it. */
struct diff_wish {
	enum diff_white white;
	uint32_t context; /* lines shown around what changed; 0: DIFF_CONTEXT */
	struct str only;  /* this file alone, by either of its names; empty: all */
	uint32_t parent;  /* which of a merge's parents it is compared with, from 1; 0: the first */
};

enum { DIFF_CONTEXT = 3, DIFF_CONTEXT_MAX = 100000 };

struct diff_file {
	enum diff_change change;
	enum diff_without without;
	struct str old_path, new_path; /* the same but for DIFF_RENAMED */
	uint32_t old_mode, new_mode;   /* 0: not there */
	struct oid old_id, new_id;
	int similarity; /* DIFF_RENAMED: 50..100 percent */
	bool is_lfs;    /* a side is a pointer of Git LFS: the file itself is kept elsewhere */
	bool is_image;  /* by its name: one that a browser shows */
	uint32_t added, removed;
	const struct diff_hunk *hunks;
	size_t hunk_count;
};

struct diff {
	const struct diff_file *files;
	size_t count;
	size_t total; /* more than count when there are too many to list */
	uint64_t added, removed;
	bool cut; /* gave up at the budget: the rest is DIFF_UNREAD, and not in the two counts */
};

/* What `head` has that `base` has not, since they went apart. */
struct comparison {
	struct revision base, head;
	struct oid fork;       /* the merge base; algo 0: they have no history in common */
	size_t ahead, behind;  /* commits that only head, and only base leads to */
	struct commit_log log; /* those that only head leads to */
	struct diff diff;      /* from the fork to head */
	bool direct;           /* "A..B": from base to head instead, wherever they went apart */
	bool cut; /* gave up at the budget: fork, ahead, behind and log are not known */
};

/* A difference with what its view needs besides: what a browser is sent to draw it by itself. */
struct diff_page {
	struct str repo;
	struct oid base,
		head; /* the commits that the old and the new lines are of; base may be none: algo 0 */
	bool has_text;         /* /commit/HEAD.diff is this difference */
	struct diff_wish wish; /* how it was made */
	struct diff diff;
};

/* Do all marks lie in their lines, in order? Of what came as bytes nobody knows. */
bool diff_is_sound(const struct diff *diff);

#endif

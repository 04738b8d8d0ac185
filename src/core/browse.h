/*
 * Looking into a repository: what the pages show. Verbs that fill the models of model/browse.h.
 *
 * A `struct browse` is one request's look into one repository as of one version: caller's memory,
 * opened once (which is where permission is asked), closed at the end of the block. Everything that
 * comes out lives in c->arena. Nothing here takes longer than its budget: what was not found in time
 * is left out, and said so.
 */
#ifndef CORE_BROWSE_H
#define CORE_BROWSE_H

#include "core/core.h"
#include "core/push_spool.h"
#include "core/snapshot.h"
#include "git/odb.h"
#include "model/browse.h"
#include "model/diff.h"

struct browse {
	struct repo repo;
	enum permission level; /* the most that they may do */
	struct core *core;
	struct snapshot *snapshot;
	struct odb_reader reader;
	struct push_spools scratch; /* of the reader */
	bool partial; /* something was not found in time: there may be more of it later */
};

/* permit_begin for READ, and the snapshot. */
enum err browse_open(struct ctx *c, struct core *core, const struct actor *who, struct str name,
	struct browse *out) MUST;
void browse_close(struct browse *b);
/* Would the same have more in it later: was something not found in time, or did it lie too far away? */
bool browse_is_partial(const struct ctx *c, const struct browse *b);
#define BROWSE __attribute__((cleanup(browse_close))) struct browse

/*
 * What a URL names: "feature/x/src/a.c" is the branch "feature/x" (the longest that fits) and the path
 * "src/a.c". A revision is a branch, a tag, HEAD, a full ref name, or an id of 4 digits or more; or
 * one of the names with a time: "main@{2026-11-20T10:00:00Z}", "main@{1795448072}" is what main was then.
 * ERR_NOT_FOUND; ERR_CONFLICT when a short id fits several.
 */
enum err browse_resolve(struct ctx *c, struct browse *b, struct str text, struct revision *rev,
	struct str *path) MUST;
/* What HEAD points at; ERR_NOT_FOUND while nothing is pushed there. */
enum err browse_head(struct ctx *c, struct browse *b, struct revision *rev) MUST;

/* What is at `path` of a revision. ERR_NOT_FOUND. */
enum err browse_kind(struct ctx *c, struct browse *b, const struct revision *rev, struct str path,
	enum entry_kind *out) MUST;

/* How many paths there are in an answer, and whether there are more than these. */
struct paths_part {
	size_t count;
	bool cut;
	bool too_far; /* … which lie too far away for one answer: later there may be more */
};
/* The paths of all files of a commit, each ended by a NUL; of very many the first BROWSE_PATHS_MAX, or fewer where
 * they are long. */
enum { BROWSE_PATHS_MAX = 100000 };
enum err browse_paths(struct ctx *c, struct browse *b, const struct oid *commit, struct buf *out,
	struct paths_part *part) MUST;

/* A folder, sub-folders first. ERR_NOT_FOUND, also when it is no folder. */
enum err browse_listing(struct ctx *c, struct browse *b, const struct revision *rev,
	struct str path, struct listing *out) MUST;
/* Fills `last` of its entries, and *folder with the commit that last changed the folder itself. */
enum err browse_last_changes(struct ctx *c, struct browse *b, const struct revision *rev,
	struct listing *list, const struct commit_line **folder) MUST;
/* The commit that last changed what is at a path; *out NULL: it was not found in time. */
enum err browse_last_change(struct ctx *c, struct browse *b, const struct oid *commit,
	struct str path, const struct commit_line **out) MUST;
/* The languages of a revision's files; none where that takes longer than a page has: a later look goes on. */
enum err browse_languages(struct ctx *c, struct browse *b, const struct revision *rev,
	struct language_shares *out) MUST;
/* The README of a folder, or NULL. Its html is rendered where it is Markdown. */
enum err browse_readme(struct ctx *c, struct browse *b, const struct revision *rev,
	const struct listing *list, struct file **out) MUST;

/* A file; its bytes up to core_limits.page_blob_max. ERR_NOT_FOUND, also for a folder. */
enum err browse_file(struct ctx *c, struct browse *b, const struct revision *rev, struct str path,
	struct file *out) MUST;
/* Finds the parts of a file's text that have a colour, where its language is one that has a grammar. */
enum err browse_highlight(struct ctx *c, struct browse *b, struct file *file) MUST;
/* Renders a file of FORM_MARKUP into file->html. */
enum err browse_render(
	struct ctx *c, struct browse *b, const struct revision *rev, struct file *file) MUST;
/* A blob of any size, to a sink. */
enum err browse_stream(struct ctx *c, struct browse *b, const struct oid *id, struct sink *to) MUST;
/* Does a blob of any size look like text? By its first bytes. */
enum err browse_is_text(struct ctx *c, struct browse *b, const struct oid *id, bool *out) MUST;
/* The media type by its name of what a browser shows without running it, and which kind that is; NULL: of no other. */
const char *browse_media_type(struct str name, enum file_kind *kind);
/* By its name: is it Markdown? */
bool browse_is_markup(struct str name);

struct log_query {
	struct oid from;
	struct str path; /* only commits that touch it; "": all */
	size_t skip, limit;
	struct str after;  /* commit_log.next of the page before, in place of `from` and `skip` */
	struct str author; /* whose name or address has this in it, whatever the case; "": all */
	struct str text;   /* whose message has */
	int64_t since;     /* committed then or after; 0: all */
	int64_t until;     /* … before that; 0: all */
	bool graph;        /* rows too, where nothing is left out */
};
/* ERR_INVALID for a cursor that is none. */
enum err browse_log(struct ctx *c, struct browse *b, const struct log_query *query,
	struct commit_log *out) MUST;

enum err browse_commit(
	struct ctx *c, struct browse *b, const struct oid *id, struct commit_full *out) MUST;

struct diff_limits {
	size_t files, lines; /* shown in all; more files are counted, longer ones left out */
	uint64_t file_bytes; /* the longer side of one file */
	uint64_t all_bytes;  /* of all that are compared */
	bool words;          /* also within lines */
	size_t listed;  /* files that are named, if more than `files`: the rest is DIFF_UNREAD */
	int64_t micros; /* spent; then, and past what may come from afar, it is cut. 0: never */
	struct diff_wish wish;
};
#define DIFF_LIMITS_PAGE \
	((struct diff_limits){100, 6000, 1 << 20, 8 << 20, true, 1000, 2 * 1000 * 1000, {0}})
/* Of one file that was asked for by its name. */
#define DIFF_LIMITS_FILE \
	((struct diff_limits){1, 20000, 4 << 20, 8 << 20, true, 20000, 4 * 1000 * 1000, {0}})
#define DIFF_LIMITS_TEXT ((struct diff_limits){3000, 200000, 4 << 20, 16 << 20, false, 0, 0, {0}})

/* What changed from one commit to another; `from` may be NULL: everything is new. */
enum err browse_diff_between(struct ctx *c, struct browse *b, const struct oid *from,
	const struct oid *to, const struct diff_limits *limits, struct diff *out) MUST;
/* What a commit changed, against its first parent or limits->wish.parent. ERR_NOT_FOUND where it has no such parent. */
enum err browse_diff(struct ctx *c, struct browse *b, const struct commit_full *commit,
	const struct diff_limits *limits, struct diff *out) MUST;

/* Who wrote each line of a file. Its file.bytes are what the lines are of. ERR_NOT_FOUND. */
enum err browse_blame(struct ctx *c, struct browse *b, const struct revision *rev, struct str path,
	struct file_blame *out) MUST;

/*
 * "A...B": what B has since it went apart from A; "B" alone: since it did from HEAD. A missing side
 * of "..." is HEAD. "A..B" has the same commits, and how the two differ. ERR_NOT_FOUND for what is no
 * revision.
 */
enum err browse_compare(struct ctx *c, struct browse *b, struct str text,
	const struct diff_limits *limits, struct comparison *out) MUST;

/* The files of a revision as a tar.gz or a zip file. */
enum archive_kind { ARCHIVE_KIND_TAR_GZ, ARCHIVE_KIND_ZIP };
struct archive_wish {
	enum archive_kind kind;
	struct oid commit;
	struct str folder; /* that they lie in: "name-1.0" */
};
enum err browse_archive(
	struct ctx *c, struct browse *b, const struct archive_wish *wish, struct sink *to) MUST;

/* Refs under `prefix` ("refs/heads/"), newest commit first where they are not too many for that. */
enum err browse_refs(
	struct ctx *c, struct browse *b, struct str prefix, size_t skip, struct ref_list *out) MUST;
/* The same of those whose names have `like` in them, whatever the case. */
enum err browse_refs_like(struct ctx *c, struct browse *b, struct str prefix, struct str like,
	size_t skip, struct ref_list *out) MUST;
/* How branches lie to the default one, as far as that is found in time. */
enum err browse_ahead(struct ctx *c, struct browse *b, struct ref_list *list) MUST;

/* Up to `limit` releases, the newest first where they are not too many for that. */
enum { RELEASES_PAGE = 10 };
enum err browse_releases(
	struct ctx *c, struct browse *b, size_t skip, size_t limit, struct release_list *out) MUST;
/* One, by the name of its tag. ERR_NOT_FOUND, also for a tag that is not annotated. */
enum err browse_release(struct ctx *c, struct browse *b, struct str name, struct release *out) MUST;

/* The names of up to `limit` branches, the default one first: no commit is read. */
void browse_branches(struct ctx *c, struct browse *b, size_t limit, struct ref_list *out);

#endif

/*
 * The commits that changed what lies at a path, newest first: `git log -- PATH`, history simplified
 * as git does it. Of the path "": all commits.
 */
#ifndef GIT_PATH_LOG_H
#define GIT_PATH_LOG_H

#include "git/path_watch.h"
#include "git/walk.h"

struct path_log_query {
	struct oid from; /* a commit */
	struct str path;
	size_t steps;            /* commits looked at */
	int64_t micros;          /* spent */
	const struct oid *froms; /* in place of `from`, if there are any */
	size_t from_count;
};

/* Caller's memory; path_log_done frees what it holds. */
struct path_log {
	const struct path_log_query *query;
	struct graph graph;
	struct path_watch watch;
	struct commit_queue queue;
	size_t steps, turns; /* commits looked at or leapt over; looked at */
	int64_t until;
	bool cut; /* the budget was spent: there may be more */
};

/* `query` must live as long. To be followed by path_log_done, also where it fails. */
enum err path_log_open(struct ctx *c, struct path_log *log, struct odb_reader *reader,
	const struct path_log_query *query) MUST;
void path_log_done(struct path_log *log);
#define PATH_LOG __attribute__((cleanup(path_log_done))) struct path_log

/* Where a walk may go on that ends here: the commits that are queued, first come first. In `a`. */
void path_log_rest(struct arena *a, const struct path_log *log, struct numbers *out);

/* *more false: there is none, or none was found within the budget. Leaves nothing in c->arena. */
enum err path_log_next(struct ctx *c, struct path_log *log, struct oid *out, bool *more) MUST;

#endif

/*
 * The time machine: what became of the refs of a repository, and a ref set back to what it was.
 *
 * It lives off the log of refs, which keeps every change, and off compaction, which keeps for
 * NIMBUS_RETENTION what any ref led to. What comes out lives in c->arena.
 */
#ifndef CORE_HISTORY_H
#define CORE_HISTORY_H

#include "core/core.h"
#include "meta/ref.h"

/* A change that the next ones are older than; zeroed: the newest there is. */
struct history_place {
	int64_t version;
	struct str ref;
};

struct history_query {
	struct str ref; /* "refs/heads/x", or "x" for that branch; empty: of all refs */
	bool gone;      /* of all refs: those that were removed and are not there again */
	struct history_place after;
	size_t limit; /* 1..HISTORY_PAGE_MAX; 0: HISTORY_PAGE_MAX */
};

struct history {
	struct ref_log *at;
	size_t count;
	bool more; /* ask again after the last one */
};

enum { HISTORY_PAGE_MAX = 100 };

/* The full name of "x", or of what is one already. ERR_INVALID. */
enum err history_ref(struct ctx *c, struct str text, struct str *out) MUST;

/* The changes, newest first. Needs READ. A ref that never was has none; ERR_INVALID for what cannot
 * be one. */
enum err history_list(struct ctx *c, struct core *core, const struct actor *who, struct str repo,
	const struct history_query *query, struct history *out) MUST;

/* What a ref is to be set back to: exactly one of these. */
enum restore_to {
	RESTORE_UNDO = 1, /* what it was before the change that led to `version` */
	RESTORE_VERSION,  /* what it was after it */
	RESTORE_TIME,     /* what it was at `time` (seconds since 1970), which is past */
	RESTORE_ID,       /* the object whose id starts with `id` */
};

struct ref_restore {
	struct str repo;
	struct str ref; /* as in struct history_query */
	enum restore_to to;
	int64_t version, time;
	struct str id;
	struct str expected; /* the id, in full, that it must have now (all zero: it is not there);
				empty: what it has when this begins */
};

struct ref_restored {
	struct ref_change change; /* all zero in change.old: it was not there */
	bool changed;             /* it was something else */
	bool forced;
	int64_t version; /* of the repository, after it */
};

/*
 * Sets a ref back, as a push by `who` would: compared and swapped, logged, told as events. Needs ADMIN.
 * It never deletes: ERR_NOT_FOUND when there was no such ref then; and when its objects are not
 * complete any more, because they were past NIMBUS_RETENTION. ERR_CONFLICT when the ref is not
 * what is expected, or something else is in its way.
 */
enum err ref_restore(struct ctx *c, struct core *core, const struct actor *who,
	const struct ref_restore *what, struct ref_restored *out) MUST;

#endif

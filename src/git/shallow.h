/*
 * Shallow histories: where a client's history ends now, and where it shall end.
 */
#ifndef GIT_SHALLOW_H
#define GIT_SHALLOW_H

#include "git/walk.h"

enum { SHALLOW_INFINITE = 0x7fffffff };

struct shallow_request {
	const struct oid *client; /* commits whose parents the client lacks */
	size_t client_count;
	const struct oid *wants;
	size_t want_count;
	uint32_t depth;         /* commits from each want; 0: not asked; SHALLOW_INFINITE: all */
	bool relative;          /* depth counts from where the client's history ends now */
	int64_t since;          /* seconds since 1970: only commits from then on; 0: not asked */
	const struct oid *nots; /* only commits that these do not lead to */
	size_t not_count;
};

/* Numbers of the graph, in its arena. */
struct shallow_reply {
	struct numbers shallow;   /* commits that are the end now */
	struct numbers unshallow; /* the client's, that are no end any more: known, and */
	struct numbers wants;     /* their parents, to be wanted too */
};

/*
 * Marks (MARK_GRAFT) where walks for this client must end. ERR_INVALID when the request
 * contradicts itself, ERR_NOT_FOUND when it leaves no commit.
 */
enum err shallow_apply(struct ctx *c, struct graph *g, const struct shallow_request *request,
	struct shallow_reply *out) MUST;

#endif

/*
 * The context of one request (or of one background job): the first argument of everything fallible.
 *
 * One thread uses it at a time. It owns nothing: whoever made it owns the arena.
 */
#ifndef BASE_CTX_H
#define BASE_CTX_H

#include "base/arena.h"
#include "base/err.h"

#include <stdint.h>

/* What the world tells a request. The host gives one; tests give their own. */
struct world {
	int64_t (*clock)(void);                    /* microseconds since 1970-01-01 UTC */
	int64_t (*monotonic)(void);                /* microseconds, never going back */
	void (*random)(void *bytes, size_t count); /* cryptographically strong */
	/*
	 * Calls work(arg, 0) in this thread and, where processors are to spare, work(arg, 1) to at
	 * most work(arg, most - 1) in others at the same time; returns when all have returned. What
	 * they need of a context, each has of its own. NULL: there is one thread.
	 */
	void (*parallel)(unsigned most, void (*work)(void *arg, unsigned number), void *arg);
};

/* What was refused, as far as the error's text does not tell it: for the audit log. Text in the
 * arena. */
struct refused {
	const char *action;   /* NULL: nothing in particular */
	const char *subject;  /* or "" */
	const char *decision; /* of a policy that keeps a log of its own; or "" */
	const char *told;     /* to whoever asked, where the error's text is for the log; or NULL */
};

enum { CTX_DECISION_MAX = 64, CTX_RECORDED_MAX = 4 };

/* What a request brings from where bytes lie far away (base/extent.h). */
struct afar {
	uint64_t bytes;     /* so far */
	uint64_t bytes_max; /* how many had better be all, where that is a choice; 0: no matter */
	/* Bytes that had better come at once, round those that are wanted: of who will want more of
	 * them. */
	size_t around;
};

/* What events were written about, by their repositories' ids (0: the instance): for whoever tells of them once they are
 * committed. More than that are found all the same, a little later. */
struct recorded {
	int64_t repos[CTX_RECORDED_MAX];
	unsigned count;
};

struct idempotent;

struct ctx {
	struct arena *arena;
	struct error error;
	struct refused refused;
	int64_t retry_after; /* seconds after which whoever was refused may ask again; 0: not known */
	/* By which a policy's own log knows what it allowed last: for the audit log. */
	char decision[CTX_DECISION_MAX + 1];
	struct recorded recorded;
	const struct idempotent
		*once; /* core/idempotent.h: this request is done once; NULL: it is as any other */
	const struct world *world;
	int64_t deadline;  /* world->monotonic() by which to give up; 0: none */
	size_t memory_max; /* bytes that one arena of the request may take; 0: the arena's cap */
	struct afar afar;
	bool (*canceled)(void *); /* has the other side gone? may be NULL */
	void *canceled_arg;
	enum err (*working)(struct ctx *c, void *); /* told that work goes on; may be NULL */
	void *working_arg;
	char id[33]; /* request id (= trace id), NUL-terminated hex */
};

void ctx_init(struct ctx *c, struct arena *arena, const struct world *world);

/* ERR_TIMEOUT past the deadline, ERR_CANCELED when the other side has gone, ERR_TOO_BIG when the
 * arena is over memory_max, or what `working` says. Cheap enough for loops; whatever may take a
 * second calls it. */
enum err ctx_check(struct ctx *c) MUST;
/* The same, and whether an arena that the request has beside its own is over memory_max. */
enum err ctx_check_with(struct ctx *c, const struct arena *beside) MUST;

/* Forgets the error: for code that asks "is it there?" and takes no for an answer. */
void ctx_clear(struct ctx *c);

#endif

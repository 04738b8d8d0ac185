/*
 * Listening: what happened in a repository, read from its events, for who may read it; and that something
 * happened, told to every process at once.
 *
 * The events themselves are in the database, so nothing is lost by not hearing of them: who listens asks for what
 * is behind a cursor, whenever woken. What is told by core->kv only wakes them sooner than watch_recent does.
 */
#ifndef CORE_WATCH_H
#define CORE_WATCH_H

#include "core/core.h"
#include "meta/event.h"

enum {
	WATCH_PAGE = 50,           /* events that are read at once … */
	WATCH_DATA_MAX = 32 << 10, /* … without data that is longer than this */
};

/* Somebody's place in the events of a repository. */
struct watch {
	struct str name;
	int64_t repo_id; /* 0: it is only begun, and this will be set */
	int64_t cursor; /* the last event that they have; below 0: begin behind the last there is */
};

struct watched {
	struct event *at; /* those that they may be told of; in c->arena */
	size_t count;
	int64_t from; /* the cursor as it was before; of a new one, where it began */
	bool more;    /* ask again, from the cursor as it is now */
	enum permission level;
	int64_t version; /* of the repository */
};

/*
 * What happened behind w->cursor, which moves. That they may read it is asked in the same transaction, and that
 * their session (by id; empty: none) stands. ERR_NOT_FOUND as for a name that is not there, also when
 * another repository has it now. ERR_UNAUTH: of who is anonymous, that instead; of others, who they are has ended.
 * ERR_INVALID: the cursor is ahead of what has happened.
 */
enum err watch_read(struct ctx *c, struct core *core, const struct actor *who, struct str session,
	struct watch *w, struct watched *out) MUST;

/* Are they still who they were, whatever they listen to? ERR_UNAUTH. */
enum err watch_stands(struct ctx *c, struct core *core, const struct actor *who, struct str session)
	MUST;

/* After the commit: tells every process of what the context wrote events about. That it cannot be told is no error. */
void watch_tell(struct ctx *c, struct core *core);

/* To be told so: `hear` as in port/kv.h, its message a repository's id in decimal; 0: the instance. */
enum err watch_listen(
	struct ctx *c, struct core *core, kv_hear *hear, void *arg, struct kv_sub **out) MUST;

/* Where something happened since the last call that had the same *since (0 at first), give or take: something may be told
 * twice, so compare sequences. */
enum err watch_recent(struct ctx *c, struct core *core, int64_t *since,
	struct meta_event_head **out, size_t *count) MUST;

#endif

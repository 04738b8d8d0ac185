/*
 * Who listens to what: the connections behind GET /api/v1/live (docs/live.md), all of this process's.
 *
 * A listener is a connection of net/live.h with its topics. The hub knows which of them listen to which
 * repository, and wakes them when something happened there: told by the kv (core/watch.h), or found in the
 * database by live_hub_poll. In its turn a listener reads for itself what is behind its cursors, and whether it
 * still may. So what is in memory for each is bounded, and what it has not read lies in the database.
 */
#ifndef WEB_LIVE_H
#define WEB_LIVE_H

#include "base/host.h"
#include "core/watch.h"
#include "net/live.h"
#include "web/lane.h"

enum {
	LIVE_TOPICS_MAX = 50, /* of one connection */
	LIVE_BATCH_MAX =
		64
		<< 10, /* bytes after which a turn is over, when a reader has much to catch up with */
	LIVE_CARE_US =
		30 *
		1000000, /* how often it is asked whether a listener still may, when nothing happens */
	LIVE_BUCKETS = 1024,
};

struct live_limits {
	int connections; /* of all */
	int per_client;  /* of one account; of nobody from one address */
	int64_t poll_us; /* how often the database is asked whether something happened */
};

struct live_hub;
struct live_hub *live_hub_open(struct core *core, const struct live_limits *limits);
/* After the last request. */
void live_hub_close(struct live_hub *hub);
/* Looks for what was not heard, when it is due: now and then, in one thread. */
void live_hub_poll(struct ctx *c, struct live_hub *hub);

struct listener;

/* One topic of a listener, which owns it. */
struct listening {
	struct listening *next; /* of the listener's */
	struct listener *of;
	struct watch watch; /* its name is the last member */
	bool told;          /* they know that they listen to it */
	/* Under the hub's lock: */
	struct listening *next_in,
		**at; /* who listens to such a repository; at NULL: not there yet */
	bool dirty;   /* something may have happened */
	int64_t seen; /* the cursor, as far as it was read */
	char name[];
};

/* Its turns own it, but for the last members. Its text lies behind it. */
struct listener {
	const struct web *web;
	struct live *live;
	enum live_kind kind;
	struct actor who; /* without its scope, … */
	struct str scope; /* … which is this text */
	struct str session;
	struct lane_pass pass;
	uint64_t client; /* hash of whose it is counted as; 0: nobody's in particular */
	size_t size;     /* of this memory */
	int64_t care_at; /* when it is asked again whether they still may */
	struct listening *first;
	int topics;
	/* Under the hub's lock: */
	struct listener *next, **at;
	bool care_now; /* something happened that may have taken it from them */
};

/* Text that a listener keeps; ERR_RATE_LIMITED where there are too many. The caller closes it, unless a
 * connection was begun by listener_stay. */
struct listener_of {
	const struct web *web;
	const struct actor *who;
	struct str session, client;
	struct lane_pass pass;
	enum live_kind kind;
};
enum err listener_open(struct ctx *c, const struct listener_of *of, struct listener **out) MUST;
void listener_close(struct listener *l);
/* It is the connection's from now on, and has its first turn soon. */
enum err listener_stay(struct http_exchange *x, struct listener *l) MUST;

/* Adds a topic, dirty; ERR_INVALID when there are too many. One of that name goes. */
enum err listener_add(struct ctx *c, struct listener *l, struct str name, int64_t cursor) MUST;
/* False: there is none of that name. */
bool listener_remove(struct listener *l, struct str name);
/* Reads what happened. */
enum err listener_read(
	struct ctx *c, struct listener *l, struct listening *topic, struct watched *out) MUST;
/* The actor, with its scope. */
enum err listener_actor(struct ctx *c, const struct listener *l, struct actor *out) MUST;

/* Takes the mark that something may have happened; and sets it on all topics. */
bool listening_take(struct listening *topic);
bool listening_is_dirty(struct listening *topic);
void listening_mark(struct listening *topic);
/* Takes the mark that it is to be asked at once whether they still may. */
bool listener_take_care(struct listener *l);
void listener_mark_all(struct listener *l);

/* A net/live.h turn: web/live_turn.c. */
extern const struct live_ops listener_ops;

/* "repo:hello": the name behind it; false for anything else. */
bool live_topic(struct str topic, struct str *name);

#endif

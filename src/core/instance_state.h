/* What the owner looks at to know how an instance fares: the owner's alone, all of it. */
#ifndef CORE_INSTANCE_STATE_H
#define CORE_INSTANCE_STATE_H

#include "core/compact.h"
#include "model/instance.h"

enum { INSTANCE_PAGE_MAX = 100 };

struct instance_state {
	struct instance_counts counts;
	struct instance_port ports[INSTANCE_PORTS]; /* database, blob store, kv */
	bool second_factor_required;                /* who has none is led to one */
	bool cached;                                /* what lies in the bucket is kept here, too: */
	struct blob_kept kept;
};

/* Asks each port something small, for two seconds at most. */
enum err instance_state(
	struct ctx *c, struct core *core, const struct actor *who, struct instance_state *out) MUST;

struct instance_storage_list {
	struct instance_storage *at; /* by name; in c->arena */
	size_t count;
	bool more; /* ask again with `next` */
	struct str next;
};

/* What each repository takes. `after`: as `next` was; empty: the first. limit: 1..INSTANCE_PAGE_MAX. */
enum err instance_storage(struct ctx *c, struct core *core, const struct actor *who,
	struct str after, size_t limit, struct instance_storage_list *out) MUST;

/*
 * All packs of a repository made anew, now, within the deadline: run->core and ->full are set here. It
 * is written down who wanted it. ERR_NOT_FOUND, and what compact_repo gives.
 */
enum err instance_compact(struct ctx *c, struct core *core, const struct actor *who,
	struct str name, struct compact_run *run) MUST;

struct instance_events_query {
	struct str
		repo; /* a repository's name, or its id where it has none; "instance"; empty: all */
	struct str type;  /* empty: all */
	struct str after; /* a cursor: what is older than it; empty: the newest */
	size_t limit;     /* 1..INSTANCE_PAGE_MAX; 0: INSTANCE_PAGE_MAX */
};

struct instance_events {
	struct instance_event *at; /* newest first; in c->arena */
	size_t count;
	bool more; /* ask again after the last one */
};

/* ERR_INVALID for a cursor that is none, and for a repository and a type that there are not. */
enum err instance_events(struct ctx *c, struct core *core, const struct actor *who,
	const struct instance_events_query *query, struct instance_events *out) MUST;

/* "1795448072000000.3.17" */
struct str instance_event_cursor(struct ctx *c, const struct instance_event *event);

struct instance_webhooks {
	struct instance_webhook *at; /* those that fail first, then those that work; in c->arena */
	size_t count;
	bool more; /* ask again after the last one */
};

/* Those of all repositories but the deleted. `after`: a cursor; empty: the first. limit: 1..INSTANCE_PAGE_MAX.
 * ERR_INVALID for a cursor that is none. */
enum err instance_webhooks(struct ctx *c, struct core *core, const struct actor *who,
	struct str after, size_t limit, struct instance_webhooks *out) MUST;

/* "1.17" */
struct str instance_webhook_cursor(struct ctx *c, const struct instance_webhook *hook);

#endif

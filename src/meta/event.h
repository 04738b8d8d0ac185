/* The outbox. */
#ifndef META_EVENT_H
#define META_EVENT_H

#include "model/event.h"
#include "model/instance.h"
#include "port/db.h"

/* Stores it with the next sequence of its repository and the time of now. */
enum err meta_event_add(struct ctx *c, struct db_tx *tx, const struct event *event) MUST;

/* Events of a repository (0: of the instance) after `sequence`, in order, at most `*count`. */
enum err meta_event_since(struct ctx *c, struct db_tx *tx, int64_t repo_id, int64_t sequence,
	struct event **out, size_t *count) MUST;

/* A part of what happened in a repository, in order. */
struct meta_event_page {
	int64_t repo_id, after; /* events behind this sequence … */
	size_t limit;           /* … and at most so many */
	size_t data_max;        /* longer data is left out: empty */
};
struct meta_events {
	struct event *at; /* those whose type this build knows */
	size_t count;
	int64_t last; /* the sequence of the last that there was; as `after` when there was none */
	bool more;    /* there may be others */
};
enum err meta_event_page(struct ctx *c, struct db_tx *tx, const struct meta_event_page *page,
	struct meta_events *out) MUST;

/* The sequence of a repository's last event; 0 when there is none. */
enum err meta_event_last(struct ctx *c, struct db_tx *tx, int64_t repo_id, int64_t *sequence) MUST;

/* In which repositories (0: the instance) something happened since a time (microseconds), and the last of it. */
struct meta_event_head {
	int64_t repo_id, sequence;
};
enum err meta_event_recent(struct ctx *c, struct db_tx *tx, int64_t since,
	struct meta_event_head **out, size_t *count) MUST;

/* Events, the newest first: of a repository (0: the instance, -1: all) and of a type (empty: all). */
struct meta_event_query {
	int64_t repo_id;
	struct str type;
	/* Those before the event of this time (microseconds), repository and sequence. */
	int64_t time, before_repo, before;
	size_t limit, data_max; /* longer data is left out: empty */
};
enum err meta_event_list(struct ctx *c, struct db_tx *tx, const struct meta_event_query *query,
	struct instance_event **out, size_t *count) MUST;

#endif
